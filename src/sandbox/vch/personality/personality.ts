/** The Docker personality of a VCH as a server: listening, TLS, its parts. What calls do is in api.ts. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Log } from '../../../platform/log.ts';
import type { EndpointTls } from '../host.ts';
import type { Registry } from '../catalogue.ts';
import { closeServer, listen } from '../listen.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { PersonalityParts } from './api.ts';
import { EventLog } from './event-log.ts';
import { monitorContainers } from './event-monitor.ts';
import { ImageCache } from './images.ts';
import { serve, upgradeExchange } from './serve.ts';

export interface PersonalityOptions {
  /** Of the port layer beneath. */
  readonly state: PortLayerState;
  readonly portLayer: string;
  readonly registry: Registry;
  readonly tls: EndpointTls;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
}

export interface RunningPersonality {
  readonly host: string;
  readonly port: number;
  readonly cache: ImageCache;
  stop(): Promise<void>;
}

/** Rejects when the address cannot be listened at, or the certificate is not usable. */
export async function startPersonality(options: PersonalityOptions): Promise<RunningPersonality> {
  const cache = new ImageCache(options.state.kv, options.state.images);
  cache.load();
  const { state, registry, portLayer, log } = options;
  const parts: PersonalityParts = { state, cache, registry, portLayer, created: new Map(), execs: new Map(), events: new EventLog(state.clock) };
  const listener: RequestListener = (request, response) => {
    void serve(parts, { request, response, upgrade: undefined }, log);
  };
  const { tls } = options;
  const server =
    tls.mode === 'none'
      ? createServer({ requestTimeout: 0 }, listener)
      : createTlsServer(
          {
            cert: tls.certificate,
            key: tls.key,
            minVersion: 'TLSv1.2',
            requestTimeout: 0,
            // A client that has sent all its input waits for the output; without TLS this is so anyway.
            allowHalfOpen: true,
            ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          },
          listener,
        );
  const connections = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  // Half open, it would stay for ever.
  server.on('tlsClientError', (_error: Error, socket: Duplex) => {
    socket.destroy();
  });
  server.on('upgrade', (request, socket, head) => {
    void serve(parts, upgradeExchange(request, socket, head), log);
  });
  await listen(server, options.host, options.port);
  const unwatch = monitorContainers(parts);
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    cache,
    stop: async () => {
      unwatch();
      const closed = closeServer(server);
      // Also those that are no HTTP connections any more, or not yet.
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}
