/** What keeps a volume from being set up; the pod waits with `ContainerCreating`, and an event tells of each volume. */
export interface VolumeProblem {
  readonly volume: string;
  readonly message: string;
}

const FAILURE = Symbol.for('vick.dev/volume-failure');

export class VolumeFailure extends Error {
  readonly [FAILURE] = true;
  readonly problems: readonly VolumeProblem[];

  constructor(problems: readonly VolumeProblem[], cause?: unknown) {
    super(problems.map(mountMessage).join('; '), cause === undefined ? undefined : { cause });
    this.name = 'VolumeFailure';
    this.problems = problems;
  }
}

export function isVolumeFailure(error: unknown): error is VolumeFailure {
  return typeof error === 'object' && error !== null && FAILURE in error;
}

/** The message of a FailedMount event. */
export function mountMessage({ volume, message }: VolumeProblem): string {
  return `MountVolume.SetUp failed for volume "${volume}" : ${message}`;
}
