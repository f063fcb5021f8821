/** Thumbprints that were accepted, like ssh's known_hosts: one line per target in the state folder. */
import { dirname, join } from 'node:path';
import type { FileSystem } from '../../platform/fs.ts';

export interface KnownTarget {
  /** `vcenter.example.com:443`. */
  readonly place: string;
  /** SHA-1, upper-case hex pairs with colons. */
  readonly thumbprint: string;
  /** When it was accepted, RFC 3339. */
  readonly since: string;
}

const LINE = /^(\S+) sha1 ((?:[0-9A-F]{2}:){19}[0-9A-F]{2})(?: (\S+))?$/;

export function knownTargetsFile(stateDirectory: string): string {
  return join(stateDirectory, 'known_targets');
}

/** Undefined for a target that was never accepted. Lines that are none are passed over. */
export async function readKnownTarget(file: string, place: string, fs: Pick<FileSystem, 'readTextIfExists'>): Promise<KnownTarget | undefined> {
  return parse((await fs.readTextIfExists(file)) ?? '').find((known) => known.place === place);
}

/** Adds the target, or replaces its thumbprint. */
export async function rememberTarget(
  file: string,
  target: KnownTarget,
  fs: Pick<FileSystem, 'readTextIfExists' | 'writeFile' | 'makeDirectory'>,
): Promise<void> {
  const before = (await fs.readTextIfExists(file)) ?? '# Certificates of vSphere targets that were accepted: host:port sha1 THUMBPRINT since\n';
  const kept = before.split('\n').filter((line) => line !== '' && LINE.exec(line)?.[1] !== target.place);
  await fs.makeDirectory(dirname(file), { mode: 0o700 });
  await fs.writeFile(file, `${[...kept, `${target.place} sha1 ${target.thumbprint} ${target.since}`].join('\n')}\n`, { mode: 0o600 });
}

function parse(text: string): readonly KnownTarget[] {
  return text.split('\n').flatMap((line) => {
    const [, place, thumbprint, since = ''] = LINE.exec(line.trim()) ?? [];
    return place === undefined || thumbprint === undefined ? [] : [{ place, thumbprint, since }];
  });
}
