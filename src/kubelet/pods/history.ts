/**
 * What the kubelet remembers about a pod between two looks at it. Plain data: seeded from the pod's status in the
 * API (seed-history.ts), moved forward by observations and by what the kubelet does (remember.ts), never stored elsewhere, so a restarted kubelet continues from the same facts.
 *
 * A container's *run* is the time between one start and the exit after it. A run that cannot be found any more has
 * ended with 137 and reason ContainerStatusUnknown (pkg/kubelet/kubelet_pods.go), which restartPolicy then judges.
 */
import type { ProviderFailureReason } from '../provider.ts';
import type { BackOff } from './back-off.ts';

export interface Exit {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: number;
  readonly finishedAt: number;
  /** `<type>://<id>`. */
  readonly containerID?: string;
}

export interface Run {
  readonly startedAt?: number;
  readonly exit?: Exit;
  /** It was in a sandbox that is no more. */
  readonly stale?: boolean;
  /** True for a run that was read from the API, where times have whole seconds only. */
  readonly coarse?: boolean;
}

export interface ContainerRecord {
  readonly restartCount: number;
  readonly run?: Run;
  /** The exit of the run before this one: `lastState`. */
  readonly lastExit?: Exit;
  readonly backOff?: BackOff;
  /** When the back end last said that it has started the container. */
  readonly lastStart?: number;
  readonly imageID?: string;
  readonly containerID?: string;
  /** Its latest start failed before it ran. */
  readonly trouble?: Trouble;
  /** The image that its latest run was defined with, as written in the spec. */
  readonly image?: string;
  /** It has ended for good: whatever the back end shows later is not a run of it. */
  readonly settled?: boolean;
  /** Its run was ended by the kubelet, and another is to follow whatever its exit code says. */
  readonly replaced?: 'liveness' | 'startup' | 'definition';
}

/**
 * The last operation that failed and has not succeeded since. Failures to start a container (its image, its
 * configuration, the back end) are kept with that container and hold back nothing else; all others are the pod's.
 */
export interface Trouble {
  readonly operation: 'create' | 'start' | 'kill' | 'stop' | 'remove';
  /** Undefined when the back end gave no reason that the pod's user should see. */
  readonly reason?: ProviderFailureReason;
  readonly message: string;
  readonly container?: string;
  /** The image that could not be pulled. */
  readonly image?: string;
  readonly failedAt: number;
  readonly backOff: BackOff;
}

export interface PodHistory {
  readonly startTime?: number;
  readonly admitted: boolean;
  readonly rejection?: { readonly reason: string; readonly message: string };
  readonly containers: Readonly<Record<string, ContainerRecord>>;
  readonly trouble?: Trouble;
  /** When a termination that has begun must be over; it only ever moves closer. */
  readonly stopBy?: number;
  /** A stop succeeded and nothing was started since: whatever the back end cannot name does not run. */
  readonly stopConfirmed: boolean;
}

/** What is known of a container; one that was never seen has no runs. */
export function recordOf(history: PodHistory, container: string): ContainerRecord {
  return history.containers[container] ?? { restartCount: 0 };
}
