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

/** Permissions of the kubelet that will use this identity, and of the operator who creates the node. */
export function permissionsForNode({ nodeName, patchesNode }: PermissionNeeds): readonly Permission[] {
  const own = { group: '', resource: 'nodes', name: nodeName } as const;
  const pods = { group: '', resource: 'pods', fieldSelector: { key: 'spec.nodeName', value: nodeName } } as const;
  const lease = { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' } as const;
  const fatal = (verb: string, rest: Omit<Permission, 'verb' | 'severity' | 'purpose'>, purpose: string): Permission => ({
    verb,
    ...rest,
    severity: 'fatal',
    purpose,
  });
  const degraded = (verb: string, rest: Omit<Permission, 'verb' | 'severity' | 'purpose'>, purpose: string): Permission => ({
    verb,
    ...rest,
    severity: 'degraded',
    purpose,
  });
  return [
    fatal('create', { group: '', resource: 'nodes' }, 'register the node'),
    fatal('get', own, 'see whether the node is Ready'),
    patchesNode ? fatal('patch', own, 'set labels and taints on the node') : degraded('patch', own, 'set labels and taints on the node later'),
    fatal('patch', { ...own, subresource: 'status' }, 'report the state of the node'),
    fatal('get', { ...lease, name: nodeName }, 'renew the heartbeat of the node'),
    fatal('create', lease, 'start the heartbeat of the node'),
    fatal('update', { ...lease, name: nodeName }, 'renew the heartbeat of the node'),
    fatal('list', pods, 'see the pods of the node'),
    fatal('watch', pods, 'see the pods of the node'),
    fatal('patch', { group: '', resource: 'pods', subresource: 'status' }, 'report the state of pods'),
    degraded('delete', { group: '', resource: 'pods' }, 'finish the deletion of pods'),
    degraded('get', { group: '', resource: 'secrets' }, 'use Secrets in pods'),
    degraded('get', { group: '', resource: 'configmaps' }, 'use ConfigMaps in pods'),
    degraded('list', { group: '', resource: 'services' }, 'give pods the addresses of services in their environment'),
    degraded('create', { group: '', resource: 'serviceaccounts', subresource: 'token' }, 'give pods service account tokens'),
    degraded('create', { group: '', resource: 'events' }, 'write events about pods'),
    degraded('create', { group: 'authentication.k8s.io', resource: 'tokenreviews' }, 'authenticate callers of kubectl logs and exec'),
    degraded('create', { group: 'authorization.k8s.io', resource: 'subjectaccessreviews' }, 'authorise callers of kubectl logs and exec'),
    degraded('delete', own, 'remove the node when the VCH is deleted'),
  ];
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
