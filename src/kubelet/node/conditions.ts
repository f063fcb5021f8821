/** Node conditions as a kubelet writes them (pkg/kubelet/nodestatus/setters.go); Ready is the last. */
import { rfc3339 } from '../../platform/clock.ts';
import type { NodeCondition } from '../../platform/kubernetes-objects.ts';
import type { NodeCapacity } from '../provider.ts';

export interface NodeConditionFacts {
  readonly pressure: NodeCapacity['pressure'];
  /** Why the node is not ready; empty when it is. */
  readonly problems: readonly string[];
  readonly previous: readonly NodeCondition[];
  readonly now: number;
}

interface PressureText {
  readonly type: string;
  readonly insufficient: string;
  readonly sufficient: string;
  readonly message: string;
}

const PRESSURES = {
  memory: {
    type: 'MemoryPressure',
    insufficient: 'KubeletHasInsufficientMemory',
    sufficient: 'KubeletHasSufficientMemory',
    message: 'kubelet has sufficient memory available',
  },
  disk: { type: 'DiskPressure', insufficient: 'KubeletHasDiskPressure', sufficient: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
  pid: {
    type: 'PIDPressure',
    insufficient: 'KubeletHasInsufficientPID',
    sufficient: 'KubeletHasSufficientPID',
    message: 'kubelet has sufficient PID available',
  },
} as const satisfies Record<string, PressureText>;

/** The heartbeat moves always, the transition time only with the status. */
export function nodeConditions(facts: NodeConditionFacts): readonly NodeCondition[] {
  const pressures = (['memory', 'disk', 'pid'] as const).map((kind) => {
    const text = PRESSURES[kind];
    const problem = facts.pressure?.[kind];
    return problem === undefined
      ? { type: text.type, status: 'False', reason: text.sufficient, message: text.message }
      : { type: text.type, status: 'True', reason: text.insufficient, message: problem };
  });
  const ready =
    facts.problems.length === 0
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: facts.problems.join(', ') };
  const time = rfc3339(facts.now);
  return [...pressures, ready].map((condition) => {
    const before = facts.previous.find(({ type }) => type === condition.type);
    const lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? time) : time;
    return { ...condition, lastHeartbeatTime: time, lastTransitionTime };
  });
}
