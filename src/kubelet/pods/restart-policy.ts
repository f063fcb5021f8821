/** Whether a container that ended runs again (kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle, "Restart policy"). Pure. */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { PodContainer } from './pod-containers.ts';

/**
 * The container's own rules, then its own policy, then the pod's (default Always). An init container that succeeded is
 * done, a sidecar always runs again, an ephemeral container never does.
 */
export function wantsRestart(pod: Pod, container: PodContainer, exitCode: number): boolean {
  const { role, spec } = container;
  if (role === 'ephemeral' || (role === 'init' && exitCode === 0)) return false;
  if (role === 'sidecar') return true;
  if (spec.restartPolicyRules?.some((rule) => rule.action === 'Restart' && matches(rule.exitCodes, exitCode)) === true) return true;
  const policy = spec.restartPolicy ?? pod.spec?.restartPolicy;
  if (policy === 'Never') return false;
  return policy === 'OnFailure' ? exitCode !== 0 : true;
}

function matches(rule: { readonly operator: string; readonly values?: readonly number[] } | undefined, exitCode: number): boolean {
  const listed = rule?.values?.includes(exitCode) ?? false;
  return rule?.operator === 'In' ? listed : rule?.operator === 'NotIn' && !listed;
}
