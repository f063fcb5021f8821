/** Scopes and the addresses reserved in them (vmware/vic lib/portlayer/network). A change of state without I/O. */
import type { Random } from '../../../platform/random.ts';
import { contains, formatAddress, nextFree, overlaps, parseAddress, parseCidr, parseRange, type Range } from './addresses.ts';
import { failed, PortLayerError } from './replies.ts';
import type { EndpointConfig, VmConfig } from './vm-config.ts';

export interface ScopeRequest {
  readonly name: string;
  readonly scopeType: string;
  readonly subnet?: string;
  readonly gateway?: string;
  readonly dns?: readonly string[];
  readonly ipam?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly internal?: boolean;
}

interface Scope {
  readonly id: string;
  readonly name: string;
  readonly type: 'bridge' | 'external';
  readonly builtin: boolean;
  readonly subnet: Range & { readonly prefix: number };
  readonly gateway: number;
  readonly pools: readonly Range[];
  readonly ipam: readonly string[];
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly internal: boolean;
  /** Container id → its address. */
  readonly bound: Map<string, { readonly address: number; readonly name: string; readonly ports: readonly string[] }>;
}

/** Where bridge scopes get their subnets from, and how large each is. */
const BRIDGE_POOL = parseCidr('172.16.0.0/12');
const BRIDGE_PREFIX = 16;

export class NetworkContext {
  private readonly random: Random;
  private readonly scopes = new Map<string, Scope>();

  constructor(random: Random, external: readonly { readonly name: string; readonly subnet: string; readonly gateway: string }[] = []) {
    this.random = random;
    this.add({ name: 'bridge', scopeType: 'bridge' }, 'bridge', true);
    for (const network of external) this.add({ ...network, scopeType: 'external' }, 'external', true);
  }

  names(): readonly string[] {
    return [...this.scopes.keys()];
  }

  isExternal(name: string): boolean {
    return this.scopes.get(name)?.type === 'external';
  }

  /** Gateway as the guest sees it, with the prefix length. */
  gatewayOf(name: string): string {
    const scope = this.scopes.get(name);
    return scope === undefined ? '' : `${formatAddress(scope.gateway)}/${String(scope.subnet.prefix)}`;
  }

  list(): readonly unknown[] {
    return [...this.scopes.values()].map(render);
  }

  /** By name, id, unambiguous id prefix, or `default`. */
  find(idOrName: string): unknown {
    return render(this.need(idOrName, 404));
  }

  create(request: ScopeRequest): unknown {
    if (this.scopes.has(request.name)) throw new PortLayerError(409);
    if (request.scopeType === 'external') throw failed(503, 'cannot create external networks');
    if (request.scopeType !== 'bridge') throw failed(503, 'scope type not supported');
    return render(this.add(request, 'bridge', false));
  }

  remove(idOrName: string): void {
    const scope = this.need(idOrName, 404);
    if (scope.builtin) throw failed(500, 'cannot remove builtin scope');
    if (scope.bound.size > 0) throw failed(500, `${scope.name} has active endpoints`);
    this.scopes.delete(scope.name);
  }

  /** The real name of the scope that a client means. Throws 500: unknown. */
  resolve(name: string): string {
    return this.need(name, 500).name;
  }

  bound(id: string): boolean {
    return [...this.scopes.values()].some((scope) => scope.bound.has(id));
  }

  /** Reserves an address in each of the VM's scopes; what is reserved already stays as it is. All or nothing. */
  bind(config: VmConfig): readonly unknown[] {
    const taken: Scope[] = [];
    try {
      for (const endpoint of config.endpoints) {
        const scope = this.need(endpoint.scope, 500);
        if (scope.bound.has(config.id)) continue;
        scope.bound.set(config.id, { address: reserve(scope, endpoint), name: config.name, ports: endpoint.ports });
        taken.push(scope);
      }
    } catch (error) {
      for (const scope of taken) scope.bound.delete(config.id);
      throw error;
    }
    return this.endpoints(config.id);
  }

  /** Releases; the answer is what was bound. */
  unbind(id: string): readonly unknown[] {
    const endpoints = this.endpoints(id);
    for (const scope of this.scopes.values()) scope.bound.delete(id);
    return endpoints;
  }

  endpoints(id: string): readonly unknown[] {
    return [...this.scopes.values()].flatMap((scope) => (scope.bound.has(id) ? [renderEndpoint(scope, id)] : []));
  }

  /** `address/prefix` by scope. */
  addresses(id: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const scope of this.scopes.values()) {
      const bound = scope.bound.get(id);
      if (bound !== undefined) found.set(scope.name, `${formatAddress(bound.address)}/${String(scope.subnet.prefix)}`);
    }
    return found;
  }

  private need(idOrName: string, status: number): Scope {
    const name = idOrName === 'default' ? 'bridge' : idOrName;
    const byPrefix = [...this.scopes.values()].filter((scope) => name !== '' && scope.id.startsWith(name));
    const scope = this.scopes.get(name) ?? (byPrefix.length === 1 ? byPrefix[0] : undefined);
    if (scope === undefined) throw failed(status, `scope ${idOrName} not found`);
    return scope;
  }

  private add(request: ScopeRequest, type: 'bridge' | 'external', builtin: boolean): Scope {
    const subnet = request.subnet === undefined || request.subnet === '' ? this.nextSubnet() : parseCidr(request.subnet);
    if (subnet === undefined) throw failed(503, `invalid CIDR address: ${request.subnet ?? ''}`);
    const other = [...this.scopes.values()].find((scope) => overlaps(scope.subnet, subnet));
    if (other !== undefined) throw failed(503, `subnet ${cidr(subnet)} overlaps with scope ${other.name} subnet ${cidr(other.subnet)}`);
    const gateway = request.gateway === undefined || request.gateway === '' ? subnet.first + 1 : parseAddress(request.gateway);
    if (gateway === undefined || !contains(subnet, gateway)) throw failed(503, `gateway ${request.gateway ?? ''} is not in subnet ${cidr(subnet)}`);
    const ipam = request.ipam === undefined || request.ipam.length === 0 ? [cidr(subnet)] : request.ipam;
    const pools = ipam.map((text) => {
      const range = parseRange(text);
      if (range === undefined || !contains(subnet, range.first) || !contains(subnet, range.last)) throw failed(503, `invalid IP range ${text}`);
      return range;
    });
    const annotations = request.annotations === undefined || Object.keys(request.annotations).length === 0 ? undefined : request.annotations;
    const scope: Scope = {
      id: this.random.hex(32),
      name: request.name,
      type,
      builtin,
      subnet,
      gateway,
      pools,
      ipam,
      annotations,
      internal: request.internal ?? false,
      bound: new Map(),
    };
    this.scopes.set(scope.name, scope);
    return scope;
  }

  private nextSubnet(): (Range & { readonly prefix: number }) | undefined {
    if (BRIDGE_POOL === undefined) return undefined;
    const size = 2 ** (32 - BRIDGE_PREFIX);
    for (let first = BRIDGE_POOL.first; first < BRIDGE_POOL.last; first += size) {
      const candidate = { first, last: first + size - 1, prefix: BRIDGE_PREFIX };
      if (![...this.scopes.values()].some((scope) => overlaps(scope.subnet, candidate))) return candidate;
    }
    throw failed(503, 'no available subnets');
  }
}

function reserve(scope: Scope, endpoint: EndpointConfig): number {
  const used = new Set([...scope.bound.values()].map((bound) => bound.address));
  used.add(scope.gateway).add(scope.subnet.first).add(scope.subnet.last);
  if (endpoint.address === undefined) {
    const free = nextFree(scope.pools, used);
    if (free === undefined) throw failed(500, 'no available IP addresses');
    return free;
  }
  const wanted = parseAddress(endpoint.address);
  const pool = scope.pools[0];
  if (wanted === undefined || pool === undefined || !scope.pools.some((range) => contains(range, wanted))) {
    const range = pool === undefined ? '' : `${formatAddress(pool.first)} - ${formatAddress(pool.last)}`;
    throw failed(500, `Cannot reserve IP range ${endpoint.address} - ${endpoint.address}.  Not within pool's range ${range}`);
  }
  if (used.has(wanted)) throw failed(500, `Cannot reserve IP range ${endpoint.address} - ${endpoint.address}.  Already in use`);
  return wanted;
}

function render(scope: Scope): unknown {
  return {
    annotations: scope.annotations,
    dns: null,
    endpoints: [...scope.bound.keys()].map((id) => renderEndpoint(scope, id)),
    gateway: formatAddress(scope.gateway),
    id: scope.id,
    internal: scope.internal ? true : undefined,
    ipam: scope.ipam,
    name: scope.name,
    scopeType: scope.type,
    subnet: cidr(scope.subnet),
  };
}

function renderEndpoint(scope: Scope, id: string): unknown {
  const bound = scope.bound.get(id);
  return {
    address: bound === undefined ? '' : formatAddress(bound.address),
    aliases: null,
    container: id,
    gateway: '',
    id,
    name: bound?.name ?? '',
    nameservers: null,
    ports: (bound?.ports ?? []).map((port) => (port.includes(':') ? port : `:${port}`)),
    scope: scope.name,
  };
}

function cidr(range: Range & { readonly prefix: number }): string {
  return `${formatAddress(range.first)}/${String(range.prefix)}`;
}
