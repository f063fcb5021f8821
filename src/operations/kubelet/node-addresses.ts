import { isIP } from 'node:net';
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
