import type { Draft } from '../../resource.ts';
import { at, ensureMap, mapOf, mapsOf, textOf, textsOf } from '../fields.ts';
import { normalize } from '../codec.ts';
import { beginUpdate, defineResource, rejectInvalidUpdate } from '../strategy.ts';
import { dns1123Subdomain } from '../validation/names.ts';
import { nodeTable } from './table.ts';
import { validateNode, validateNodeUpdate } from './validation.ts';

const KIND = { group: '', version: 'v1', kind: 'Node', namespaced: false } as const;
const NOT_READY = 'node.kubernetes.io/not-ready';

/**
 * v1 Node (kubernetes pkg/registry/core/node). A creation keeps the status; an update of the main resource does not
 * touch it. Nodes have no generation.
 */
export const nodes = defineResource({
  ...KIND,
  resource: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  checkName: dns1123Subdomain,
  selectableFields: { 'spec.unschedulable': (object) => String(at(object, 'spec', 'unschedulable') === true) },
  table: nodeTable,
  defaults: setNodeDefaults,
  admitCreate: taintNotReady,
  prepareForUpdate(draft, stored) {
    draft['status'] = stored['status'];
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  subresources: {
    status: { style: 'update', verbs: ['get', 'patch', 'update'], prepareUpdate: updateStatus },
    proxy: { style: 'connect', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'NodeProxyOptions' },
  },
});

/** podCIDR and podCIDRs name the same thing; allocatable is the capacity until a kubelet says otherwise. */
function setNodeDefaults(draft: Draft): void {
  const spec = ensureMap(draft, 'spec');
  const cidr = textOf(spec['podCIDR']);
  const cidrs = textsOf(spec['podCIDRs']);
  if (cidr !== '' && cidrs[0] !== cidr) spec['podCIDRs'] = [cidr];
  else if (cidr === '' && cidrs[0] !== undefined) spec['podCIDR'] = cidrs[0];
  const status = ensureMap(draft, 'status');
  const capacity = mapOf(status['capacity']);
  if (Object.keys(capacity).length > 0 && Object.keys(mapOf(status['allocatable'])).length === 0) status['allocatable'] = { ...capacity };
}

/** TaintNodesByCondition admission: a node starts not ready. */
function taintNotReady(draft: Draft): void {
  const spec = ensureMap(draft, 'spec');
  const taints = mapsOf(spec['taints']);
  if (taints.some((taint) => taint['key'] === NOT_READY && taint['effect'] === 'NoSchedule')) return;
  spec['taints'] = [...taints, { key: NOT_READY, effect: 'NoSchedule' }];
}

function updateStatus(draft: Draft, stored: Draft): void {
  beginUpdate(KIND, draft, stored);
  draft['spec'] = structuredClone(stored['spec']);
  setNodeDefaults(draft);
  rejectInvalidUpdate(KIND, draft, stored, [...validateNode(draft), ...validateNodeUpdate(draft, stored)]);
  normalize(KIND, draft);
}
