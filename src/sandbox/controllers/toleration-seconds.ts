import type { Taint, Toleration } from '../../platform/kubernetes-objects.ts';
import { tolerates } from '../../platform/tolerations.ts';

/**
 * How long a pod may stay on a node with NoExecute `taints`: milliseconds, 0 for "leave now", undefined for "for ever".
 * With several tolerated taints the shortest tolerationSeconds counts.
 */
export function staysFor(taints: readonly Taint[], tolerations: readonly Toleration[]): number | undefined {
  const limits = taints
    .filter((taint) => taint.effect === 'NoExecute')
    .map((taint) => {
      const matching = tolerations.filter((toleration) => tolerates([toleration], taint));
      if (matching.length === 0) return 0;
      const seconds = matching.map((toleration) => toleration.tolerationSeconds).filter((value) => value !== undefined);
      return seconds.length === 0 ? undefined : Math.max(0, Math.min(...seconds)) * 1000;
    })
    .filter((limit) => limit !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
}
