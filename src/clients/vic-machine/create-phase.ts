/** Which part of `vic-machine create` a message belongs to (vmware/vic cmd/vic-machine/create, lib/install/management). */
export const CREATE_PHASES = ['prepare', 'validate', 'build', 'upload', 'boot', 'done'] as const;

export type CreatePhase = (typeof CREATE_PHASES)[number];

interface PhaseFacts {
  readonly title: string;
  /** Share of a usual run that lies before this phase, 0…1: the upload and the boot take most of it. */
  readonly progress: number;
}

export const PHASE_FACTS: Readonly<Record<CreatePhase, PhaseFacts>> = {
  prepare: { title: 'Prepare certificates', progress: 0 },
  validate: { title: 'Validate against vSphere', progress: 0.05 },
  build: { title: 'Build the VCH', progress: 0.15 },
  upload: { title: 'Upload images', progress: 0.25 },
  boot: { title: 'Boot the endpoint VM', progress: 0.6 },
  done: { title: 'Finish', progress: 1 },
};

const BEGINS: readonly (readonly [RegExp, CreatePhase])[] = [
  [/^### Installing VCH ####/, 'prepare'],
  [/^Validating supplied configuration/, 'validate'],
  [/^Creating (?:Resource Pool|VirtualSwitch|Portgroup|appliance on target|the VCH folder|the VCH VM)/, 'build'],
  [/^Uploading /, 'upload'],
  [/^Waiting for IP information/, 'boot'],
  [/^Waiting for major appliance components/, 'boot'],
  [/^Obtained IP address for client interface/, 'boot'],
  [/^Installer completed successfully/, 'done'],
];

/** The phase after `message`: a run never goes back, and an unknown message changes nothing. */
export function nextPhase(current: CreatePhase | undefined, message: string): CreatePhase | undefined {
  const begun = BEGINS.find(([pattern]) => pattern.test(message))?.[1];
  if (begun === undefined) return current;
  return current === undefined || CREATE_PHASES.indexOf(begun) > CREATE_PHASES.indexOf(current) ? begun : current;
}

/** What a create that ended early leaves on vSphere. */
export type Remains = 'nothing' | 'maybe' | 'vm-off' | 'vm-running';

/**
 * What is left behind by a run that printed `messages` and then failed or was killed. `maybe`: clean-up was tried or the
 * run was cut off between making things, so only a look at vSphere can tell.
 */
export function remainsOf(messages: readonly string[]): Remains {
  const said = (pattern: RegExp): boolean => messages.some((message) => pattern.test(message));
  if (said(/^Waiting for IP information/)) return 'vm-running';
  if (said(/^Uploading /) || said(/^Failed to clean up dangling VCH resource pool/)) return 'vm-off';
  if (said(/^Creating (?:the VCH VM|the VCH folder|appliance on target|Resource Pool|VirtualSwitch|Portgroup)/)) return 'maybe';
  return 'nothing';
}
