import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../../../platform/clock.ts';
import type { CertificatePair } from '../../certificates.ts';
import { dialReason } from '../../vsphere/vic-machine/go-errors.ts';

/** Where a backend listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** How long a connection may take to come about (k8s.io/kubernetes pkg/kubelet/client). */
const DIAL_MS = 30_000;
const KEEP_ALIVE_MS = 30_000;

/** No connection; the message has the words of Go's net package, which users search for. */
export class DialError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DialError';
  }
}

/** Opens a TCP connection. Rejects with DialError, or with the signal's reason. */
export function dialTcp(place: Place, clock: Clock, signal: AbortSignal): Promise<Socket> {
  return settled(connectTcp(place), 'connect', place, clock, signal);
}

/**
 * Opens a TLS connection. The server's certificate is not judged, as kube-apiserver does unless it runs with
 * `--kubelet-certificate-authority`; ours is shown when given.
 */
export function dialTls(place: Place, identity: CertificatePair | undefined, clock: Clock, signal: AbortSignal): Promise<TLSSocket> {
  const socket = connectTls({
    ...place,
    ...(isIP(place.host) === 0 ? { servername: place.host } : {}),
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  return settled(socket, 'secureConnect', place, clock, signal);
}

/** TLS over a connection that is there already; failures of the handshake are those of its first use. */
export function secured(connection: Duplex): Duplex {
  return connectTls({ socket: connection, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
}

/** `10.0.0.1:10250`, `[::1]:10250` (Go's net.JoinHostPort). */
export function hostPort({ host, port }: Place): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function settled<S extends Socket>(socket: S, event: 'connect' | 'secureConnect', place: Place, clock: Clock, signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
    };
    const fail = (error: Error): void => {
      end();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason as Error);
    const onError = (error: Error): void => fail(new DialError(dialReason(error, { ...place, host: bracketed(place.host) })));
    const onClose = (): void => fail(new DialError('EOF'));
    const cancel = clock.schedule(DIAL_MS, () => fail(new DialError(`dial tcp ${hostPort(place)}: i/o timeout`)));
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once(event, () => {
      end();
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
