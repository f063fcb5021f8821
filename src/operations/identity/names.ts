/** What vick calls the things that it makes for the identity of a node. */

/** Who a kubelet is in a cluster (kubernetes.io/docs/reference/access-authn-authz/node). */
export const nodeUser = (nodeName: string): string => `system:node:${nodeName}`;
export const NODE_GROUP = 'system:nodes';

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';

const MANAGED = 'app.kubernetes.io/managed-by';
const NODE = 'vick.dev/node';

/** Labels of everything that vick makes for a node: by them it is found again, whatever became of vick meanwhile. */
export function identityLabels(nodeName: string): Readonly<Record<string, string>> {
  return { [MANAGED]: 'vick', [NODE]: nodeName };
}

export function identitySelector(nodeName: string): string {
  return Object.entries(identityLabels(nodeName))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** The binding by which the node may read the client CA of the cluster. */
export const clientCaBinding = (nodeName: string): string => `vick:${nodeName}:client-ca-reader`;
