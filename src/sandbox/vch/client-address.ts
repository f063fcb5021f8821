/** Addresses on which endpoint VMs serve: one of 127/8 for each where the system has them all, else 127.0.0.1 for everybody. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { closeServer, listen } from './listen.ts';

export interface ClientAddress {
  readonly host: string;
  /** Whether the well-known ports can be used there; otherwise every port is any free one. */
  readonly wellKnownPorts: boolean;
}

const ATTEMPTS = 64;

/**
 * Candidates for a VM, best first: the same VM gets the same address again unless somebody else took it. Yields an
 * address only if all of `ports` can be listened at there this moment.
 */
export async function* clientAddresses(biosUuid: string, ports: readonly number[]): AsyncGenerator<ClientAddress> {
  const seed = createHash('sha256').update(biosUuid).digest();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const [a = 0, b = 0, c = 0] = attempt === 0 ? seed : createHash('sha256').update(seed).update(String(attempt)).digest();
    // 127.64.0.0 and up, away from what people use by hand; no .0 and no .255 at the end.
    const host = `127.${String(64 + (a % 64))}.${String(b)}.${String(1 + (c % 254))}`;
    const free = await canListen(host, ports);
    if (free === 'no-such-address') break;
    if (free === 'free') yield { host, wellKnownPorts: true };
  }
  yield { host: '127.0.0.1', wellKnownPorts: false };
}

async function canListen(host: string, ports: readonly number[]): Promise<'free' | 'taken' | 'no-such-address'> {
  for (const port of ports) {
    const server = createServer();
    try {
      await listen(server, host, port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'EADDRINUSE' || code === 'EACCES' ? 'taken' : 'no-such-address';
    } finally {
      await closeServer(server);
    }
  }
  return 'free';
}
