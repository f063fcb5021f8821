import type { Engine } from '../engine.ts';
import { isObject, sameJson } from '../json.ts';
import type { Draft, ResourceDefinition, UserInfo } from '../resource.ts';
import { CertificateRequestError, decodeCertificateRequest } from '../../../platform/certificate-request-decode.ts';
import { forbiddenObject } from '../status-errors.ts';
import { nodeNameOf, nodeOf } from './node-authorizer.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const PODS = { group: '', resource: 'pods' };

/** Labels of the Kubernetes namespaces that a kubelet may set on its Node (NodeRestriction). */
const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]);

/** The NodeRestriction admission plug-in (plugin/pkg/admission/noderestriction): narrows what a node identity may write. Throws 403. */
export function restrictNode(
  engine: Engine,
  definition: ResourceDefinition,
  operation: 'create' | 'update' | 'delete',
  user: UserInfo,
  draft: Draft,
  stored: Draft | undefined,
  subresource: string | undefined,
  parent = draft.metadata.name ?? '',
  namespace = draft.metadata.namespace,
): void {
  const node = nodeOf(user);
  if (node === undefined) return;
  const refuse = (cause: string): Error => forbiddenObject(definition, parent, cause);
  if (definition.group === '' && definition.resource === 'nodes') checkNode(node, operation, draft, stored, refuse);
  else if (definition.group === '' && definition.resource === 'pods') checkPod(engine, node, operation, draft, stored, subresource, parent, namespace, refuse);
  else if (definition.group === '' && definition.resource === 'serviceaccounts' && subresource === 'token') {
    checkToken(engine, user, node, draft, namespace ?? '', refuse);
  } else if (definition.group === 'coordination.k8s.io' && operation === 'create') checkLease(node, draft, refuse);
  else if (definition.group === 'certificates.k8s.io' && operation === 'create') checkSigningRequest(user, draft, refuse);
}

function checkNode(node: string, operation: string, draft: Draft, stored: Draft | undefined, refuse: (cause: string) => Error): void {
  const name = draft.metadata.name ?? '';
  if (operation === 'delete') throw refuse(`node "${node}" is not allowed to delete node "${name}"`);
  if (name !== node) throw refuse(`node "${node}" is not allowed to modify node "${name}"`);
  const wanted = draft.metadata.labels ?? {};
  const present = stored?.metadata.labels ?? {};
  const changed = [...new Set([...Object.keys(wanted), ...Object.keys(present)])].filter((key) => wanted[key] !== present[key]);
  const forbidden = changed.filter((key) => !mayLabel(key));
  if (forbidden.length > 0) {
    const what = stored === undefined ? 'set' : 'modify';
    throw refuse(`is not allowed to ${what} the following labels: ${forbidden.toSorted().join(', ')}`);
  }
  if (stored === undefined) return;
  if (!sameJson(taintsOf(draft), taintsOf(stored))) throw refuse(`node "${node}" is not allowed to modify taints`);
  if (!sameJson(draft.metadata.ownerReferences ?? [], stored.metadata.ownerReferences ?? [])) {
    throw refuse(`node "${node}" is not allowed to modify ownerReferences`);
  }
}

function checkPod(
  engine: Engine,
  node: string,
  operation: string,
  draft: Draft,
  stored: Draft | undefined,
  subresource: string | undefined,
  name: string,
  namespace: string | undefined,
  refuse: (cause: string) => Error,
): void {
  if (subresource === 'eviction' || operation === 'delete' || subresource === 'status') {
    const pod = stored ?? engine.store.get({ ...PODS, namespace: namespace ?? '', name });
    const verb = subresource === 'eviction' ? 'evict' : operation === 'delete' ? 'delete' : 'update status for';
    if (pod !== undefined && nodeNameOf(pod) !== node) throw refuse(`node "${node}" can only ${verb} pods with spec.nodeName set to itself`);
    if (subresource === 'status' && !sameJson(draft.metadata.labels ?? {}, pod?.metadata.labels ?? {})) {
      throw refuse(`node "${node}" cannot update labels through pod status`);
    }
  } else if (operation === 'create' && draft.metadata.annotations?.[MIRROR] === undefined) {
    throw refuse(`pod does not have "${MIRROR}" annotation, node "${node}" can only create mirror pods`);
  }
}

function checkToken(engine: Engine, user: UserInfo, node: string, draft: Draft, namespace: string, refuse: (cause: string) => Error): void {
  const spec = isObject(draft['spec']) ? draft['spec'] : {};
  const reference = isObject(spec['boundObjectRef']) ? spec['boundObjectRef'] : undefined;
  if (reference?.['kind'] !== 'Pod' || reference['apiVersion'] !== 'v1' || typeof reference['name'] !== 'string' || reference['name'] === '') {
    throw refuse('node requested token not bound to a pod');
  }
  if (typeof reference['uid'] !== 'string' || reference['uid'] === '') throw refuse('node requested token with a pod binding without a uid');
  const pod = engine.store.get({ ...PODS, namespace, name: reference['name'] });
  if (pod === undefined) return;
  if (pod.metadata.uid !== reference['uid']) {
    throw refuse(
      `the UID in the bound object reference (${reference['uid']}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (nodeNameOf(pod) !== node) throw refuse('node requested token bound to a pod scheduled on a different node');
  const audiences = Array.isArray(spec['audiences']) ? (spec['audiences'] as unknown[]).map(String) : [];
  if (audiences.length > 1) throw refuse('node may only request 0 or 1 audiences');
  const [audience] = audiences;
  if (audience !== undefined && audience !== '' && !projectedAudiences(pod['spec']).has(audience)) {
    throw refuse(`audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.username} is not authorized to request tokens for this audience`);
  }
}

function projectedAudiences(value: unknown): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((item) => [...projectedAudiences(item)]));
  if (!isObject(value)) return new Set();
  const found = new Set(Object.values(value).flatMap((member) => [...projectedAudiences(member)]));
  const token = value['serviceAccountToken'];
  if (isObject(token) && typeof token['audience'] === 'string') found.add(token['audience']);
  return found;
}

function checkLease(node: string, draft: Draft, refuse: (cause: string) => Error): void {
  if (draft.metadata.namespace !== 'kube-node-lease') throw refuse('can only access leases in the "kube-node-lease" system namespace');
  if (draft.metadata.name !== node) throw refuse('can only access node lease with the same name as the requesting node');
}

function checkSigningRequest(user: UserInfo, draft: Draft, refuse: (cause: string) => Error): void {
  const spec = isObject(draft['spec']) ? draft['spec'] : {};
  if (spec['signerName'] !== 'kubernetes.io/kubelet-serving' && spec['signerName'] !== 'kubernetes.io/kube-apiserver-client-kubelet') return;
  try {
    const { commonName } = decodeCertificateRequest(Buffer.from(String(spec['request']), 'base64').toString('latin1'));
    if (commonName === user.username) return;
  } catch (error) {
    if (!(error instanceof CertificateRequestError)) throw error;
    throw refuse(`unable to parse csr: ${error.message}`);
  }
  throw refuse(`can only create a node CSR with CN=${user.username}`);
}

function mayLabel(key: string): boolean {
  const at = key.indexOf('/');
  const prefix = at < 0 ? '' : key.slice(0, at);
  const isKubernetes = ['kubernetes.io', 'k8s.io'].some((domain) => prefix === domain || prefix.endsWith(`.${domain}`));
  if (!isKubernetes || KUBELET_LABELS.has(key)) return true;
  return ['kubelet.kubernetes.io', 'node.kubernetes.io'].some((domain) => prefix === domain || prefix.endsWith(`.${domain}`));
}

function taintsOf(node: Draft): unknown {
  return isObject(node['spec']) ? (node['spec']['taints'] ?? []) : [];
}
