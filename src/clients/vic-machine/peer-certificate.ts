/** The certificate that a vSphere target shows, before anything is sent to it. */
import { isIP } from 'node:net';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';

export interface PeerCertificateFacts {
  /** SHA-1, upper-case hex pairs with colons: the only form vic-machine compares equal. */
  readonly thumbprint: string;
  /** The same of SHA-256, for people who compare with a newer display. */
  readonly sha256: string;
  readonly subject: string;
  readonly validUntil: string;
  /** Why it does not verify with the roots of this machine; undefined: it does. */
  readonly problem: string | undefined;
}

export interface PeerPlace {
  readonly host: string;
  readonly port: number;
}

/** Undefined where no TLS connection comes about within the limit: who it was cannot be said then. Never throws but for an aborted signal. */
export async function fetchPeerCertificate(
  { host, port }: PeerPlace,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<PeerCertificateFacts | undefined> {
  options.signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) });
    const abort = (): void => {
      socket.destroy();
      reject(options.signal?.reason as Error);
    };
    const settle = (facts: PeerCertificateFacts | undefined): void => {
      options.signal?.removeEventListener('abort', abort);
      socket.destroy();
      resolve(facts);
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    // A timeout of the socket is one of idleness; a TLS handshake that makes no progress is idle.
    socket.setTimeout(options.timeoutMs, () => {
      settle(undefined);
    });
    socket.once('secureConnect', () => {
      settle(factsOf(socket));
    });
    socket.once('error', () => {
      settle(undefined);
    });
    socket.once('close', () => {
      settle(undefined);
    });
  });
}

function factsOf(socket: TLSSocket): PeerCertificateFacts | undefined {
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate>;
  const { fingerprint, fingerprint256 } = certificate;
  if (fingerprint === undefined || fingerprint256 === undefined) return undefined;
  const error: unknown = socket.authorizationError;
  const problem = socket.authorized ? undefined : error instanceof Error ? error.message : typeof error === 'string' ? error : 'it does not verify';
  return {
    thumbprint: fingerprint.toUpperCase(),
    sha256: fingerprint256.toUpperCase(),
    subject: nameOf(certificate),
    validUntil: certificate.valid_to ?? '',
    problem,
  };
}

function nameOf({ subject }: Partial<PeerCertificate>): string {
  const parts = Object.entries(subject ?? {}).map(([key, value]) => `${key}=${Array.isArray(value) ? value.join('+') : String(value)}`);
  // What a stranger wrote must not move the cursor.
  return parts.join(', ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
