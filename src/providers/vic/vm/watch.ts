import type { ContainerInfo, PortLayer } from '../../../clients/port-layer/port.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import { hasEnded, isPoweredOn } from './observe.ts';
import { surplusVms, type PodIndex, type PodVm } from './pod-index.ts';

export interface WatchOptions {
  readonly portLayer: PortLayer;
  readonly index: PodIndex;
  readonly clock: Clock;
  readonly log: Log;
  /** Between two looks at the whole list, in milliseconds. */
  readonly pollMs: number;
  /** Whether nothing runs in a VM whose first process has ended. */
  readonly idle: (vm: PodVm, signal: AbortSignal) => Promise<boolean>;
  /** Called for each VM that is on, at each look. */
  readonly follow: (vm: PodVm) => void;
  /** Powers a VM off in which nothing runs any more. */
  readonly powerOff: (id: string, signal: AbortSignal) => Promise<void>;
  /** Removes a VM whose pod has another one. */
  readonly remove: (id: string, signal: AbortSignal) => Promise<void>;
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

async function pollList(options: WatchOptions, onChange: (uid: string | undefined) => void, signal: AbortSignal): Promise<void> {
  const { index, clock, log, pollMs } = options;
  let seen: ReadonlyMap<string, string> | undefined;
  let failing = false;
  let suspects: ReadonlySet<string> = new Set();
  while (!signal.aborted) {
    await clock.sleep(pollMs, signal).catch(() => undefined);
    if (stopped(signal)) return;
    try {
      const vms = await index.list(signal);
      for (const vm of vms) if (isPoweredOn(vm.info)) options.follow(vm);
      const now = new Map(vms.map(({ identity, info }) => [`${identity.uid}/${info.id}`, fingerprint(info)]));
      for (const key of changed(seen, now)) onChange(key.split('/')[0]);
      seen = now;
      suspects = await tidy(options, vms, suspects, signal);
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
 * Powers off VMs in which nothing runs any more (a VM does that itself, but compares whole seconds: one whose only process
 * ended within the second of its start stays on with nothing in it), and removes second VMs of one pod. Only what two looks in a row found so
 * is touched: one may be about to power itself off, and of two VMs one may be about to start. Returns what to look at again.
 */
async function tidy(options: WatchOptions, vms: readonly PodVm[], suspects: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const surplus = new Set(surplusVms(vms));
  const idle = await Promise.all(vms.map(async (vm) => vm.info.state === 'Running' && hasEnded(vm.info) && (await options.idle(vm, signal))));
  const found = vms.filter((vm, position) => surplus.has(vm) || idle[position] === true);
  for (const vm of found) {
    const { identity, info } = vm;
    if (!suspects.has(info.id)) continue;
    const facts = { uid: identity.uid, pod: `${identity.namespace}/${identity.name}`, vm: info.id };
    try {
      if (surplus.has(vm)) {
        options.log.warn('a pod has a second VM, which is removed', facts);
        await options.remove(info.id, signal);
      } else await options.powerOff(info.id, signal);
    } catch (error) {
      signal.throwIfAborted();
      options.log.warn('a pod VM that nobody needs is still there', { ...facts, error: messageOf(error) });
    }
  }
  return new Set(found.map(({ info }) => info.id));
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
