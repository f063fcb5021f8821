/**
 * Failures that can be asked for by hand. Each is triggered by something that a user can write: an annotation of a
 * container VM (a pod annotation reaches the VM where the provider copies it) or an image reference.
 */
export interface Sentinel {
  readonly where: 'annotation' | 'image' | 'tag' | 'registry';
  readonly value: string;
  readonly effect: string;
}

const ANNOTATION_BOOT_SECONDS = 'sandbox.vick.dev/boot-seconds';
const ANNOTATION_CONFLICTS = 'sandbox.vick.dev/conflicts';
const ANNOTATION_DROP = 'sandbox.vick.dev/drop-connection';

export const SENTINELS: readonly Sentinel[] = [
  { where: 'annotation', value: `${ANNOTATION_BOOT_SECONDS}=<n>`, effect: 'the container VM takes n seconds to boot' },
  { where: 'annotation', value: `${ANNOTATION_CONFLICTS}=<n>`, effect: 'the next n commits on the existing container VM answer 409 *types.ConcurrentAccess' },
  { where: 'annotation', value: `${ANNOTATION_DROP}=info|list|commit`, effect: 'reading its info, listing containers, or committing it drops the connection' },
  { where: 'tag', value: 'nope, missing', effect: 'the pull ends with: Tag … not found in repository …' },
  { where: 'image', value: 'any repository not in the catalogue', effect: 'the pull ends with: Tag … not found in repository …' },
  { where: 'registry', value: 'private.sandbox.example', effect: 'the pull needs user `sandbox` with password `sandbox`' },
  { where: 'registry', value: '127.0.0.1:9, unreachable.sandbox.example', effect: 'the pull answers 500 with a dial error' },
];

export interface Afflictions {
  readonly bootMs: number | undefined;
  readonly conflicts: number;
  readonly drops: string | undefined;
}

/** What the annotations of a container VM ask for. */
export function afflictions(annotations: Readonly<Record<string, string>>): Afflictions {
  const boot = Number(annotations[ANNOTATION_BOOT_SECONDS]);
  const conflicts = Number(annotations[ANNOTATION_CONFLICTS]);
  return {
    bootMs: annotations[ANNOTATION_BOOT_SECONDS] !== undefined && boot >= 0 ? boot * 1000 : undefined,
    conflicts: conflicts > 0 ? conflicts : 0,
    drops: annotations[ANNOTATION_DROP],
  };
}
