/** The security context of one container: its own over the pod's (pkg/securitycontext/util.go). */
import type { Container, Pod } from '../../platform/kubernetes-objects.ts';
import type { SecurityRequest } from '../provider.ts';

export function effectiveSecurity(pod: Pod, container: Pick<Container, 'securityContext'>): SecurityRequest {
  const whole = pod.spec?.securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? whole.runAsUser;
  const runAsGroup = own.runAsGroup ?? whole.runAsGroup;
  const privileged = own.privileged ?? false;
  const added = own.capabilities?.add ?? [];
  return {
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    runAsNonRoot: own.runAsNonRoot ?? whole.runAsNonRoot ?? false,
    supplementalGroups: whole.supplementalGroups ?? [],
    ...(whole.fsGroup === undefined ? {} : { fsGroup: whole.fsGroup }),
    privileged,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    // What is privileged, or may administer the system, cannot be kept from gaining more (AddNoNewPrivileges).
    allowPrivilegeEscalation: own.allowPrivilegeEscalation ?? true,
    addCapabilities: added,
    dropCapabilities: own.capabilities?.drop ?? [],
  };
}
