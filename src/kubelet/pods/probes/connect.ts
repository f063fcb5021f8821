import { connect, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HandlerTarget } from './handler.ts';

/**
 * A connection to a port of the pod's address, or to another host as seen from this machine when one is named.
 * Rejects when nothing listens, and with the signal's reason when it aborts.
 */
export async function connectTo(target: HandlerTarget, host: string | undefined, port: number, signal: AbortSignal): Promise<Duplex> {
  signal.throwIfAborted();
  if (host !== undefined && host !== '') return direct(host, port, signal);
  if (target.network === undefined) throw new Error('this node cannot reach the network of its pods');
  return target.network.connect({ uid: target.pod.metadata?.uid ?? '', port, via: 'address', container: target.container.name }, signal);
}

/** `host:port`, with IPv6 addresses in brackets. */
export function authority(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
}

function direct(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: host.replace(/^\[(.*)\]$/, '$1'), port });
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      // Several addresses that were tried in vain make an error without a message.
      const { message, code = 'failed' } = error as NodeJS.ErrnoException;
      reject(message === '' ? new Error(`connect ${code} ${authority(host, port)}`, { cause: error }) : error);
    });
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
