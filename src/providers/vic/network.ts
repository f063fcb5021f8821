import { connect, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { PodNetwork } from '../../kubelet/capabilities.ts';
import type { VicContext } from './vm/context.ts';
import { vmOfPort } from './plan/pod-parts.ts';
import { addressesOf, isPoweredOn } from './vm/observe.ts';

/**
 * Connections to the address of a pod's VM, or of that of the container whose port it is, as from any machine of its network. Nothing of a VCH leads to the loopback
 * interface inside: a program that listens there alone is not reached.
 */
export function podNetwork({ vmsOf, portLayer }: Pick<VicContext, 'vmsOf' | 'portLayer'>): PodNetwork {
  return {
    connect: async ({ uid, port, via, container }, signal) => {
      const vm = vmOfPort(await vmsOf(uid, signal), port, container);
      const [address] = vm === undefined || !isPoweredOn(vm.info) ? [] : addressesOf(vm.info);
      if (address === undefined) throw new Error(`the pod ${uid} has no address at the moment`);
      const { podsAt = address } = await portLayer.features(signal);
      try {
        return await dial(podsAt, port, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (via === 'address') throw error;
        throw new Error(`nothing can be reached at ${address}:${String(port)}; what listens on 127.0.0.1 alone cannot be reached in a pod VM`, {
          cause: error,
        });
      }
    },
  };
}

/** From this machine, which must have a route: the endpoint VM has one to the bridge network. */
function dial(address: string, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket: Socket = connect({ host: address, port });
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('error');
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle();
      const host = isIPv6(address) ? `[${address}]` : address;
      reject(error.message === '' ? new Error(`connect ${error.code ?? 'failed'} ${host}:${String(port)}`, { cause: error }) : error);
    });
  });
}
