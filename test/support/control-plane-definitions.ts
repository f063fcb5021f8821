import type { Draft, ResourceDefinition, Verb } from '../../src/sandbox/control-plane/resource.ts';

const ALL: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** A definition without any rules of its own, for tests of the machinery. */
export function plainDefinition(change: Partial<ResourceDefinition> & Pick<ResourceDefinition, 'resource' | 'kind'>): ResourceDefinition {
  return {
    group: '',
    version: 'v1',
    singular: change.kind.toLowerCase(),
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: ALL,
    hasGeneration: false,
    selectableFields: {},
    patchSchema: {},
    table: {
      columns: [{ name: 'Name', type: 'string', format: 'name', description: 'Name', priority: 0 }],
      row: (object) => [object.metadata.name],
    },
    subresources: {},
    prepareCreate: () => undefined,
    prepareUpdate: () => undefined,
    ...change,
  };
}

const nodeName = (pod: Draft): string => (pod['spec'] as { nodeName?: string } | undefined)?.nodeName ?? '';

/** A few kinds with the traits that the machinery treats specially. */
export const testDefinitions: readonly ResourceDefinition[] = [
  plainDefinition({ resource: 'namespaces', kind: 'Namespace', namespaced: false }),
  plainDefinition({ resource: 'configmaps', kind: 'ConfigMap' }),
  plainDefinition({ resource: 'secrets', kind: 'Secret', selectableFields: { type: (secret) => (secret['type'] as string | undefined) ?? '' } }),
  plainDefinition({
    resource: 'nodes',
    kind: 'Node',
    namespaced: false,
    subresources: { status: { style: 'update', verbs: ['get', 'patch', 'update'], prepareUpdate: (draft, stored) => void (draft['spec'] = stored['spec']) } },
  }),
  plainDefinition({
    resource: 'pods',
    kind: 'Pod',
    hasGeneration: true,
    deleteAnswersObject: true,
    selectableFields: { 'spec.nodeName': nodeName },
    patchSchema: { spec: { fields: { containers: { strategy: 'merge', mergeKey: 'name' } } } },
    subresources: {
      status: { style: 'update', verbs: ['get', 'patch', 'update'], prepareUpdate: (draft, stored) => void (draft['spec'] = stored['spec']) },
      log: { style: 'connect', verbs: ['get'], kind: 'Pod' },
    },
  }),
  plainDefinition({ group: 'coordination.k8s.io', resource: 'leases', kind: 'Lease', createsOnUpdate: true, requiresResourceVersion: true }),
];
