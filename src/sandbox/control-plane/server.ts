import { ServerResponse, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { VickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { silentLog, type Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { createAuthority, type CertificatePair } from '../certificates.ts';
import { kubeconfigText } from './authn/kubeconfig.ts';
import { createTokenRegistry, type TokenRegistry } from './authn/tokens.ts';
import { createAuthorizer } from './authz/authorizer.ts';
import { BUILT_IN_GRANTS, type Grant } from './authz/rules.ts';
import { bootstrapCluster } from './bootstrap.ts';
import type { Upgrade } from './connect/parts.ts';
import { withContexts } from './context.ts';
import type { DiscoverySource } from './discovery-source.ts';
import { createHandler } from './handler.ts';
import { collectGarbage } from './lifecycle/garbage-collector.ts';
import { signCertificates } from './lifecycle/certificates.ts';
import { drainNamespaces } from './lifecycle/namespaces.ts';
import { Registry } from './registry.ts';
import type { ResourceDefinition } from './resource.ts';
import { ObjectStore } from './store/object-store.ts';

export interface ControlPlaneOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  readonly definitions: readonly ResourceDefinition[];
  readonly discovery?: DiscoverySource;
  /** Loopback by default; other addresses must be in `names`. */
  readonly host?: string;
  /** 0 (default) takes a free port. */
  readonly port?: number;
  /** Further host names and addresses that the server certificate is for. */
  readonly names?: readonly string[];
  /** Nodes and pods are those of a sandbox: the former on loopback addresses, the latter reached through their kubelets only. */
  readonly isSandbox?: boolean;
  /** What users other than system:masters and nodes may do. */
  readonly grants?: readonly Grant[];
}

/** Who a client certificate is for: its common name and its organizations. */
interface ClientIdentity {
  readonly user: string;
  readonly groups: readonly string[];
}

/** A running control plane. Its state lives in memory and ends with `stop`. */
export interface ControlPlane {
  readonly url: string;
  readonly caPem: string;
  /** Bearer tokens: `tokens.add(token, user)` makes one valid. */
  readonly tokens: TokenRegistry;
  /** Valid for `validForMs` from now (default one year). */
  issueClientCertificate(identity: ClientIdentity, validForMs?: number): Promise<CertificatePair>;
  /** A kubeconfig of a cluster administrator (group system:masters); the same credential at every call. */
  adminKubeconfig(): string;
  /** A kubeconfig for any credential of this control plane. */
  kubeconfig(userName: string, credential: CertificatePair | { readonly token: string }): string;
  /** Ends watches and connections and frees the port. Safe to call twice. */
  stop(): Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const CA_DAYS = 3650;
/** As kubeadm names it; kubelets let it do anything. */
const KUBELET_CLIENT: ClientIdentity = { user: 'kube-apiserver-kubelet-client', groups: ['system:masters'] };
const ADMIN: ClientIdentity = { user: 'kubernetes-admin', groups: ['system:masters'] };

/** A request's headers may take this much, as with Go's default. */
const MAX_HEADER_BYTES = 1024 * 1024;

/** Starts the embedded control plane on a loopback port. SANDBOX_FAILED when the port cannot be taken. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { clock, random, definitions, host = '127.0.0.1' } = options;
  const log = options.log ?? silentLog;
  const authority = await createAuthority({ commonName: 'vick-sandbox-ca', now: clock.now(), validDays: CA_DAYS });
  const serverPair = await authority.issueServer({
    commonName: 'kube-apiserver',
    names: [...new Set(['localhost', '127.0.0.1', '::1', 'kubernetes.default.svc', host, ...(options.names ?? [])])],
    now: clock.now(),
  });
  const issueClientCertificate: ControlPlane['issueClientCertificate'] = ({ user, groups }, validForMs) =>
    authority.issueClient({
      commonName: user,
      organizations: groups,
      now: clock.now(),
      ...(validForMs === undefined ? {} : { validDays: validForMs / DAY_MS }),
    });
  const admin = await issueClientCertificate(ADMIN);
  const store = new ObjectStore();
  const tokens = createTokenRegistry(clock, random, store);
  const grants = [...BUILT_IN_GRANTS, ...(options.grants ?? [])];
  const authorizer = createAuthorizer(store, grants);
  const engine = withContexts({
    clock,
    random,
    log,
    store,
    registry: new Registry(definitions),
    caCertificate: authority.certificate,
    authorizer,
    mintToken: (grant) => tokens.mint(grant),
  });
  const ending = new AbortController();
  const stops = [drainNamespaces(engine), collectGarbage(engine), signCertificates(engine, authorizer, authority)];
  bootstrapCluster(engine);
  const connect = { store, clock, log, identity: await issueClientCertificate(KUBELET_CLIENT), isSandbox: options.isSandbox ?? false, signal: ending.signal };
  const handler = createHandler({ engine, tokens, grants, authorizer, discovery: options.discovery, connect, signal: ending.signal });
  const server = createServer(
    {
      key: serverPair.key,
      cert: serverPair.certificate,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => handler(request, response),
  );
  server.on('upgrade', (request: IncomingMessage, _socket: Duplex, head: Buffer) => handler(request, ...upgradeOf(request, head)));
  // Watches stay open for as long as the client wishes; nothing else takes long.
  server.requestTimeout = 0;
  const sockets = trackSockets(server);
  const port = await listen(server, host, options.port ?? 0);
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const kubeconfig: ControlPlane['kubeconfig'] = (userName, credential) => kubeconfigText(url, authority.certificate, userName, credential);
  let stopped: Promise<void> | undefined;
  return {
    url,
    caPem: authority.certificate,
    tokens,
    issueClientCertificate,
    adminKubeconfig: () => kubeconfig(ADMIN.user, admin),
    kubeconfig,
    stop: () => {
      stopped ??= close(server, sockets, ending, stops);
      return stopped;
    },
  };
}

/** As long as it is not taken, the connection answers in plain HTTP, once. */
function upgradeOf(request: IncomingMessage, head: Buffer): [ServerResponse, Upgrade] {
  const { socket } = request;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  const take = (): Socket => {
    response.detachSocket(socket);
    socket.setTimeout(0);
    return socket;
  };
  return [response, { head, take }];
}

async function close(server: Server, sockets: ReadonlySet<Socket>, ending: AbortController, stops: readonly (() => void)[]): Promise<void> {
  for (const stop of stops) stop();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  ending.abort();
  server.closeIdleConnections();
  // Watches have been ended; what is still open after their last bytes are out belongs to clients that keep it.
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  for (const socket of sockets) socket.destroySoon();
  await closed;
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return sockets;
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(
        new VickError('SANDBOX_FAILED', `the control plane cannot listen on ${host}:${port}: ${error.message}`, {
          hint: 'Choose another port, or 0 for any free one.',
          cause: error,
        }),
      );
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}
