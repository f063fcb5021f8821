import { VickError } from '../../../src/errors/vick-error.ts';
import type { Pod } from '../../../src/platform/kubernetes-objects.ts';

/** The rules of pkg/apis/core/validation that a kubelet can break. */
export function validatePodStatus(pod: Pod, status: NonNullable<Pod['status']>): void {
  const policy = pod.spec?.restartPolicy;
  for (const before of pod.status?.containerStatuses ?? []) {
    const after = status.containerStatuses?.find(({ name }) => name === before.name);
    const exit = before.state?.terminated;
    if (exit === undefined || policy === 'Always' || (policy === 'OnFailure' && exit.exitCode !== 0)) continue;
    if (after?.state?.terminated === undefined) {
      throw new VickError('KUBE_INVALID', `container ${before.name} may not be transitioned to non-terminated state`);
    }
  }
  if (status.podIP !== undefined && status.podIP !== status.podIPs?.[0]?.ip) throw new VickError('KUBE_INVALID', 'podIP must equal podIPs[0].ip');
  if ((status.podIPs ?? []).length > 1) throw new VickError('KUBE_INVALID', 'podIPs: more than one per family');
}
