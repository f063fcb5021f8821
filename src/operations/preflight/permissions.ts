/**
 * What an identity must be allowed to do. One self-subject access review is asked per line
 * (kubernetes pkg/apis/authorization; plugin/pkg/auth/authorizer/node for what a kubelet needs).
 */
export interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: { readonly key: string; readonly value: string };
  /** `fatal`: the node cannot work without it. `degraded`: the named feature is lost. */
  readonly severity: 'fatal' | 'degraded';
  /** What it is needed for, as the end of "… is needed to". */
  readonly purpose: string;
}

export interface PermissionNeeds {
  readonly nodeName: string;
  /** Labels or taints will be written by the operator. */
  readonly patchesNode: boolean;
}

type Rest = Omit<Permission, 'verb' | 'severity' | 'purpose'>;

const ask =
  (severity: Permission['severity']) =>
  (verb: string, rest: Rest, purpose: string): Permission => ({ verb, ...rest, severity, purpose });
const fatal = ask('fatal');
const degraded = ask('degraded');

const CSR = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' } as const;

/** Permissions of the kubelet that will use this identity, and of the operator who creates the node. */
export function permissionsForNode(needs: PermissionNeeds): readonly Permission[] {
  return [...permissionsOfKubelet(needs), ...permissionsOfOperator(needs)];
}

/** What the kubelet asks for, with what it loses by a refusal. */
export function permissionsOfKubelet({ nodeName, patchesNode }: PermissionNeeds): readonly Permission[] {
  const own = { group: '', resource: 'nodes', name: nodeName } as const;
  const nodes = { group: '', resource: 'nodes', fieldSelector: { key: 'metadata.name', value: nodeName } } as const;
  const pods = { group: '', resource: 'pods', fieldSelector: { key: 'spec.nodeName', value: nodeName } } as const;
  const lease = { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' } as const;
  const patch = patchesNode ? fatal : degraded;
  return [
    fatal('create', { group: '', resource: 'nodes' }, 'register the node'),
    fatal('get', own, 'see whether the node is Ready'),
    degraded('list', nodes, 'follow changes of the node'),
    degraded('watch', nodes, 'follow changes of the node'),
    patch('patch', own, patchesNode ? 'set labels and taints on the node' : 'set labels and taints on the node later'),
    degraded('update', own, 'correct the labels of the node after an upgrade'),
    fatal('patch', { ...own, subresource: 'status' }, 'report the state of the node'),
    fatal('get', { ...lease, name: nodeName }, 'renew the heartbeat of the node'),
    fatal('create', lease, 'start the heartbeat of the node'),
    fatal('update', { ...lease, name: nodeName }, 'renew the heartbeat of the node'),
    fatal('list', pods, 'see the pods of the node'),
    fatal('watch', pods, 'see the pods of the node'),
    fatal('patch', { group: '', resource: 'pods', subresource: 'status' }, 'report the state of pods'),
    degraded('delete', { group: '', resource: 'pods' }, 'finish the deletion of pods'),
    degraded('get', { group: '', resource: 'secrets' }, 'use Secrets in pods'),
    degraded('watch', { group: '', resource: 'secrets' }, 'pass changes of Secrets on to pods'),
    degraded('get', { group: '', resource: 'configmaps' }, 'use ConfigMaps in pods'),
    degraded('watch', { group: '', resource: 'configmaps' }, 'pass changes of ConfigMaps on to pods'),
    degraded('list', { group: '', resource: 'services' }, 'give pods the addresses of services in their environment'),
    degraded('watch', { group: '', resource: 'services' }, 'give pods the addresses of services in their environment'),
    degraded('create', { group: '', resource: 'serviceaccounts', subresource: 'token' }, 'give pods service account tokens'),
    degraded('create', { group: '', resource: 'events' }, 'write events about pods'),
    degraded('patch', { group: '', resource: 'events' }, 'count repeated events instead of writing them anew'),
    degraded('create', { group: 'authentication.k8s.io', resource: 'tokenreviews' }, 'authenticate callers of kubectl logs and exec'),
    degraded('create', { group: 'authorization.k8s.io', resource: 'subjectaccessreviews' }, 'authorise callers of kubectl logs and exec'),
    degraded('create', CSR, 'get a serving certificate for kubectl logs and exec'),
    degraded('get', CSR, 'get a serving certificate for kubectl logs and exec'),
    degraded('watch', CSR, 'get a serving certificate for kubectl logs and exec'),
    degraded(
      'get',
      { group: '', resource: 'configmaps', namespace: 'kube-system', name: 'extension-apiserver-authentication' },
      'know the API server by its client certificate (kubectl logs and exec)',
    ),
    degraded('get', { group: '', resource: 'persistentvolumeclaims' }, 'tell pods with persistent volume claims why they cannot run'),
  ];
}

/** What the operator does on the way: wait for the node, decorate it, and take it away again. */
export function permissionsOfOperator({ nodeName, patchesNode }: PermissionNeeds): readonly Permission[] {
  const own = { group: '', resource: 'nodes', name: nodeName } as const;
  return [
    ...(patchesNode ? [] : [degraded('patch', { group: '', resource: 'nodes' }, 'taint, label and cordon nodes later')]),
    degraded('delete', own, 'remove the node when the VCH is deleted'),
    degraded('list', { group: '', resource: 'pods' }, 'see what runs on the node before it is deleted'),
    degraded('create', { group: '', resource: 'pods', subresource: 'eviction' }, 'drain the node'),
    degraded('get', { group: 'apps', resource: 'daemonsets' }, 'drain the node'),
  ];
}

/** What the operator needs to mint an identity for the node. */
export function permissionsToMint({ nodeName, patchesNode }: PermissionNeeds): readonly Permission[] {
  const own = { group: '', resource: 'nodes', name: nodeName } as const;
  const purpose = 'give the node an identity of its own';
  return [
    fatal('create', CSR, purpose),
    fatal('get', CSR, purpose),
    fatal('update', { ...CSR, subresource: 'approval' }, purpose),
    fatal('approve', { group: 'certificates.k8s.io', resource: 'signers', name: 'kubernetes.io/kube-apiserver-client-kubelet' }, purpose),
    degraded('list', CSR, 'find the requests of earlier identities'),
    degraded('delete', CSR, 'clear away the requests of earlier identities'),
    degraded(
      'create',
      { group: 'rbac.authorization.k8s.io', resource: 'rolebindings', namespace: 'kube-system' },
      'let the node know the API server by its client certificate (kubectl logs and exec)',
    ),
    fatal('get', own, 'see whether the node is Ready'),
    ...(patchesNode ? [fatal('patch', own, 'set labels and taints on the node')] : []),
  ];
}

/** What a node identity is given object by object, for the pods that are bound to it (kubernetes plugin/pkg/auth/authorizer/node). */
export function isDecidedPerPod({ resource, subresource, namespace }: Permission): boolean {
  if (resource === 'secrets' || resource === 'persistentvolumeclaims') return true;
  return (resource === 'configmaps' && namespace === undefined) || (resource === 'serviceaccounts' && subresource === 'token');
}

/** `patch nodes/status "kubelet-web"`, as kubectl auth can-i is asked. */
export function renderPermission({ verb, group, resource, subresource, namespace, name }: Permission): string {
  const kind = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  return `${verb} ${kind}${name === undefined ? '' : ` "${name}"`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

/** Body of the review. The field selector is sent, else a node identity's true answer is hidden (Kubernetes 1.31 on). */
export function accessReview(permission: Permission): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: {
    readonly resourceAttributes: Readonly<Record<string, string | { readonly requirements: readonly Readonly<Record<string, string | readonly string[]>>[] }>>;
  };
} {
  const { verb, group, resource, subresource, namespace, name, fieldSelector } = permission;
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: {
      resourceAttributes: {
        verb,
        group,
        resource,
        ...(subresource === undefined ? {} : { subresource }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(name === undefined ? {} : { name }),
        ...(fieldSelector === undefined
          ? {}
          : { fieldSelector: { requirements: [{ key: fieldSelector.key, operator: 'In', values: [fieldSelector.value] }] } }),
      },
    },
  };
}
