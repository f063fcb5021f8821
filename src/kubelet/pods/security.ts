/** The security context of one container: its own over the pod's (pkg/securitycontext/util.go). Pure. */
import type { Container, Pod } from '../../platform/kubernetes-objects.ts';
import type { SecurityRequest } from '../provider.ts';

export function effectiveSecurity(pod: Pod, container: Pick<Container, 'securityContext'>): SecurityRequest {
  const whole = pod.spec?.securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? whole.runAsUser;
  const runAsGroup = own.runAsGroup ?? whole.runAsGroup;
  return {
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    runAsNonRoot: own.runAsNonRoot ?? whole.runAsNonRoot ?? false,
    // Processes belong to the group of their volumes (pkg/kubelet/kuberuntime/security_context.go).
    supplementalGroups: [...new Set([...(whole.fsGroup === undefined ? [] : [whole.fsGroup]), ...(whole.supplementalGroups ?? [])])],
    ...(whole.fsGroup === undefined ? {} : { fsGroup: whole.fsGroup }),
    privileged: own.privileged ?? false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    // No new privileges only where that was asked for (AddNoNewPrivileges).
    allowPrivilegeEscalation: own.allowPrivilegeEscalation ?? true,
    addCapabilities: (own.capabilities?.add ?? []).map(capability),
    dropCapabilities: (own.capabilities?.drop ?? []).map(capability),
  };
}

/** The user that every container of the pod runs as, ephemeral ones aside; undefined when one does not say or they differ (FsUserFrom). */
export function commonUser(pod: Pod): number | undefined {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const users = new Set(containers.map((container) => effectiveSecurity(pod, container).runAsUser));
  const [user] = users;
  return users.size === 1 ? user : undefined;
}

/** Both `NET_ADMIN` and `CAP_NET_ADMIN` are written; runtimes get the name without the prefix. */
function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}
