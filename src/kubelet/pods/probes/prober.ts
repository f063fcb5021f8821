/** Probes of all pods: follows what runs, and tells the worker of a pod when a verdict changes. Pods without probes cost nothing. */
import { redact } from '../../../errors/redact.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Container, Pod } from '../../../platform/kubernetes-objects.ts';
import type { Random } from '../../../platform/random.ts';
import type { EventRecorder } from '../../events.ts';
import type { ObservedContainer, ObservedPod, PodProvider } from '../../provider.ts';
import { containerStatusesOf, podContainers } from '../pod-containers.ts';
import type { PodRuntime } from '../runtime.ts';
import type { ContainerVerdict } from '../view.ts';
import { ContainerProber } from './container-prober.ts';
import { userAgent, type HandlerTarget } from './handler.ts';
import { ProbeCounts, type ProbeCount } from './probe-counts.ts';
import type { ProbeKind } from './probe-state.ts';
import { runProbe, type ProbeOutcome } from './run-probe.ts';

export interface ProberOptions {
  readonly provider: Pick<PodProvider, 'name' | 'exec' | 'network'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventRecorder;
  readonly kubeletVersion: string;
  /** A verdict about this pod has changed. */
  readonly changed: (uid: string) => void;
}

type Subject = Pick<PodRuntime, 'pod' | 'history' | 'operation' | 'verdicts' | 'gone'>;

interface Probed {
  pod: Pod;
  podIP: string | undefined;
  readonly containers: Map<string, { readonly run: string; readonly prober: ContainerProber }>;
}

const TITLES = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;
const NO_VERDICTS: PodRuntime['verdicts'] = {};

export class Prober {
  private readonly options: ProberOptions;
  private readonly bornAt: number;
  private readonly pods = new Map<string, Probed>();
  private readonly counted = new ProbeCounts();

  constructor(options: ProberOptions) {
    this.options = options;
    this.bornAt = options.clock.now();
  }

  /**
   * Starts and stops probes so that they are those of the runs that `observed` shows, and sets `runtime.verdicts` to
   * what they say so far. To be called after every answer of the back end, before anything is decided.
   */
  sync(runtime: Subject, observed: ObservedPod | undefined): void {
    const uid = runtime.pod.metadata?.uid ?? '';
    const known = this.pods.get(uid);
    const specs = probedContainers(runtime.pod);
    if (specs.length === 0 && known === undefined) return;
    const probed: Probed = known ?? { pod: runtime.pod, podIP: undefined, containers: new Map() };
    probed.pod = runtime.pod;
    probed.podIP = observed?.ips[0] ?? probed.podIP;
    this.pods.set(uid, probed);
    const terminating = runtime.gone || runtime.pod.metadata?.deletionTimestamp !== undefined || runtime.history.stopBy !== undefined;
    const starting = new Set(runtime.operation?.containers);
    for (const container of specs) {
      const seen = observed?.containers.find(({ name }) => name === container.name);
      // What has ended for good may run once more with the rest of its pod, and is not asked any more.
      const judged = !starting.has(container.name) && runtime.history.containers[container.name]?.settled !== true;
      this.follow(uid, probed, container, judged ? seen : undefined);
      if (terminating) probed.containers.get(container.name)?.prober.terminate();
    }
    runtime.verdicts = verdictsOf(probed);
  }

  /** The pod has gone. */
  forget(uid: string): void {
    for (const { prober } of this.pods.get(uid)?.containers.values() ?? []) prober.stop();
    this.pods.delete(uid);
    this.counted.forget(uid);
  }

  close(): void {
    for (const uid of [...this.pods.keys()]) this.forget(uid);
  }

  /** For `prober_probe_total`, whose labels these are. */
  counts(): readonly ProbeCount[] {
    return this.counted.all();
  }

  private follow(uid: string, probed: Probed, container: Container, seen: ObservedContainer | undefined): void {
    const before = probed.containers.get(container.name);
    const run = seen?.state.kind === 'running' ? `${seen.id} ${String(seen.state.startedAt)}` : undefined;
    if (before?.run === run) return;
    before?.prober.stop();
    probed.containers.delete(container.name);
    if (seen?.state.kind !== 'running' || run === undefined) return;
    const { startedAt } = seen.state;
    const { clock, random } = this.options;
    const adopted = startedAt < this.bornAt ? { ...this.toldOf(probed.pod, container.name, seen, startedAt), delay: () => random.fraction() } : undefined;
    const prober = new ContainerProber({
      clock,
      container,
      startedAt,
      ...(adopted === undefined ? {} : { adopted }),
      run: (probe, signal) => runProbe(this.target(probed, container), probe, clock, signal),
      onOutcome: (kind, outcome) => this.tell(probed.pod, container, kind, outcome),
      onVerdict: () => this.options.changed(uid),
    });
    probed.containers.set(container.name, { run, prober });
  }

  /** What the API holds of this very run, so that the start of another kubelet makes no container unready. */
  private toldOf(pod: Pod, name: string, seen: ObservedContainer, startedAt: number): { readonly started: boolean; readonly ready: boolean } {
    const told = containerStatusesOf(pod.status).find((status) => status.name === name);
    const since = Date.parse(told?.state?.running?.startedAt ?? '');
    const same = told?.containerID === `${this.options.provider.name}://${seen.id}` && Math.floor(startedAt / 1_000) * 1_000 === since;
    return { started: same && told.started === true, ready: same && told.ready };
  }

  private target({ pod, podIP }: Probed, container: Container): HandlerTarget {
    const { provider, kubeletVersion } = this.options;
    return { pod, container, podIP, exec: provider.exec, network: provider.network, userAgent: userAgent('kube-probe', kubeletVersion) };
  }

  private tell(pod: Pod, container: Container, kind: ProbeKind, outcome: ProbeOutcome): void {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const counts = { success: 'successful', warning: 'successful', failure: 'failed', error: 'unknown' } as const;
    this.counted.add({ probeType: TITLES[kind], result: counts[outcome.result], container: container.name, pod: name, namespace, podUid: uid });
    const warn = (reason: string, words: string): void => {
      this.options.events.pod(pod, { type: 'Warning', reason, message: redact(`${TITLES[kind]} probe ${words}: ${outcome.output}`) }, container.name);
    };
    if (outcome.result === 'warning') warn('ProbeWarning', 'warning');
    if (outcome.result === 'failure') warn('Unhealthy', 'failed');
    if (outcome.result === 'error') warn('Unhealthy', 'errored and resulted in unknown state');
  }
}

const known = new WeakMap<object, readonly Container[]>();

/** Containers that have probes: main ones and sidecars. */
function probedContainers(pod: Pod): readonly Container[] {
  const { spec } = pod;
  if (spec === undefined) return [];
  const before = known.get(spec);
  if (before !== undefined) return before;
  const candidates = podContainers(pod).filter(({ role }) => role === 'main' || role === 'sidecar');
  const probed = candidates
    .map((candidate) => candidate.spec)
    .filter(({ startupProbe, livenessProbe, readinessProbe }) => [startupProbe, livenessProbe, readinessProbe].some((probe) => probe !== undefined));
  known.set(spec, probed);
  return probed;
}

function verdictsOf(probed: Probed): Readonly<Record<string, ContainerVerdict>> {
  if (probed.containers.size === 0) return NO_VERDICTS;
  return Object.fromEntries([...probed.containers].map(([name, { prober }]) => [name, prober.verdict()]));
}
