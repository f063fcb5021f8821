/** What is served, group by group, in the order in which a kube-apiserver lists its groups. */
import { createHash } from 'node:crypto';
import type { ResourceDefinition, SubresourceDefinition, Verb } from '../resource.ts';

export interface CatalogResource {
  readonly name: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly storageVersionHash?: string;
  readonly subresources: readonly CatalogSubresource[];
}

export interface CatalogSubresource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly group?: string;
  readonly version?: string;
}

/** One served version of one group; '' is the core group. */
export interface CatalogVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly CatalogResource[];
}

const GROUP_ORDER = ['', 'events.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io', 'certificates.k8s.io', 'policy', 'coordination.k8s.io'];

/** Reviews are answered without being stored: [group, resource, kind, namespaced]. */
const REVIEWS: readonly (readonly [string, string, string, boolean])[] = [
  ['authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview', false],
  ['authentication.k8s.io', 'tokenreviews', 'TokenReview', false],
  ['authorization.k8s.io', 'localsubjectaccessreviews', 'LocalSubjectAccessReview', true],
  ['authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', false],
  ['authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', false],
  ['authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview', false],
];

/** The catalog of `definitions`, with the reviews, and `policy` for the evictions of pods. */
export function catalogOf(definitions: readonly ResourceDefinition[]): readonly CatalogVersion[] {
  const groups = [...new Set([...GROUP_ORDER, ...definitions.map((definition) => definition.group)])];
  return groups.map((group) => {
    const stored = definitions.filter((definition) => definition.group === group).map(resourceOf);
    const reviews = REVIEWS.filter(([owner]) => owner === group).map(reviewOf);
    return { group, version: 'v1', resources: [...stored, ...reviews].sort((a, b) => byName(a.name, b.name)) };
  });
}

function resourceOf(definition: ResourceDefinition): CatalogResource {
  const { resource, singular, namespaced, kind, verbs, shortNames, categories } = definition;
  const subresources = Object.entries(definition.subresources).map(([name, subresource]) => subresourceOf(definition, name, subresource));
  return {
    name: resource,
    singular,
    namespaced,
    kind,
    verbs: [...verbs].sort(byName),
    shortNames,
    categories,
    storageVersionHash: storageHash(definition),
    subresources: subresources.sort((a, b) => byName(a.name, b.name)),
  };
}

function subresourceOf(parent: ResourceDefinition, name: string, subresource: SubresourceDefinition): CatalogSubresource {
  if (subresource.style === 'update') return { name, kind: parent.kind, verbs: sorted(subresource.verbs) };
  const { kind, group, version } = subresource;
  const foreign = group !== undefined && version !== undefined && (group !== parent.group || version !== parent.version) ? { group, version } : {};
  return { name, kind, verbs: subresource.style === 'action' ? ['create'] : sorted(subresource.verbs), ...foreign };
}

function reviewOf([, name, kind, namespaced]: (typeof REVIEWS)[number]): CatalogResource {
  return { name, singular: kind.toLowerCase(), namespaced, kind, verbs: ['create'], shortNames: [], categories: [], subresources: [] };
}

/** Tells clients whether two resources share their storage (k8s.io/apiserver/pkg/endpoints/discovery). */
function storageHash(definition: ResourceDefinition): string {
  const group = definition.viewOf?.of.group ?? definition.group;
  return createHash('sha256').update(`${group}/${definition.version}/${definition.kind}`).digest().subarray(0, 8).toString('base64');
}

function sorted(verbs: readonly Verb[]): string[] {
  return [...verbs].sort(byName);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
