/**
 * The kubelet's HTTPS server, port 10250: what the API server, metrics-server and dashboards ask of a node. Every
 * request is authenticated and authorised before anything else is looked at.
 */
import { constants } from 'node:crypto';
import { ServerResponse, type IncomingMessage } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { ProbeCount } from '../pods/probes/probe-counts.ts';
import type { PodProvider } from '../provider.ts';
import type { AccessReviews } from '../trust.ts';
import { createAuthenticator } from './authentication.ts';
import { createAuthorizer } from './authorization.ts';
import { StrangeConnections } from './connections.ts';
import { handlerOf, type Handler } from './handlers.ts';
import { createKubeletMetrics } from './stats/kubelet-metrics.ts';

/** PEM texts of what the server shows its callers. */
export interface ServingPair {
  readonly certificate: string;
  readonly key: string;
}

export interface KubeletServerOptions {
  readonly nodeName: string;
  /** Default: every address of the machine. */
  readonly address?: string;
  /** 0: any free one. */
  readonly port: number;
  /** Any free port when that one is taken. */
  readonly orAnyPort?: boolean;
  readonly provider: Pick<PodProvider, 'logs' | 'exec' | 'attach' | 'network' | 'stats' | 'list' | 'status'>;
  /** The pods of this node with their newest status. */
  readonly pods: () => readonly Pod[];
  readonly reviews: AccessReviews;
  readonly certificate: ServingPair;
  /** PEM bundle that client certificates are judged by; absent: none is believed. */
  readonly clientCa?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What `/metrics/probes` tells. */
  readonly probeCounts?: () => readonly ProbeCount[];
  /** What `/configz` answers. */
  readonly configuration?: () => object;
  /** Milliseconds; default 4 hours. */
  readonly streamIdleMs?: number;
  /** Milliseconds; default 30 seconds. */
  readonly streamCreationMs?: number;
  readonly limits?: Partial<ServerLimits>;
}

export interface ServerLimits {
  /** Connections in all. */
  readonly connections: number;
  /** Connections whose caller is not known yet. */
  readonly strangers: number;
  /** Milliseconds for the TLS handshake, and again for the head of a request. */
  readonly helloMs: number;
}

export interface KubeletServer {
  /** Listens; resolves with the port. KUBELET_CONFIG when it cannot. */
  listen(): Promise<number>;
  /** For connections from now on. */
  setCertificate(pair: ServingPair): void;
  setClientCa(pem: string | undefined): void;
  /** Takes no more connections and ends those there are. */
  close(): Promise<void>;
}

const LIMITS: ServerLimits = { connections: 4096, strangers: 256, helloMs: 10_000 };
const HEADER_BYTES = 32 * 1024;
const KEEP_ALIVE_MS = 30_000;
const STREAM_IDLE_MS = 4 * 60 * 60_000;
const STREAM_CREATION_MS = 30_000;

export async function createKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { clock, log } = options;
  const limits = { ...LIMITS, ...options.limits };
  let { certificate, clientCa } = options;
  const abort = new AbortController();
  const strangers = new StrangeConnections(limits.strangers);
  const open = new Set<Socket>();
  const handler = handlerOf({
    ...options,
    idleMs: options.streamIdleMs ?? STREAM_IDLE_MS,
    creationMs: options.streamCreationMs ?? STREAM_CREATION_MS,
    authenticate: createAuthenticator({ reviews: options.reviews, clock, hasClientCa: () => clientCa !== undefined }),
    authorize: createAuthorizer(options.reviews, options.nodeName, clock),
    metrics: await createKubeletMetrics(options.nodeName, options.pods),
    onKnown: (socket) => strangers.known(socket),
    signal: abort.signal,
  });
  const server = createServer({
    ...tlsOptions(certificate, clientCa),
    maxHeaderSize: HEADER_BYTES,
    handshakeTimeout: limits.helloMs,
    connectionsCheckingInterval: limits.helloMs,
  });
  server.maxConnections = limits.connections;
  server.headersTimeout = limits.helloMs;
  server.requestTimeout = 3 * limits.helloMs;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    strangers.add(socket);
  });
  server.on('tlsClientError', (error: Error) => log.debug('a TLS handshake has failed', { error: error.message }));
  serve(server, handler);
  const renew = (): void => server.setSecureContext(tlsOptions(certificate, clientCa));
  return {
    listen: () => listen(server, options),
    setCertificate: (pair) => {
      certificate = pair;
      renew();
    },
    setClientCa: (pem) => {
      clientCa = pem;
      renew();
    },
    close: async () => {
      abort.abort(new Error('the kubelet is stopping'));
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** An upgrade is answered by the same handler: on its socket it may be refused in plain HTTP. */
function serve(server: Server, handler: Handler): void {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => void handler(request, response));
  server.on('upgrade', (request: IncomingMessage, _duplex: Duplex, head: Buffer) => {
    const { socket } = request;
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    socket.on('error', () => undefined);
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    void handler(request, response, {
      head,
      take: () => {
        response.detachSocket(socket);
        socket.setTimeout(0);
        return socket;
      },
    });
  });
}

function tlsOptions({ certificate, key }: ServingPair, clientCa: string | undefined): ServerOptions {
  return {
    cert: certificate,
    key,
    // An empty list, not an absent one: that would be the authorities of the Web.
    ca: clientCa === undefined ? [] : [clientCa],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    // Every connection shows its certificate anew: a resumed one would outlive a change of authorities.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

async function listen(server: Server, { address, port, orAnyPort = false, log }: KubeletServerOptions): Promise<number> {
  try {
    return await listenOn(server, address, port);
  } catch (error) {
    if (orAnyPort && port !== 0 && (error as { readonly code?: unknown }).code === 'EADDRINUSE') {
      log.warn('the port of the kubelet API is taken; another one is served', { port });
      return listenOn(server, address, 0);
    }
    const where = `${address ?? ''}:${port}`;
    const hint = 'Choose another port with --port, 0 for any free one, or none.';
    throw new VickError('KUBELET_CONFIG', `the kubelet cannot listen on ${where}: ${messageOf(error)}`, { hint, cause: error });
  }
}

function listenOn(server: Server, address: string | undefined, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
