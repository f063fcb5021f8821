import type { ResourceTarget } from './http/request-info.ts';
import type { Registry } from './registry.ts';
import { noSuchResource, notImplemented, qualifiedResource } from './status-errors.ts';

/** API groups of Kubernetes 1.36. What is theirs and not served answers 501; other groups do not exist at all. */
const KUBERNETES_GROUPS = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
]);

/** Resources of core/v1 that exist in Kubernetes and not here. */
const CORE_RESOURCES = new Set([
  'bindings',
  'componentstatuses',
  'endpoints',
  'limitranges',
  'persistentvolumeclaims',
  'persistentvolumes',
  'podtemplates',
  'replicationcontrollers',
  'resourcequotas',
]);

/** True when the group (and version) belongs to Kubernetes, whether served or not. */
export function isKubernetesGroup(group: string): boolean {
  return group === '' || KUBERNETES_GROUPS.has(group);
}

/** The refusal for a resource without a definition: 501 when Kubernetes has it, 404 when nobody does. */
export function unservedResource(target: ResourceTarget, registry: Registry): Error {
  const known =
    target.group === '' ? CORE_RESOURCES.has(target.resource) : KUBERNETES_GROUPS.has(target.group) && !registry.servesVersion(target.group, target.version);
  return known ? notImplemented(qualifiedResource(target)) : noSuchResource();
}
