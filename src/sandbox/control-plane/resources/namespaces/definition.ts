import { rfc3339 } from '../../../../platform/clock.ts';
import type { Draft, RequestContext } from '../../resource.ts';
import { at, ensureMap, setDefault, textOf, textsOf } from '../fields.ts';
import { beginUpdate, defineResource, rejectInvalidUpdate } from '../strategy.ts';
import { since } from '../tables/age.ts';
import { ageColumn, column, nameColumn } from '../tables/columns.ts';
import { dns1123Label } from '../validation/names.ts';

const KIND = { group: '', version: 'v1', kind: 'Namespace', namespaced: false } as const;

/** v1 Namespace (kubernetes pkg/registry/core/namespace). Deletion by stages is the machinery's business. */
export const namespaces = defineResource({
  ...KIND,
  resource: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  checkName: dns1123Label,
  selectableFields: { 'status.phase': (object) => textOf(at(object, 'status', 'phase')) },
  deleteAnswersObject: true,
  table: {
    columns: [nameColumn(), column('Status', 'The status of the namespace'), ageColumn()],
    row: (object, now) => [object.metadata.name, textOf(at(object, 'status', 'phase')), since(object.metadata.creationTimestamp, now)],
  },
  defaults(draft) {
    draft.metadata.labels = { ...draft.metadata.labels, 'kubernetes.io/metadata.name': draft.metadata.name ?? '' };
  },
  prepareForCreate(draft) {
    draft['status'] = { phase: 'Active' };
    const spec = ensureMap(draft, 'spec');
    if (!textsOf(spec['finalizers']).includes('kubernetes')) spec['finalizers'] = [...textsOf(spec['finalizers']), 'kubernetes'];
  },
  prepareForUpdate(draft, stored) {
    const spec = ensureMap(draft, 'spec');
    spec['finalizers'] = at(stored, 'spec', 'finalizers');
    draft['status'] = stored['status'];
  },
  subresources: {
    finalize: { style: 'update', verbs: ['update'], prepareUpdate: finalize },
    status: { style: 'update', verbs: ['get', 'patch', 'update'], prepareUpdate: updateStatus },
  },
  afterCreate(stored, context) {
    const namespace = stored.metadata.name ?? '';
    publishDefaults(namespace, context);
  },
});

/** What the service account and root CA publishers of kube-controller-manager put into every namespace. */
function publishDefaults(namespace: string, context: RequestContext): void {
  const { store } = context;
  if (store.get({ group: '', resource: 'serviceaccounts', namespace, name: 'default' }) === undefined) {
    store.create({ group: '', resource: 'serviceaccounts' }, { metadata: { name: 'default', namespace } });
  }
  if (store.get({ group: '', resource: 'configmaps', namespace, name: 'kube-root-ca.crt' }) === undefined) {
    const annotations = {
      'kubernetes.io/description':
        'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
    };
    store.create(
      { group: '', resource: 'configmaps' },
      { metadata: { name: 'kube-root-ca.crt', namespace, annotations }, data: { 'ca.crt': context.caCertificate } },
    );
  }
}

function updateStatus(draft: Draft, stored: Draft): void {
  beginUpdate(KIND, draft, stored);
  draft['spec'] = stored['spec'];
  rejectInvalidUpdate(KIND, draft, stored, []);
}

function finalize(draft: Draft, stored: Draft, context: RequestContext): void {
  beginUpdate(KIND, draft, stored);
  draft['status'] = stored['status'];
  if (stored.metadata.deletionTimestamp !== undefined) setDefault(draft.metadata, 'deletionTimestamp', rfc3339(context.clock.now()));
  rejectInvalidUpdate(KIND, draft, stored, []);
}
