/**
 * The CA by which the API server knows its clients, published in kube-system/extension-apiserver-authentication. A kubelet needs
 * it to know the API server when that calls (logs, exec); the Node authorizer alone does not let a node read it.
 */
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import { clientCaBinding, identityLabels, nodeUser } from './names.ts';

const NAMESPACE = 'kube-system';
const CONFIG_MAP = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const RBAC = 'rbac.authorization.k8s.io';

/** The client CA, or undefined where the operator may not see it or the server has none. */
export async function readClientCa(api: KubernetesApi, signal: AbortSignal): Promise<string | undefined> {
  try {
    const found = await api.request<{ readonly data?: Readonly<Record<string, string>> }>({ method: 'GET', path: CONFIG_MAP }, signal);
    return found.data?.['client-ca-file'];
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return undefined;
  }
}

/** Lets the node read it. `refused`: the operator may not, or the server has no RBAC; the node then lacks that one right. */
export async function bindClientCa(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<'bound' | 'refused'> {
  const body = {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: clientCaBinding(nodeName), namespace: NAMESPACE, labels: { ...identityLabels(nodeName) } },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
    subjects: [{ kind: 'User', apiGroup: RBAC, name: nodeUser(nodeName) }],
  };
  try {
    await api.request({ method: 'POST', path: paths.roleBindings(NAMESPACE), body }, signal);
    return 'bound';
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return error.code === 'KUBE_CONFLICT' ? 'bound' : 'refused';
  }
}

/** True when there was a binding to take away. */
export async function unbindClientCa(api: KubernetesApi, nodeName: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await api.request({ method: 'DELETE', path: paths.roleBinding(NAMESPACE, clientCaBinding(nodeName)) }, signal);
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    // 404: none was made; 501: a control plane without RBAC objects has none either.
    if (isVickError(error) && (error.code === 'KUBE_NOT_FOUND' || error.details?.['httpStatus'] === 501)) return false;
    throw error;
  }
}
