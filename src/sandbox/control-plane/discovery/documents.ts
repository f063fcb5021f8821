/** The discovery documents: one by one (meta/v1) and aggregated (apidiscovery.k8s.io/v2). */
import type { CatalogResource, CatalogSubresource, CatalogVersion } from './catalog.ts';

type Document = Readonly<Record<string, unknown>>;

export function apiVersions(serverAddress: string): Document {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

export function apiGroupList(catalog: readonly CatalogVersion[]): Document {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: catalog.filter(({ group }) => group !== '').map(groupMembers) };
}

export function apiGroup(entry: CatalogVersion): Document {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupMembers(entry) };
}

export function apiResourceList({ group, version, resources }: CatalogVersion): Document {
  return {
    kind: 'APIResourceList',
    // The core group's list says less, as it always did.
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersion(group, version),
    resources: resources.flatMap((resource) => [resourceEntry(resource), ...resource.subresources.map((one) => subresourceEntry(resource, one))]),
  };
}

/** All of /api (core) or all of /apis in one document. */
export function groupDiscoveryList(catalog: readonly CatalogVersion[], core: boolean): Document {
  const entries = catalog.filter(({ group }) => (group === '') === core);
  const items = entries.map(({ group, version, resources }) => ({
    metadata: group === '' ? {} : { name: group },
    versions: [{ version, resources: resources.map(aggregatedResource), freshness: 'Current' }],
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function groupMembers({ group, version }: CatalogVersion): Document {
  const entry = { groupVersion: groupVersion(group, version), version };
  return { name: group, versions: [entry], preferredVersion: entry };
}

function groupVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

function resourceEntry(resource: CatalogResource): Document {
  const { name, singular, namespaced, kind, verbs, storageVersionHash } = resource;
  return { name, singularName: singular, namespaced, kind, verbs, ...names(resource), ...(storageVersionHash === undefined ? {} : { storageVersionHash }) };
}

function subresourceEntry(parent: CatalogResource, { name, kind, verbs, group, version }: CatalogSubresource): Document {
  const foreign = group === undefined ? {} : { group, version };
  return { name: `${parent.name}/${name}`, singularName: '', namespaced: parent.namespaced, ...foreign, kind, verbs };
}

function aggregatedResource(resource: CatalogResource): Document {
  const { name, singular, namespaced, kind, verbs, subresources } = resource;
  const below = subresources.map((one) => ({
    subresource: one.name,
    responseKind: { group: one.group ?? '', version: one.version ?? '', kind: one.kind },
    verbs: one.verbs,
  }));
  return {
    resource: name,
    responseKind: { group: '', version: '', kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...names(resource),
    ...(below.length === 0 ? {} : { subresources: below }),
  };
}

function names({ shortNames, categories }: CatalogResource): Document {
  return { ...(shortNames.length === 0 ? {} : { shortNames }), ...(categories.length === 0 ? {} : { categories }) };
}
