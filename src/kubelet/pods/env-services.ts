/**
 * Variables that tell a container where services are (pkg/kubelet/envvars/envvars.go): those of its own namespace, and
 * always `kubernetes` of `default`. Services without an address of their own have none. Pure.
 */
import { isIPv6 } from 'node:net';
import type { Service } from '../../platform/kubernetes-objects.ts';

const MASTER_NAMESPACE = 'default';
const MASTER_SERVICE = 'kubernetes';

/** Where pods reach the API server, when the address of its Service is not reachable from them. */
export interface ApiServerAddress {
  readonly host: string;
  readonly port: number;
}

export function serviceVariables(
  services: readonly Service[],
  pod: { readonly namespace: string; readonly links: boolean },
  apiServer: ApiServerAddress | undefined,
): ReadonlyMap<string, string> {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { name = '', namespace = '' } = service.metadata ?? {};
    const own = namespace === pod.namespace && pod.links;
    const master = namespace === MASTER_NAMESPACE && name === MASTER_SERVICE && !chosen.has(name);
    if ((own || master) && hasAddress(service)) chosen.set(name, service);
  }
  if (apiServer !== undefined) {
    const known = chosen.get(MASTER_SERVICE);
    if (known === undefined || known.metadata?.namespace === MASTER_NAMESPACE) chosen.set(MASTER_SERVICE, reachedAt(apiServer));
  }
  return new Map([...chosen.values()].flatMap(variablesOf));
}

function hasAddress({ spec }: Service): boolean {
  return spec?.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None' && (spec.ports ?? []).length > 0;
}

function reachedAt({ host, port }: ApiServerAddress): Service {
  return {
    metadata: { name: MASTER_SERVICE, namespace: MASTER_NAMESPACE },
    spec: { clusterIP: host, ports: [{ name: 'https', port, protocol: 'TCP' }] },
  };
}

function variablesOf({ metadata, spec }: Service): readonly (readonly [string, string])[] {
  const prefix = variableName(metadata?.name ?? '');
  const ip = spec?.clusterIP ?? '';
  const ports = spec?.ports ?? [];
  const named = ports.filter(({ name }) => name !== undefined && name !== '');
  return [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(ports[0]?.port ?? '')],
    ...named.map(({ name, port }) => [`${prefix}_SERVICE_PORT_${variableName(name ?? '')}`, String(port)] as const),
    ...ports.flatMap(({ port, protocol }, index) => linkVariables(prefix, ip, port, protocol ?? 'TCP', index === 0)),
  ];
}

/** The variables that Docker's links made. */
function linkVariables(prefix: string, ip: string, port: number, protocol: string, isFirst: boolean): readonly (readonly [string, string])[] {
  const portPrefix = `${prefix}_PORT_${String(port)}_${protocol.toUpperCase()}`;
  const url = `${protocol.toLowerCase()}://${isIPv6(ip) ? `[${ip}]` : ip}:${String(port)}`;
  return [
    ...(isFirst ? [[`${prefix}_PORT`, url] as const] : []),
    [portPrefix, url],
    [`${portPrefix}_PROTO`, protocol.toLowerCase()],
    [`${portPrefix}_PORT`, String(port)],
    [`${portPrefix}_ADDR`, ip],
  ];
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
