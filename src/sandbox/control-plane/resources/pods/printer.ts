/** The STATUS and RESTARTS of `kubectl get pods` (k8s.io/kubernetes/pkg/printers/internalversion, printPod). */
import type { Draft } from '../../resource.ts';
import type { JsonMap } from '../fields.ts';
import { at, mapOf, mapsOf, numberOf, textOf } from '../fields.ts';

export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  /** One word: `Running`, `Init:0/1`, `CrashLoopBackOff`, `Terminating`, … */
  readonly status: string;
  readonly restarts: number;
  /** When the last of the restarted containers had ended, RFC 3339; '' when unknown. */
  readonly lastRestart: string;
}

export function summarizePod(pod: Draft): PodSummary {
  const status = mapOf(pod['status']);
  const specs = mapsOf(at(pod, 'spec', 'initContainers'));
  const sidecars = new Set(specs.filter((container) => container['restartPolicy'] === 'Always').map((container) => textOf(container['name'])));
  const init = summarizeInit(mapsOf(status['initContainerStatuses']), sidecars, specs.length);
  const summary = { ready: init.ready, total: mapsOf(at(pod, 'spec', 'containers')).length + sidecars.size };
  let reason = init.reason ?? baseReason(status);
  let { restarts, lastRestart } = init;
  if (init.reason === undefined || isTrue(status, 'Initialized')) {
    const main = summarizeMain(mapsOf(status['containerStatuses']), reason);
    summary.ready += main.ready;
    restarts = init.sidecarRestarts + main.restarts;
    lastRestart = later(init.sidecarLastRestart, main.lastRestart);
    reason = main.reason === 'Completed' && main.running ? (isTrue(status, 'Ready') ? 'Running' : 'NotReady') : main.reason;
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status['reason'] === 'NodeLost') reason = 'Unknown';
    else if (!['Succeeded', 'Failed'].includes(textOf(status['phase']))) reason = 'Terminating';
  }
  return { ...summary, status: reason, restarts, lastRestart };
}

function baseReason(status: JsonMap): string {
  const gated = mapsOf(status['conditions']).some((condition) => condition['type'] === 'PodScheduled' && condition['reason'] === 'SchedulingGated');
  if (gated) return 'SchedulingGated';
  return textOf(status['reason']) === '' ? textOf(status['phase']) : textOf(status['reason']);
}

interface InitSummary {
  /** Why the pod is still initializing; undefined when it is not. */
  readonly reason: string | undefined;
  readonly ready: number;
  readonly restarts: number;
  readonly lastRestart: string;
  readonly sidecarRestarts: number;
  readonly sidecarLastRestart: string;
}

function summarizeInit(statuses: readonly JsonMap[], sidecars: ReadonlySet<string>, total: number): InitSummary {
  let [ready, restarts, sidecarRestarts] = [0, 0, 0];
  let [lastRestart, sidecarLastRestart] = ['', ''];
  let reason: string | undefined;
  for (const [index, container] of statuses.entries()) {
    const sidecar = sidecars.has(textOf(container['name']));
    const count = numberOf(container['restartCount']) ?? 0;
    restarts += count;
    lastRestart = later(lastRestart, endOf(container));
    if (sidecar) {
      sidecarRestarts += count;
      sidecarLastRestart = later(sidecarLastRestart, endOf(container));
    }
    if (at(container, 'state', 'terminated', 'exitCode') === 0) continue;
    if (sidecar && container['started'] === true) {
      if (container['ready'] === true) ready += 1;
      continue;
    }
    reason = initReason(container, index, total);
    break;
  }
  return { reason, ready, restarts, lastRestart, sidecarRestarts, sidecarLastRestart };
}

function initReason(container: JsonMap, index: number, total: number): string {
  const state = mapOf(container['state']);
  const waiting = textOf(at(state, 'waiting', 'reason'));
  if (state['terminated'] !== undefined) return `Init:${endReason(mapOf(state['terminated']))}`;
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`;
}

function summarizeMain(
  statuses: readonly JsonMap[],
  initial: string,
): { ready: number; restarts: number; lastRestart: string; reason: string; running: boolean } {
  const summary = { ready: 0, restarts: 0, lastRestart: '', reason: initial, running: false };
  for (const container of statuses.toReversed()) {
    const state = mapOf(container['state']);
    const waiting = textOf(at(state, 'waiting', 'reason'));
    summary.restarts += numberOf(container['restartCount']) ?? 0;
    summary.lastRestart = later(summary.lastRestart, endOf(container));
    if (waiting !== '') summary.reason = waiting;
    else if (state['terminated'] !== undefined) summary.reason = endReason(mapOf(state['terminated']));
    else if (container['ready'] === true && state['running'] !== undefined) {
      summary.running = true;
      summary.ready += 1;
    }
  }
  return summary;
}

function endReason(terminated: JsonMap): string {
  if (textOf(terminated['reason']) !== '') return textOf(terminated['reason']);
  const signal = numberOf(terminated['signal']) ?? 0;
  return signal === 0 ? `ExitCode:${numberOf(terminated['exitCode']) ?? 0}` : `Signal:${signal}`;
}

/** When the container's previous run ended. */
function endOf(container: JsonMap): string {
  return textOf(at(container, 'lastState', 'terminated', 'finishedAt'));
}

function later(a: string, b: string): string {
  if (a === '' || b === '') return a === '' ? b : a;
  return Date.parse(b) > Date.parse(a) ? b : a;
}

function isTrue(status: JsonMap, type: string): boolean {
  return mapsOf(status['conditions']).some((condition) => condition['type'] === type && condition['status'] === 'True');
}
