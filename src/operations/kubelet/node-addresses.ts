import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { KubeletTools } from './port.ts';

/** The address of the back end is the node's: the kubelet lives there, or close to it. */
export async function addressesOf(host: string, tools: KubeletTools): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return await tools.kubelet.resolveHost(host);
  } catch (error) {
    throw new VickError('KUBELET_CONFIG', `the address of the node cannot be derived: ${host} does not resolve: ${messageOf(error)}`, {
      hint: 'Set --node-ip.',
      cause: error,
    });
  }
}

/** Of this machine, without its loopback and the bridges of engines; one per family, IPv4 first. */
export function ownAddresses(): readonly string[] {
  const own = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(docker|br-|veth|cni|podman|virbr)/.test(name))
    .flatMap(([, addresses = []]) => addresses)
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const first = (['IPv4', 'IPv6'] as const).flatMap((family) => own.find((one) => one.family === family)?.address ?? []);
  return first.length === 0 ? ['127.0.0.1'] : first;
}
