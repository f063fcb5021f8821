import { VickError } from '../../../src/errors/vick-error.ts';
import type { ContainerStatus, Pod } from '../../../src/platform/kubernetes-objects.ts';

type Container = NonNullable<Pod['spec']>['containers'][number];

/** The rules of pkg/apis/core/validation (ValidatePodStatusUpdate) that a kubelet can break. */
export function validatePodStatus(pod: Pod, status: NonNullable<Pod['status']>): void {
  const policy = pod.spec?.restartPolicy;
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  refuseRevival(pod.status?.containerStatuses, status.containerStatuses, containers, policy);
  refuseRevival(pod.status?.initContainerStatuses, status.initContainerStatuses, initContainers, policy);
  refuseRevival(pod.status?.ephemeralContainerStatuses, status.ephemeralContainerStatuses, [], 'Never');
  if (status.podIP !== undefined && status.podIP !== status.podIPs?.[0]?.ip) throw new VickError('KUBE_INVALID', 'podIP must equal podIPs[0].ip');
  if ((status.podIPs ?? []).length > 1) throw new VickError('KUBE_INVALID', 'podIPs: more than one per family');
}

function refuseRevival(
  before: readonly ContainerStatus[] | undefined,
  after: readonly ContainerStatus[] | undefined,
  specs: readonly Container[],
  policy: string | undefined,
): void {
  if (policy === 'Always') return;
  for (const { name, state } of before ?? []) {
    const exit = state?.terminated;
    const spec = specs.find((container) => container.name === name);
    if (exit === undefined || spec?.restartPolicy === 'Always') continue;
    const ruled = spec?.restartPolicyRules?.some(({ exitCodes }) => (exitCodes?.operator === 'In') === (exitCodes?.values?.includes(exit.exitCode) === true));
    if (ruled === true || ((spec?.restartPolicy ?? policy) === 'OnFailure' && exit.exitCode !== 0)) continue;
    if (after?.find((status) => status.name === name)?.state?.terminated === undefined) {
      throw new VickError('KUBE_INVALID', `container ${name} may not be transitioned to non-terminated state`);
    }
  }
}
