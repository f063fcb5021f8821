/** A scope of the port layer as Docker's network (docker/docker api/server/router/network, vmware/vic lib/apiservers/engine/backends/network.go). */

/** What the port layer answers for a scope. */
export interface ScopeInfo {
  readonly id: string;
  readonly name: string;
  readonly scopeType: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly ipam: readonly string[];
  readonly internal?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly endpoints: readonly { readonly id: string; readonly name: string; readonly container: string; readonly address: string }[];
}

const LABELS = 'docker.labels';

/** `now`: networks do not know when they were made. */
export function networkResource(scope: ScopeInfo, now: number): unknown {
  const prefix = scope.subnet.split('/')[1] ?? '';
  const containers = scope.endpoints.map(({ id, name, container, address }) => {
    const ipv4 = address === '' ? '' : `${address}/${prefix}`;
    return [container, { Name: name, EndpointID: id, MacAddress: '', IPv4Address: ipv4, IPv6Address: '' }] as const;
  });
  return {
    Name: scope.name,
    Id: scope.id,
    Created: new Date(now).toISOString().replace('Z', '000000Z'),
    Scope: '',
    Driver: scope.scopeType,
    EnableIPv6: false,
    IPAM: {
      Driver: '',
      Options: {},
      Config: scope.ipam.map((range) => ({
        Subnet: scope.subnet,
        IPRange: range === scope.subnet ? undefined : range,
        Gateway: scope.gateway === '' ? undefined : scope.gateway,
      })),
    },
    ...{ Internal: scope.internal ?? false, Attachable: false },
    Containers: Object.fromEntries(containers),
    Options: {},
    Labels: networkLabels(scope),
  };
}

export function labelAnnotations(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { [LABELS]: Buffer.from(JSON.stringify(labels)).toString('base64') };
}

export function networkLabels({ annotations }: Pick<ScopeInfo, 'annotations'>): Readonly<Record<string, string>> {
  const stored = annotations?.[LABELS];
  if (stored === undefined) return {};
  try {
    return JSON.parse(Buffer.from(stored, 'base64').toString('utf8')) as Readonly<Record<string, string>>;
  } catch {
    return {};
  }
}
