/** The pods that the provider pretends to run. Containers end by timers; everything else is worked out when it is asked for. */
import type { Clock } from '../../platform/clock.ts';
import type { Container } from '../../platform/kubernetes-objects.ts';
import type { ObservedContainer, ObservedPod, ObservedState } from '../../kubelet/provider.ts';
import type { Outcome } from './script.ts';
import type { MockSettings, PodSettings } from './settings.ts';

export interface MockPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly settings: PodSettings;
  readonly ip: string;
  readonly containers: Map<string, MockContainer>;
  /** Files by volume and path. */
  readonly volumes: Map<string, ReadonlyMap<string, Uint8Array>>;
  lost: boolean;
  /** Calls off what was to happen to the pod as a whole. */
  cancel: () => void;
}

export interface MockContainer {
  readonly name: string;
  readonly settings: MockSettings;
  /** How often it has ended by itself, as its settings say. */
  exits: number;
  run: MockRun;
  /** The run before. */
  previous: MockRun | undefined;
}

export interface MockRun {
  readonly id: string;
  readonly image: string;
  readonly startedAt: number;
  readonly outcome: Outcome;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly { readonly volume: string; readonly mountPath: string; readonly subPath: string | undefined }[];
  readonly requests: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  exit: RunExit | undefined;
  /** Calls off its own end. */
  cancel: () => void;
  /** Called once, at its end. */
  readonly onEnd: Set<() => void>;
}

export interface RunExit {
  readonly exitCode: number;
  readonly finishedAt: number;
  readonly reason?: string;
  readonly message?: string;
}

/** Whether probes of a container fail now. */
export function isUnhealthy({ settings, run }: MockContainer, now: number): boolean {
  const { 'unhealthy-until': until, 'unhealthy-after': after } = settings;
  const age = now - run.startedAt;
  return (until !== undefined && age < until.toMs) || (after !== undefined && age >= after.fromMs);
}

/** A timer takes no more. */
const LONGEST_MS = 2 ** 30;

/** Calls back once after `ms`, however long that is. The returned function cancels. */
export function later(clock: Clock, ms: number, callback: () => void): () => void {
  if (ms === Number.POSITIVE_INFINITY) return () => undefined;
  let cancel = (): void => undefined;
  const wait = (left: number): void => {
    cancel = clock.schedule(Math.min(left, LONGEST_MS), () => {
      if (left > LONGEST_MS) wait(left - LONGEST_MS);
      else callback();
    });
  };
  wait(Math.max(0, ms));
  return () => cancel();
}

/** The ports that a container names. */
export function portsOf({ ports }: Container): readonly number[] {
  return (ports ?? []).map(({ containerPort }) => containerPort);
}

/** Ends a run that has not ended yet; false when it has. */
export function endRun(run: MockRun, exit: RunExit): boolean {
  if (run.exit !== undefined) return false;
  run.cancel();
  run.exit = exit;
  for (const tell of run.onEnd) tell();
  run.onEnd.clear();
  return true;
}

export function observe(pod: MockPod): ObservedPod {
  const containers = [...pod.containers.values()].map(observeContainer);
  return { uid: pod.uid, ips: pod.lost ? [] : [pod.ip], containers, ...(pod.lost ? { sandboxLost: true } : {}) };
}

function observeContainer({ name, run }: MockContainer): ObservedContainer {
  return { name, id: run.id, imageID: run.image, state: stateOf(run) };
}

function stateOf({ startedAt, exit }: MockRun): ObservedState {
  return exit === undefined ? { kind: 'running', startedAt } : { kind: 'exited', startedAt, ...exit };
}
