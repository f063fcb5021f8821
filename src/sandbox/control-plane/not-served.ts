import type { ResourceTarget } from './http/request-info.ts';
import { noSuchResource, notImplemented, qualifiedResource } from './status-errors.ts';

type Subresources = Readonly<Record<string, readonly string[]>>;

/** What a kube-apiserver 1.36 with default flags declares in its discovery: group/version, resources, subresources. */
const DECLARED: Readonly<Record<string, Subresources>> = {
  v1: {
    bindings: [],
    componentstatuses: [],
    configmaps: [],
    endpoints: [],
    events: [],
    limitranges: [],
    namespaces: ['finalize', 'status'],
    nodes: ['proxy', 'status'],
    persistentvolumeclaims: ['status'],
    persistentvolumes: ['status'],
    pods: ['attach', 'binding', 'ephemeralcontainers', 'eviction', 'exec', 'log', 'portforward', 'proxy', 'resize', 'status'],
    podtemplates: [],
    replicationcontrollers: ['scale', 'status'],
    resourcequotas: ['status'],
    secrets: [],
    serviceaccounts: ['token'],
    services: ['proxy', 'status'],
  },
  'admissionregistration.k8s.io/v1': {
    mutatingadmissionpolicies: [],
    mutatingadmissionpolicybindings: [],
    mutatingwebhookconfigurations: [],
    validatingadmissionpolicies: ['status'],
    validatingadmissionpolicybindings: [],
    validatingwebhookconfigurations: [],
  },
  'apiextensions.k8s.io/v1': { customresourcedefinitions: ['status'] },
  'apiregistration.k8s.io/v1': { apiservices: ['status'] },
  'apps/v1': {
    controllerrevisions: [],
    daemonsets: ['status'],
    deployments: ['scale', 'status'],
    replicasets: ['scale', 'status'],
    statefulsets: ['scale', 'status'],
  },
  'authentication.k8s.io/v1': { selfsubjectreviews: [], tokenreviews: [] },
  'authorization.k8s.io/v1': { localsubjectaccessreviews: [], selfsubjectaccessreviews: [], selfsubjectrulesreviews: [], subjectaccessreviews: [] },
  'autoscaling/v1': { horizontalpodautoscalers: ['status'] },
  'autoscaling/v2': { horizontalpodautoscalers: ['status'] },
  'batch/v1': { cronjobs: ['status'], jobs: ['status'] },
  'certificates.k8s.io/v1': { certificatesigningrequests: ['approval', 'status'] },
  'coordination.k8s.io/v1': { leases: [] },
  'discovery.k8s.io/v1': { endpointslices: [] },
  'events.k8s.io/v1': { events: [] },
  'flowcontrol.apiserver.k8s.io/v1': { flowschemas: ['status'], prioritylevelconfigurations: ['status'] },
  'networking.k8s.io/v1': { ingressclasses: [], ingresses: ['status'], ipaddresses: [], networkpolicies: [], servicecidrs: ['status'] },
  'node.k8s.io/v1': { runtimeclasses: [] },
  'policy/v1': { poddisruptionbudgets: ['status'] },
  'rbac.authorization.k8s.io/v1': { clusterrolebindings: [], clusterroles: [], rolebindings: [], roles: [] },
  'resource.k8s.io/v1': { deviceclasses: [], resourceclaims: ['status'], resourceclaimtemplates: [], resourceslices: [] },
  'scheduling.k8s.io/v1': { priorityclasses: [] },
  'storage.k8s.io/v1': {
    csidrivers: [],
    csinodes: [],
    csistoragecapacities: [],
    storageclasses: [],
    volumeattachments: ['status'],
    volumeattributesclasses: [],
  },
};

/** Groups of Kubernetes; the last two have no version that is on by default. */
const GROUPS = new Set([...Object.keys(DECLARED).map(groupOf), 'internal.apiserver.k8s.io', 'storagemigration.k8s.io']);

/** Paths outside the groups that a kube-apiserver has, each with everything below it. */
const OTHER_PATHS = ['/metrics', '/logs', '/debug', '/statusz', '/flagz', '/configz', '/.well-known/openid-configuration', '/openid/v1/jwks'];

/** True when the group belongs to Kubernetes, whether served or not. */
export function isKubernetesGroup(group: string): boolean {
  return GROUPS.has(group);
}

/** The refusal for a resource or subresource without a definition: 501 when Kubernetes has it, 404 when nobody does. */
export function unservedResource(target: Pick<ResourceTarget, 'group' | 'version' | 'resource' | 'subresource'>): Error {
  const { group, version, resource, subresource } = target;
  const declared = DECLARED[group === '' ? version : `${group}/${version}`];
  // Versions that are off by default (alpha, beta) declare nothing to compare with.
  if (declared === undefined) return GROUPS.has(group) && group !== '' ? notImplemented(qualifiedResource(target)) : noSuchResource();
  const below = Object.hasOwn(declared, resource) ? declared[resource] : undefined;
  if (below === undefined || (subresource !== undefined && !below.includes(subresource))) return noSuchResource();
  return notImplemented(subresource === undefined ? qualifiedResource(target) : `${qualifiedResource(target)}/${subresource}`);
}

/** The 501 for a path that is no resource but that a kube-apiserver answers; undefined for paths that nobody has. */
export function unservedPath(path: string): Error | undefined {
  const [root = '', group = '', version, ...rest] = path
    .replace(/^\/openapi\/v3(?=\/apis?(\/|$))/, '')
    .split('/')
    .slice(1);
  if (root === 'apis' && GROUPS.has(group) && group !== '' && rest.length === 0) return notImplemented(version === undefined ? group : `${group}/${version}`);
  const other = OTHER_PATHS.some((known) => path === known || path.startsWith(`${known}/`)) || path === '/' || path.startsWith('/openapi/v');
  return other ? notImplemented(path) : undefined;
}

function groupOf(groupVersion: string): string {
  return groupVersion.includes('/') ? groupVersion.slice(0, groupVersion.indexOf('/')) : '';
}
