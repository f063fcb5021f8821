/** Looks at an API server step by step, as a client without credentials: name, connection, TLS, readiness, clock. */
import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { messageOf } from '../../errors/vick-error.ts';

export interface ProbeTarget {
  /** `https://host:port/path` */
  readonly server: string;
  readonly caPem: string | undefined;
  readonly tlsServerName: string | undefined;
}

/** What was seen, as far as it went: a step that failed has `error`, those after it are absent. */
export interface ServerProbe {
  readonly dns: { readonly addresses: readonly string[] } | { readonly error: string };
  readonly tcp?: { readonly address: string } | { readonly error: string };
  readonly tls?:
    | { readonly protocol: string; readonly names: string; readonly validTo: number; /** Why it is not trusted. */ readonly untrusted: string | undefined }
    | { readonly error: string };
  readonly ready?:
    | { readonly status: number; readonly body: string; /** The server's Date, milliseconds since the epoch. */ readonly date: number | undefined }
    | { readonly error: string };
}

const LIMIT_MS = 8000;
const MAX_BODY = 2000;

export async function probeServer(target: ProbeTarget, signal: AbortSignal): Promise<ServerProbe> {
  const url = new URL(target.server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
  const dns = await attempt(async () => ({ addresses: (await lookup(host, { all: true })).map(({ address }) => address) }));
  signal.throwIfAborted();
  if ('error' in dns) return { dns };
  const tcp = await firstThatConnects(dns.addresses, port, signal);
  signal.throwIfAborted();
  if ('error' in tcp) return { dns, tcp };
  const tls = url.protocol === 'http:' ? undefined : await attempt(() => handshake(target, host, tcp.address, port, signal));
  signal.throwIfAborted();
  if (tls !== undefined && 'error' in tls) return { dns, tcp, tls };
  const ready = await attempt(() => askReady(target, url, signal));
  signal.throwIfAborted();
  return { dns, tcp, ...(tls === undefined ? {} : { tls }), ready };
}

async function firstThatConnects(addresses: readonly string[], port: number, signal: AbortSignal): Promise<{ address: string } | { error: string }> {
  const failures: string[] = [];
  for (const address of addresses) {
    const result = await attempt(() => connects(address, port, signal));
    if (!('error' in result)) return { address };
    failures.push(result.error);
  }
  return { error: failures.join('; ') || 'the name has no address' };
}

async function connects(address: string, port: number, signal: AbortSignal): Promise<object> {
  return await new Promise((resolve, reject) => {
    const socket = connectTcp({ host: address, port, timeout: LIMIT_MS, signal });
    socket.once('timeout', () => socket.destroy(new Error(`${address}:${port} does not answer within ${LIMIT_MS / 1000} s`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve({});
    });
  });
}

async function handshake(target: ProbeTarget, host: string, address: string, port: number, signal: AbortSignal): Promise<NonNullable<ServerProbe['tls']>> {
  const name = target.tlsServerName ?? host;
  const isName = /[a-z]/i.test(name) && !name.includes(':');
  return await new Promise((resolve, reject) => {
    const socket: TLSSocket = connectTls({
      host: address,
      port,
      timeout: LIMIT_MS,
      rejectUnauthorized: false,
      ...(target.caPem === undefined ? {} : { ca: target.caPem }),
      ...(isName ? { servername: name } : {}),
      // Without a name in the handshake the check would be of the address that was dialled; it must be of what was asked for.
      checkServerIdentity: () => undefined,
    });
    const stop = (): void => void socket.destroy(new Error('cancelled'));
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => {
      signal.removeEventListener('abort', stop);
    });
    socket.once('timeout', () => socket.destroy(new Error(`no TLS within ${LIMIT_MS / 1000} s`)));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const peer = socket.getPeerX509Certificate();
      const trust = socket.authorizationError as Error | string | undefined | null;
      const mismatch =
        peer === undefined || (isName ? peer.checkHost(name) : peer.checkIP(name)) !== undefined
          ? undefined
          : `the certificate is for other names than ${name}`;
      const untrusted = trust === undefined || trust === null ? mismatch : typeof trust === 'string' ? trust : messageOf(trust);
      const names = peer?.subjectAltName ?? (socket.getPeerCertificate() as Partial<PeerCertificate>).subject?.CN ?? '';
      resolve({ protocol: socket.getProtocol() ?? '', names: String(names), validTo: Date.parse(peer?.validTo ?? ''), untrusted });
      socket.destroy();
    });
  });
}

async function askReady(target: ProbeTarget, url: URL, signal: AbortSignal): Promise<NonNullable<ServerProbe['ready']>> {
  const path = `${url.pathname.replace(/\/+$/, '')}/readyz`;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method: 'GET', timeout: LIMIT_MS, signal, agent: false, rejectUnauthorized: false } as const;
    const name = target.tlsServerName === undefined ? {} : { servername: target.tlsServerName };
    const to = new URL(path, url.origin);
    const call = url.protocol === 'http:' ? httpRequest(to, options) : httpsRequest(to, { ...options, ...name });
    call.once('timeout', () => call.destroy(new Error(`no answer within ${LIMIT_MS / 1000} s`)));
    call.once('error', reject);
    call.once('response', resolve);
    call.end();
  });
  let body = '';
  for await (const chunk of response) {
    body += String(chunk);
    if (body.length > MAX_BODY) break;
  }
  const date = Date.parse(response.headers.date ?? '');
  return { status: response.statusCode ?? 0, body: body.slice(0, MAX_BODY), date: Number.isNaN(date) ? undefined : date };
}

async function attempt<T>(work: () => Promise<T>): Promise<T | { readonly error: string }> {
  try {
    return await work();
  } catch (error) {
    return { error: messageOf(error) };
  }
}
