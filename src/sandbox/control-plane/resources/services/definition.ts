import type { Draft } from '../../resource.ts';
import { normalize } from '../codec.ts';
import { at, textOf } from '../fields.ts';
import { beginUpdate, defineResource, rejectInvalidUpdate } from '../strategy.ts';
import { dns1035Label } from '../validation/names.ts';
import { allocateAddresses } from './allocation.ts';
import { setServiceDefaults } from './defaults.ts';
import { serviceTable } from './table.ts';
import { validateService, validateServiceUpdate } from './validation.ts';

const SERVICE = { group: '', version: 'v1', kind: 'Service', namespaced: true } as const;

/** v1 Service. Cluster IPs and node ports are allocated; nothing routes to them. */
export const services = defineResource({
  ...SERVICE,
  resource: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  checkName: dns1035Label,
  deleteAnswersObject: true,
  table: serviceTable,
  selectableFields: {
    'spec.clusterIP': (object) => textOf(at(object, 'spec', 'clusterIP')),
    'spec.type': (object) => textOf(at(object, 'spec', 'type')),
  },
  defaults: setServiceDefaults,
  prepareForCreate(draft, context) {
    draft['status'] = { loadBalancer: {} };
    allocateAddresses(draft, undefined, context);
  },
  prepareForUpdate(draft, stored, context) {
    draft['status'] = structuredClone(stored['status']);
    allocateAddresses(draft, stored, context);
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  subresources: {
    status: { style: 'update', verbs: ['get', 'patch', 'update'], prepareUpdate: updateStatus },
    proxy: { style: 'connect', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'ServiceProxyOptions' },
  },
});

function updateStatus(draft: Draft, stored: Draft): void {
  beginUpdate(SERVICE, draft, stored);
  draft['spec'] = structuredClone(stored['spec']);
  rejectInvalidUpdate(SERVICE, draft, stored, []);
  normalize(SERVICE, draft);
}
