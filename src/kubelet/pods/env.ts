/** The environment of a container: literals, `$(VAR)` and the downward API (pkg/kubelet/kubelet_pods.go). */
import type { Container, Pod } from '../../platform/kubernetes-objects.ts';
import { ProviderFailure } from '../provider.ts';
import { expand } from './expand.ts';

export interface EnvSources {
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  /** Empty while the pod has no address. */
  readonly podIPs: readonly string[];
}

export interface EnvVariable {
  readonly name: string;
  readonly value: string;
}

type EnvEntry = NonNullable<Container['env']>[number];
type ValueFrom = NonNullable<EnvEntry['valueFrom']>;

/** Variables in the order of the spec, the last value of a name winning. Throws ProviderFailure `CreateContainerConfigError`. */
export function resolveEnv(pod: Pod, container: Container, sources: EnvSources): readonly EnvVariable[] {
  if ((container.envFrom ?? []).length > 0) throw configError(container, 'envFrom cannot be read: ConfigMaps and Secrets are not available on this node yet');
  const values = new Map<string, string>();
  for (const entry of container.env ?? []) {
    const value =
      entry.valueFrom === undefined ? expand(entry.value ?? '', (name) => values.get(name)) : referenced(pod, container, entry.name, entry.valueFrom, sources);
    values.delete(entry.name);
    values.set(entry.name, value);
  }
  return [...values].map(([name, value]) => ({ name, value }));
}

/** The host name of a pod: `spec.hostname`, or its name cut to what a label allows. */
export function hostnameOf(pod: Pod): string {
  const name = pod.spec?.hostname ?? pod.metadata?.name ?? '';
  return name.slice(0, 63).replace(/[-.]+$/, '');
}

function referenced(pod: Pod, container: Container, name: string, from: ValueFrom, sources: EnvSources): string {
  if (from.fieldRef !== undefined) {
    const value = fieldValue(pod, from.fieldRef.fieldPath, sources);
    if (value === undefined) {
      throw configError(container, `the value of ${from.fieldRef.fieldPath} for variable ${name} is not known before the container starts`);
    }
    return value;
  }
  const kinds: readonly (readonly [unknown, string])[] = [
    [from.configMapKeyRef, `configmap "${from.configMapKeyRef?.name ?? ''}"`],
    [from.secretKeyRef, `secret "${from.secretKeyRef?.name ?? ''}"`],
    [from.resourceFieldRef, 'a resource field'],
  ];
  const kind = kinds.find(([reference]) => reference !== undefined)?.[1] ?? 'an unknown kind of source';
  throw configError(container, `variable ${name} refers to ${kind}, which is not available on this node yet`);
}

function fieldValue(pod: Pod, path: string, sources: EnvSources): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null) return pod.metadata?.[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata?.name;
    case 'metadata.namespace':
      return pod.metadata?.namespace;
    case 'metadata.uid':
      return pod.metadata?.uid;
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? sources.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return sources.hostIPs[0];
    case 'status.hostIPs':
      return sources.hostIPs.length === 0 ? undefined : sources.hostIPs.join(',');
    case 'status.podIP':
      return sources.podIPs[0];
    case 'status.podIPs':
      return sources.podIPs.length === 0 ? undefined : sources.podIPs.join(',');
    default:
      return undefined;
  }
}

function configError(container: Container, message: string): ProviderFailure {
  return new ProviderFailure('CreateContainerConfigError', message, { container: container.name });
}
