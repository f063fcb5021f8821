/** Pod conditions in the order, with the reasons and messages, of a kubelet (pkg/kubelet/status/generate.go). */
import type { Pod, PodCondition, PodStatus } from '../../platform/kubernetes-objects.ts';
import { rfc3339 } from '../../platform/clock.ts';

export interface ConditionFacts {
  readonly pod: Pod;
  readonly previous: PodStatus;
  readonly phase: string;
  /** The pod's sandbox and network exist. */
  readonly sandboxReady: boolean;
  /** Init containers and sidecars that the pod still waits for. */
  readonly incomplete: readonly string[];
  /** Main containers and sidecars that are not ready. */
  readonly unready: readonly string[];
  readonly now: number;
}

type Verdict = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

/** The conditions a kubelet owns; those of other writers are not among them. */
export function podConditions(facts: ConditionFacts): readonly PodCondition[] {
  const { pod, previous, now } = facts;
  const containersReady = readiness(facts);
  const verdicts: readonly Verdict[] = [
    { type: 'PodReadyToStartContainers', status: facts.sandboxReady ? 'True' : 'False' },
    { type: 'Initialized', ...initialization(facts) },
    { ...gated(facts, containersReady), type: 'Ready' },
    { ...containersReady, type: 'ContainersReady' },
    { type: 'PodScheduled', status: 'True' },
  ];
  return verdicts.map((verdict) => {
    const before = previous.conditions?.find((condition) => condition.type === verdict.type);
    const moved = before?.status !== verdict.status;
    return {
      ...observedGeneration(pod, before),
      ...verdict,
      lastTransitionTime: moved || before.lastTransitionTime === undefined ? rfc3339(now) : before.lastTransitionTime,
    };
  });
}

/**
 * The status of a pod that is over, for a newer generation of it: nothing but that it was seen (what nobody may change
 * stays as it is). Conditions of other writers keep theirs, and a status that told no generation goes on telling none.
 */
export function seenAgain(pod: Pod, previous: PodStatus): PodStatus {
  if (previous.observedGeneration === undefined) return previous;
  const seen = { ...previous, ...observedGeneration(pod, previous) };
  if (previous.conditions === undefined) return seen;
  const conditions = previous.conditions.map((condition) =>
    OWN_TYPES.has(condition.type) ? { ...condition, ...observedGeneration(pod, condition) } : condition,
  );
  return { ...seen, conditions };
}

/** The generation that is told of, never a lower one than before; API servers before 1.33 count none. */
export function observedGeneration({ metadata }: Pod, before: { readonly observedGeneration?: number } | undefined): { readonly observedGeneration?: number } {
  const generation = metadata?.generation ?? 0;
  return generation === 0 ? {} : { observedGeneration: Math.max(generation, before?.observedGeneration ?? 0) };
}

const OWN_TYPES: ReadonlySet<string> = new Set(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled']);

function initialization({ phase, incomplete }: ConditionFacts): Omit<Verdict, 'type'> {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (incomplete.length === 0) return { status: 'True' };
  return { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${incomplete.join(' ')}]` };
}

function readiness(facts: ConditionFacts): Omit<Verdict, 'type'> {
  if (facts.phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (facts.phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (facts.unready.length === 0) return { status: 'True' };
  return { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${facts.unready.join(' ')}]` };
}

function gated(facts: ConditionFacts, containersReady: Omit<Verdict, 'type'>): Omit<Verdict, 'type'> {
  if (containersReady.status !== 'True') return containersReady;
  const problems = (facts.pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = facts.pod.status?.conditions?.find((condition) => condition.type === conditionType);
    if (found === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return found.status === 'True' ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
  return problems.length === 0 ? containersReady : { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}
