import type { ApiRequest } from './port.ts';

/** Builds every path of the Kubernetes API that vick asks for; each segment is encoded. */
const segment = encodeURIComponent;

const namespaced = (namespace: string, resource: string, name?: string): string =>
  `/api/v1/namespaces/${segment(namespace)}/${resource}${name === undefined ? '' : `/${segment(name)}`}`;

export const paths = {
  version: () => '/version',
  readyz: () => '/readyz',
  nodes: () => '/api/v1/nodes',
  node: (name: string) => `/api/v1/nodes/${segment(name)}`,
  nodeStatus: (name: string) => `/api/v1/nodes/${segment(name)}/status`,
  allPods: () => '/api/v1/pods',
  pods: (namespace: string) => namespaced(namespace, 'pods'),
  pod: (namespace: string, name: string) => namespaced(namespace, 'pods', name),
  podStatus: (namespace: string, name: string) => `${namespaced(namespace, 'pods', name)}/status`,
  podBinding: (namespace: string, name: string) => `${namespaced(namespace, 'pods', name)}/binding`,
  events: (namespace: string) => namespaced(namespace, 'events'),
  event: (namespace: string, name: string) => namespaced(namespace, 'events', name),
  configMaps: (namespace: string) => namespaced(namespace, 'configmaps'),
  configMap: (namespace: string, name: string) => namespaced(namespace, 'configmaps', name),
  secrets: (namespace: string) => namespaced(namespace, 'secrets'),
  secret: (namespace: string, name: string) => namespaced(namespace, 'secrets', name),
  serviceAccountToken: (namespace: string, name: string) => `${namespaced(namespace, 'serviceaccounts', name)}/token`,
  allServices: () => '/api/v1/services',
  leases: (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${segment(namespace)}/leases`,
  lease: (namespace: string, name: string) => `/apis/coordination.k8s.io/v1/namespaces/${segment(namespace)}/leases/${segment(name)}`,
  allLeases: () => '/apis/coordination.k8s.io/v1/leases',
  signingRequests: () => '/apis/certificates.k8s.io/v1/certificatesigningrequests',
  signingRequest: (name: string) => `/apis/certificates.k8s.io/v1/certificatesigningrequests/${segment(name)}`,
  signingApproval: (name: string) => `/apis/certificates.k8s.io/v1/certificatesigningrequests/${segment(name)}/approval`,
  signingStatus: (name: string) => `/apis/certificates.k8s.io/v1/certificatesigningrequests/${segment(name)}/status`,
  subjectAccessReviews: () => '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  clusterRoleBindings: () => '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  roleBindings: (namespace: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${segment(namespace)}/rolebindings`,
  roleBinding: (namespace: string, name: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${segment(namespace)}/rolebindings/${segment(name)}`,
  nodeProxy: (name: string, path: string) => `/api/v1/nodes/${segment(name)}/proxy${path}`,
  selfSubjectAccessReviews: () => '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
} as const;

/**
 * What a request is of, the same for all objects of a resource: `PATCH pods/status`, `LIST pods`, `WATCH secrets`,
 * `GET nodes`.
 */
export function kindOf({ method, path, query }: Pick<ApiRequest, 'method' | 'path' | 'query'>): string {
  const segments = path.replace(/^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)\//, '').split('/');
  const [resource = '', name, subresource] = segments[0] === 'namespaces' && segments.length > 2 ? segments.slice(2) : segments;
  const verb = query?.['watch'] === true ? 'WATCH' : method === 'GET' && name === undefined ? 'LIST' : method;
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Namespace of node leases (k8s.io/api/core/v1, NamespaceNodeLease). */
export const NODE_LEASE_NAMESPACE = 'kube-node-lease';
