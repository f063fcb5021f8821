import type { Pod } from '../../platform/kubernetes-objects.ts';

/** Whether the pod has ended: it occupies its node no more, and there is nothing on it to evict. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
