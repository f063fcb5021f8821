/** Fields of a pod as the downward API gives them out (pkg/fieldpath/fieldpath.go, pkg/kubelet/kubelet_pods.go). Pure. */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { goQuote } from './go-quote.ts';

export interface FieldSources {
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  /** Without prefix length; empty while the pod has no address. */
  readonly podIPs: readonly string[];
}

/** The value of a field, or undefined when the path is unknown or its value is not known yet. A missing label is empty. */
export function podField(pod: Pod, path: string, sources: FieldSources): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(path);
  if (subscript !== null) return pod.metadata?.[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata?.name;
    case 'metadata.namespace':
      return pod.metadata?.namespace;
    case 'metadata.uid':
      return pod.metadata?.uid;
    case 'metadata.labels':
      return formatMap(pod.metadata?.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata?.annotations);
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? sources.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return sources.hostIPs[0];
    case 'status.hostIPs':
      return joined(sources.hostIPs);
    case 'status.podIP':
      return sources.podIPs[0];
    case 'status.podIPs':
      return joined(sources.podIPs);
    default:
      return undefined;
  }
}

/** A map as one line per key, in the order of the keys: `key="escaped value"`. */
export function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${goQuote(value)}`)
    .join('\n');
}

function joined(addresses: readonly string[]): string | undefined {
  return addresses.length === 0 ? undefined : addresses.join(',');
}
