import type { ContainerInfo, PortLayer } from '../../clients/port-layer/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { hasEnded } from './observe.ts';
import type { PodIndex, PodVm } from './pod-index.ts';

export interface WatchOptions {
  readonly portLayer: PortLayer;
  readonly index: PodIndex;
  readonly clock: Clock;
  readonly log: Log;
  /** Between two looks at the whole list, in milliseconds. */
  readonly pollMs: number;
  /** Powers a VM off in which nothing runs any more. */
  readonly powerOff: (id: string, signal: AbortSignal) => Promise<void>;
}

const RECONNECT_FIRST_MS = 500;
const RECONNECT_CAP_MS = 30_000;

/**
 * Two sources of hints at once. Events are quick, but are not replayed, have no heartbeat, and say nothing about single
 * processes; so the list is also read every `pollMs`, and a pod is named whenever something about it moved.
 */
export async function watchPodVms(options: WatchOptions, onChange: (uid: string | undefined) => void, signal: AbortSignal): Promise<void> {
  await Promise.all([followEvents(options, onChange, signal), pollList(options, onChange, signal)]);
}

async function followEvents({ portLayer, index, clock, log }: WatchOptions, onChange: (uid: string | undefined) => void, signal: AbortSignal): Promise<void> {
  let pause = RECONNECT_FIRST_MS;
  while (!signal.aborted) {
    try {
      const opened = (): void => {
        pause = RECONNECT_FIRST_MS;
        // Whatever happened while nobody listened is not told again.
        onChange(undefined);
      };
      for await (const { ref } of portLayer.events(signal, opened)) {
        const uid = index.uidOf(ref);
        if (uid !== undefined) onChange(uid);
      }
      log.debug('the event stream of the port layer ended');
    } catch (error) {
      if (stopped(signal)) return;
      log.warn('the event stream of the port layer broke', { error: messageOf(error) });
    }
    await clock.sleep(pause, signal).catch(() => undefined);
    pause = Math.min(pause * 2, RECONNECT_CAP_MS);
  }
}

async function pollList(
  { index, clock, log, pollMs, powerOff }: WatchOptions,
  onChange: (uid: string | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  let seen: ReadonlyMap<string, string> | undefined;
  let failing = false;
  let idle: ReadonlySet<string> = new Set();
  while (!signal.aborted) {
    await clock.sleep(pollMs, signal).catch(() => undefined);
    if (stopped(signal)) return;
    try {
      const vms = await index.list(signal);
      const now = new Map(vms.map(({ identity, info }) => [`${identity.uid}/${info.id}`, fingerprint(info)]));
      for (const key of changed(seen, now)) onChange(key.split('/')[0]);
      seen = now;
      const idleNow = new Set(vms.filter(isIdle).map(({ info }) => info.id));
      for (const id of idleNow) {
        // Seen twice in a row: not one that is about to power itself off.
        if (idle.has(id)) await powerOff(id, signal);
      }
      idle = idleNow;
      if (failing) log.info('the port layer can be listed again');
      failing = false;
    } catch (error) {
      if (stopped(signal)) return;
      if (!failing) log.warn('the port layer cannot be listed', { error: messageOf(error) });
      failing = true;
    }
  }
}

/**
 * A VM powers itself off when its processes have ended, but compares whole seconds: one whose only process ended within
 * the second of its start stays on with nothing in it.
 */
function isIdle({ identity, info }: PodVm): boolean {
  return identity.containers.length === 1 && info.state === 'Running' && hasEnded(info);
}

function changed(before: ReadonlyMap<string, string> | undefined, now: ReadonlyMap<string, string>): readonly string[] {
  if (before === undefined) return [...now.keys()];
  const appearedOrMoved = [...now].filter(([key, print]) => before.get(key) !== print).map(([key]) => key);
  const vanished = [...before.keys()].filter((key) => !now.has(key));
  return [...appearedOrMoved, ...vanished];
}

/** Everything of a VM that a pod's status is made of. */
function fingerprint(info: ContainerInfo): string {
  const { status, exitCode, startedAt, stoppedAt } = info.process;
  return JSON.stringify([info.state, status, exitCode, startedAt, stoppedAt, info.endpoints.map((endpoint) => endpoint.address)]);
}

function stopped(signal: AbortSignal): boolean {
  return signal.aborted;
}
