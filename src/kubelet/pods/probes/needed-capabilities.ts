/** What probes and hooks of a pod ask of its provider beyond running containers. Pure. */
import type { Container, Pod } from '../../../platform/kubernetes-objects.ts';
import type { HttpGetAction } from './handler.ts';

export interface NeededCapability {
  readonly capability: 'exec' | 'network';
  /** Path in PodSpec, as in a support table: `containers[].livenessProbe.exec`. */
  readonly field: string;
}

interface Handlers {
  readonly exec?: unknown;
  readonly httpGet?: HttpGetAction;
  readonly tcpSocket?: { readonly host?: string };
  readonly grpc?: unknown;
}

/** Each field once. Actions on a host that is named need nothing of the provider. */
export function neededCapabilities(pod: Pod): readonly NeededCapability[] {
  const lists = [
    ['initContainers[]', pod.spec?.initContainers ?? []],
    ['containers[]', pod.spec?.containers ?? []],
  ] as const;
  const needed = lists.flatMap(([path, containers]) => containers.flatMap((container) => ofContainer(path, container)));
  return [...new Map(needed.map((entry) => [entry.field, entry])).values()];
}

function ofContainer(path: string, { startupProbe, livenessProbe, readinessProbe, lifecycle }: Container): readonly NeededCapability[] {
  return [
    ...ofHandlers(`${path}.startupProbe`, startupProbe),
    ...ofHandlers(`${path}.livenessProbe`, livenessProbe),
    ...ofHandlers(`${path}.readinessProbe`, readinessProbe),
    ...ofHandlers(`${path}.lifecycle.postStart`, hookHandlers(lifecycle?.postStart)),
    ...ofHandlers(`${path}.lifecycle.preStop`, hookHandlers(lifecycle?.preStop)),
  ];
}

function ofHandlers(path: string, handlers: Handlers | undefined): readonly NeededCapability[] {
  const { exec, httpGet, tcpSocket, grpc } = handlers ?? {};
  const elsewhere = (host: string | undefined): boolean => host !== undefined && host !== '';
  return [
    ...(exec === undefined ? [] : [{ capability: 'exec', field: `${path}.exec` } as const]),
    ...(httpGet === undefined || elsewhere(httpGet.host) ? [] : [{ capability: 'network', field: `${path}.httpGet` } as const]),
    ...(tcpSocket === undefined || elsewhere(tcpSocket.host) ? [] : [{ capability: 'network', field: `${path}.tcpSocket` } as const]),
    ...(grpc === undefined ? [] : [{ capability: 'network', field: `${path}.grpc` } as const]),
  ];
}

/** A tcpSocket hook fails without any connection being opened. */
function hookHandlers(hook: Handlers | undefined): Handlers | undefined {
  if (hook?.tcpSocket === undefined) return hook;
  const { exec, httpGet } = hook;
  return { ...(exec === undefined ? {} : { exec }), ...(httpGet === undefined ? {} : { httpGet }) };
}
