/** Cluster IPs from 10.96.0.0/16 and node ports from 30000–32767, each given to one service. */
import type { Draft, RequestContext } from '../../resource.ts';
import type { JsonMap } from '../fields.ts';
import { at, ensureMap, mapsOf, numberOf, textOf, textsOf } from '../fields.ts';
import { invalidValue, throwIfInvalid } from '../problems.ts';

const KEY = { group: '', resource: 'services' };
const SERVICE = { group: '', kind: 'Service' } as const;
const PREFIX = '10.96.';
const NODE_PORTS = { first: 30_000, last: 32_767 };

/** Fills in what the server chooses. 422 when a chosen address or port is taken or out of range. */
export function allocateAddresses(draft: Draft, stored: Draft | undefined, context: RequestContext): void {
  const spec = ensureMap(draft, 'spec');
  const others = context.store.list(KEY).filter((service) => service.metadata.uid !== draft.metadata.uid);
  if (spec['type'] === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']) Reflect.deleteProperty(spec, field);
    return;
  }
  keepAddress(spec, stored);
  const wanted = textOf(spec['clusterIP']) === '' ? textsOf(spec['clusterIPs'])[0] : textOf(spec['clusterIP']);
  const address = wanted ?? freeAddress(others, context);
  if (wanted !== undefined && wanted !== 'None') checkAddress(draft, wanted, others);
  spec['clusterIP'] = address;
  spec['clusterIPs'] = [address];
  spec['ipFamilies'] ??= ['IPv4'];
  spec['ipFamilyPolicy'] ??= 'SingleStack';
  if (needsNodePorts(spec)) allocateNodePorts(draft, spec, others);
}

function keepAddress(spec: JsonMap, stored: Draft | undefined): void {
  const before = at(stored, 'spec', 'clusterIP');
  if (typeof before === 'string' && before !== '' && textOf(spec['clusterIP']) === '' && textsOf(spec['clusterIPs']).length === 0) spec['clusterIP'] = before;
  for (const port of mapsOf(spec['ports'])) {
    const same = mapsOf(at(stored, 'spec', 'ports')).find((old) => old['port'] === port['port'] && old['protocol'] === port['protocol']);
    if (same !== undefined && needsNodePorts(spec) && (numberOf(port['nodePort']) ?? 0) === 0 && same['nodePort'] !== undefined) {
      port['nodePort'] = same['nodePort'];
    }
  }
}

function checkAddress(draft: Draft, address: string, others: readonly Draft[]): void {
  const field = 'spec.clusterIPs';
  const shown = [address];
  if (!/^\d+(\.\d+){3}$/.test(address)) return;
  if (!address.startsWith(PREFIX)) {
    throwIfInvalid(SERVICE, draft, [invalidValue(field, shown, `failed to allocate IP ${address}: the provided network does not match the current range`)]);
  }
  if (others.some((service) => at(service, 'spec', 'clusterIP') === address)) {
    throwIfInvalid(SERVICE, draft, [invalidValue(field, shown, `failed to allocate IP ${address}: provided IP is already allocated`)]);
  }
}

function freeAddress(others: readonly Draft[], context: RequestContext): string {
  const taken = new Set(others.map((service) => textOf(at(service, 'spec', 'clusterIP'))));
  const start = 1 + Math.floor(context.random.fraction() * 65_533);
  for (let step = 0; step < 65_533; step += 1) {
    const host = ((start + step - 1) % 65_533) + 1;
    const address = `${PREFIX}${host >> 8}.${host & 255}`;
    if (host > 1 && !taken.has(address)) return address;
  }
  throw new Error('no cluster IP is free');
}

function needsNodePorts(spec: JsonMap): boolean {
  return spec['type'] === 'NodePort' || (spec['type'] === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false);
}

function allocateNodePorts(draft: Draft, spec: JsonMap, others: readonly Draft[]): void {
  const taken = new Set(others.flatMap((service) => mapsOf(at(service, 'spec', 'ports')).map((port) => numberOf(port['nodePort']))));
  for (const [index, port] of mapsOf(spec['ports']).entries()) {
    const wanted = numberOf(port['nodePort']) ?? 0;
    if (wanted !== 0 && taken.has(wanted)) {
      throwIfInvalid(SERVICE, draft, [invalidValue(`spec.ports[${index}].nodePort`, wanted, 'provided port is already allocated')]);
    }
    if (wanted !== 0 && (wanted < NODE_PORTS.first || wanted > NODE_PORTS.last)) {
      const range = `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`;
      throwIfInvalid(SERVICE, draft, [invalidValue(`spec.ports[${index}].nodePort`, wanted, range)]);
    }
    let chosen = wanted === 0 ? NODE_PORTS.first : wanted;
    while (wanted === 0 && taken.has(chosen)) chosen += 1;
    port['nodePort'] = chosen;
    taken.add(chosen);
  }
}
