/** Which part of `vic-machine configure` or `upgrade` a message belongs to (vmware/vic lib/install/management/configure.go). */
const UPDATE_PHASES = ['prepare', 'validate', 'upload', 'reconfigure', 'boot', 'done'] as const;

export type UpdatePhase = (typeof UPDATE_PHASES)[number] | 'roll back';

export const UPDATE_TITLES: Readonly<Record<UpdatePhase, string>> = {
  prepare: 'Find the VCH',
  validate: 'Validate against vSphere',
  upload: 'Upload images',
  reconfigure: 'Change the settings of the endpoint VM',
  boot: 'Boot the endpoint VM',
  done: 'Finish',
  'roll back': 'Roll back',
};

const BEGINS: readonly (readonly [RegExp, UpdatePhase])[] = [
  [/^### (?:Configuring|Upgrading|Rolling back) VCH/, 'prepare'],
  [/^Validating supplied configuration/, 'validate'],
  [/^Uploading /, 'upload'],
  [/^(?:Switching appliance iso|Setting VM configuration)/, 'reconfigure'],
  [/^(?:Rolling back|Attempting rollback|Reverting to snapshot)/, 'roll back'],
  [/^Waiting for (?:IP information|major appliance components)/, 'boot'],
  [/^(?:Completed successfully|Reset UpdateInProgress flag successfully)$/, 'done'],
];

/** The phase after `message`. A run goes forward only, except that it may begin to roll back at any time and then stays at that until it is done. */
export function nextUpdatePhase(current: UpdatePhase | undefined, message: string): UpdatePhase | undefined {
  const begun = BEGINS.find(([pattern]) => pattern.test(message))?.[1];
  if (begun === undefined) return current;
  if (begun === 'roll back' || begun === 'done' || current === undefined) return begun;
  if (current === 'roll back') return current;
  return UPDATE_PHASES.indexOf(begun) > UPDATE_PHASES.indexOf(current) ? begun : current;
}

/**
 * In which state configure or upgrade left the VCH when it did not succeed:
 * `unchanged`: it stopped before anything was touched · `rolled-back`: the settings from before are in place ·
 * `stuck`: still marked as being updated, not rolled back · `unknown`: it was touched, and nothing says how it ended.
 */
export type UpdateState = 'unchanged' | 'rolled-back' | 'stuck' | 'unknown';

export function updateStateOf(messages: readonly string[]): UpdateState {
  const said = (pattern: RegExp): boolean => messages.some((message) => pattern.test(message));
  if (said(/another upgrade\/configure operation is in progress|^Failed to set UpdateInProgress flag/)) return 'unchanged';
  if (said(/^Failed to revert appliance to snapshot|^Failed to reset UpdateInProgress/)) return 'stuck';
  if (said(/^Appliance is rolled back to previous version/)) return 'rolled-back';
  if (said(/has same or newer version .*No upgrade is available/)) return 'unchanged';
  if (said(/^(?:Switching appliance iso|Setting VM configuration|Waiting for IP|Reverting to snapshot|Failed to upgrade|Attempting rollback)/)) {
    return 'unknown';
  }
  // The names of its images are empty at that point, so a configure that gives up may delete more than images.
  if (said(/^Deleting configure isos/)) return 'unknown';
  // Images are taken away again before anything was changed with them.
  if (said(/^(?:Uploading|Deleting upgrade isos|Uploading images failed)/)) return 'unchanged';
  return said(/failed(?:: |,)|^VCH ID: /) ? 'unchanged' : 'unknown';
}
