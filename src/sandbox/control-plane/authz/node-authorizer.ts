import { isObject } from '../json.ts';
import type { Draft, UserInfo } from '../resource.ts';
import { exactField } from '../selectors/fields.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { isResourceRequest, type Attributes, type Decision, type ResourceAttributes } from './attributes.ts';

const NODE_PREFIX = 'system:node:';
const LEASE_NAMESPACE = 'kube-node-lease';
const READS = ['get', 'list', 'watch'];

/** The node that a user is the identity of, or undefined. */
export function nodeOf(user: UserInfo): string | undefined {
  if (!user.groups.includes('system:nodes') || !user.username.startsWith(NODE_PREFIX)) return undefined;
  const name = user.username.slice(NODE_PREFIX.length);
  return name === '' ? undefined : name;
}

/**
 * The Node authorizer (plugin/pkg/auth/authorizer/node of Kubernetes 1.36) for the resources that are served: a node reads its own
 * Node, the pods bound to it and what they refer to. Undefined: no node identity, no opinion.
 */
export function authorizeNode({ user, verb, request }: Attributes, store: ObjectStore): Decision | undefined {
  const node = nodeOf(user);
  if (node === undefined || !isResourceRequest(request)) return undefined;
  const what = request.subresource === undefined || request.subresource === '' ? request.resource : `${request.resource}/${request.subresource}`;
  switch (`${request.group}/${what}`) {
    case '/nodes':
      return nodes(node, verb, request);
    case '/pods':
      return pods(node, verb, request, store);
    case '/secrets':
    case '/configmaps':
      return referenced(node, verb, request, store);
    case '/serviceaccounts':
      return verb === 'get' ? related(usesServiceAccount(node, request, store), node) : refused();
    case '/serviceaccounts/token':
      return verb === 'create' ? related(usesServiceAccount(node, request, store), node) : refused();
    case 'coordination.k8s.io/leases':
      return leases(node, verb, request);
    default:
      return allowedByTable(`${request.group}/${what}`, verb) ? { allowed: true } : refused();
  }
}

const TABLE: Readonly<Record<string, readonly string[]>> = {
  '/nodes/status': ['update', 'patch'],
  '/pods/status': ['update', 'patch'],
  '/pods/eviction': ['create'],
  '/services': READS,
  '/endpoints': ['get'],
  '/events': ['create', 'update', 'patch'],
  'events.k8s.io/events': ['create', 'update', 'patch'],
  'certificates.k8s.io/certificatesigningrequests': ['create', ...READS],
  'authentication.k8s.io/tokenreviews': ['create'],
  'authorization.k8s.io/subjectaccessreviews': ['create'],
  'authorization.k8s.io/localsubjectaccessreviews': ['create'],
  'node.k8s.io/runtimeclasses': READS,
  'storage.k8s.io/csidrivers': READS,
};

function allowedByTable(what: string, verb: string): boolean {
  return TABLE[what]?.includes(verb) === true;
}

function nodes(node: string, verb: string, request: ResourceAttributes): Decision {
  if (['create', 'update', 'patch'].includes(verb)) return { allowed: true };
  if (!READS.includes(verb)) return refused();
  const name = request.name ?? exactField(request.fields ?? [], 'metadata.name');
  if (name === node) return { allowed: true };
  return refused(
    verb === 'get' ? `node '${node}' cannot read '${name ?? ''}', only its own Node object` : `node '${node}' cannot read all nodes, only its own Node object`,
  );
}

function pods(node: string, verb: string, request: ResourceAttributes, store: ObjectStore): Decision {
  switch (verb) {
    case 'create':
    case 'delete':
      return { allowed: true };
    case 'get': {
      const pod = store.get({ group: '', resource: 'pods', namespace: request.namespace ?? '', name: request.name ?? '' });
      return related(pod !== undefined && nodeNameOf(pod) === node, node);
    }
    case 'list':
    case 'watch':
      if (exactField(request.fields ?? [], 'spec.nodeName') === node) return { allowed: true };
      return refused('can only list/watch pods with spec.nodeName field selector');
    default:
      return refused();
  }
}

/** Secrets and ConfigMaps: one object at a time, and only those that a pod on the node refers to. */
function referenced(node: string, verb: string, request: ResourceAttributes, store: ObjectStore): Decision {
  if (!READS.includes(verb)) return refused('can only read resources of this type');
  const name = request.name ?? exactField(request.fields ?? [], 'metadata.name');
  if (name === undefined || name === '') return refused('No Object name found');
  if (request.namespace === undefined || request.namespace === '') return refused('can only read namespaced object of this type');
  const kind = request.resource === 'secrets' ? 'secret' : 'configMap';
  return related(
    podsOf(node, request.namespace, store).some((pod) => refersTo(pod['spec'], kind, name)),
    node,
  );
}

function leases(node: string, verb: string, request: ResourceAttributes): Decision {
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb)) return refused('can only get, create, update, patch, or delete a node lease');
  if (request.namespace !== LEASE_NAMESPACE) return refused(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  if (verb !== 'create' && request.name !== node) return refused('can only access node lease with the same name as the requesting node');
  return { allowed: true };
}

function usesServiceAccount(node: string, request: ResourceAttributes, store: ObjectStore): boolean {
  return podsOf(node, request.namespace ?? '', store).some((pod) => isObject(pod['spec']) && (pod['spec']['serviceAccountName'] ?? 'default') === request.name);
}

function podsOf(node: string, namespace: string, store: ObjectStore): readonly Draft[] {
  return store.list({ group: '', resource: 'pods' }, namespace).filter((pod) => nodeNameOf(pod) === node);
}

export function nodeNameOf(pod: Draft): string {
  const spec = pod['spec'];
  return isObject(spec) && typeof spec['nodeName'] === 'string' ? spec['nodeName'] : '';
}

/**
 * Walks a pod spec for references to a Secret or ConfigMap: `secretRef`, `configMapKeyRef`, volumes (`secretName`), image pull
 * secrets. A walk rather than a list of paths: the fields differ by volume type, their names do not.
 */
function refersTo(value: unknown, kind: 'secret' | 'configMap', name: string, under = ''): boolean {
  if (Array.isArray(value)) return value.some((item) => refersTo(item, kind, name, under));
  if (!isObject(value)) return false;
  if (namesObject(value, kind, name, under)) return true;
  return Object.entries(value).some(([field, member]) => refersTo(member, kind, name, field));
}

function namesObject(value: Record<string, unknown>, kind: 'secret' | 'configMap', name: string, under: string): boolean {
  if (kind === 'secret' && (under === 'imagePullSecrets' || under.endsWith('SecretRef'))) return value['name'] === name;
  if (under === kind || under === `${kind}Ref` || under === `${kind}KeyRef`) {
    return value['name'] === name || (kind === 'secret' && value['secretName'] === name);
  }
  return false;
}

function related(isRelated: boolean, node: string): Decision {
  return isRelated ? { allowed: true } : refused(`no relationship found between node '${node}' and this object`);
}

function refused(reason?: string): Decision {
  return reason === undefined ? { allowed: false } : { allowed: false, reason };
}
