import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Json } from '../../platform/kubernetes-objects.ts';

const GROUP = 'rbac.authorization.k8s.io';
const NODES = [{ kind: 'Group', apiGroup: GROUP, name: 'system:nodes' }];

/**
 * What kubeadm binds when it makes a cluster (cmd/kubeadm/app/phases/bootstraptoken/node): nodes may renew their own client
 * certificate; and the role with which whoever authenticates callers reads the client CA.
 */
export async function bindNodes(api: KubernetesApi, signal: AbortSignal): Promise<void> {
  await create(api, paths.clusterRoleBindings(), signal, {
    metadata: { name: 'vick-sandbox:node-autoapprove-certificate-rotation' },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient' },
    subjects: NODES,
  });
  await create(api, paths.roleBindings('kube-system'), signal, {
    metadata: { name: 'vick-sandbox:extension-apiserver-authentication-reader' },
    roleRef: { apiGroup: GROUP, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
    subjects: NODES,
  });
}

async function create(api: KubernetesApi, path: string, signal: AbortSignal, body: Json): Promise<void> {
  try {
    await api.request({ method: 'POST', path, body }, signal);
  } catch (error) {
    if (!isVickError(error) || error.code !== 'KUBE_CONFLICT') throw error;
  }
}
