import { setMaxListeners } from 'node:events';
import { Pool, ProxyAgent, type Dispatcher } from 'undici';
import type { VickError } from '../../errors/vick-error.ts';
import type { StatusObject } from '../../platform/kubernetes-objects.ts';
import { connectionFailure, refusal, watchRefusal } from './errors.ts';
import { credentialsOf, type Credentials } from './credentials.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { jsonLines } from './json-lines.ts';
import type { ApiRequest, KubernetesApi, WatchEvent } from './port.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_CONNECTIONS = 16;
const URGENT_CONNECTIONS = 4;

/** A client for the server of `kubeconfig`, authenticated as its user. Opens no connection by itself. */
export async function connect(kubeconfig: Kubeconfig): Promise<KubernetesApi> {
  const credentials = await credentialsOf(kubeconfig);
  const base = new URL(kubeconfig.cluster.server);
  const dispatchers = {
    requests: createDispatcher(kubeconfig, base, credentials, REQUEST_CONNECTIONS),
    urgent: createDispatcher(kubeconfig, base, credentials, URGENT_CONNECTIONS),
    watches: createDispatcher(kubeconfig, base, credentials, null),
  };
  return new UndiciKubernetesApi(kubeconfig.cluster.server, base, dispatchers, credentials);
}

/**
 * HTTP/1.1 connections: one TLS handshake serves many requests. A watch has its connection to itself, so watches are
 * not counted among those that requests share: sixteen of them would otherwise leave none.
 */
interface Dispatchers {
  readonly requests: Dispatcher;
  readonly urgent: Dispatcher;
  readonly watches: Dispatcher;
}

function createDispatcher(kubeconfig: Kubeconfig, base: URL, credentials: Credentials, connections: number | null): Dispatcher {
  const { cluster } = kubeconfig;
  const tls = {
    rejectUnauthorized: !cluster.insecureSkipTlsVerify,
    ...(cluster.caPem === undefined ? {} : { ca: cluster.caPem }),
    ...(credentials.certificatePem === undefined ? {} : { cert: credentials.certificatePem }),
    ...(credentials.keyPem === undefined ? {} : { key: credentials.keyPem }),
    ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
  };
  if (cluster.proxyUrl !== undefined) return new ProxyAgent({ uri: cluster.proxyUrl, requestTls: tls });
  return new Pool(base.origin, { connections, connect: { ...tls, timeout: CONNECT_TIMEOUT_MS }, allowH2: false });
}

class UndiciKubernetesApi implements KubernetesApi {
  readonly server: string;
  readonly #base: URL;
  readonly #dispatchers: Dispatchers;
  readonly #credentials: Credentials;

  constructor(server: string, base: URL, dispatchers: Dispatchers, credentials: Credentials) {
    this.server = server;
    this.#base = base;
    this.#dispatchers = dispatchers;
    this.#credentials = credentials;
  }

  async request<T>(request: ApiRequest, signal?: AbortSignal): Promise<T> {
    return JSON.parse(await this.requestText(request, signal)) as T;
  }

  async requestText(request: ApiRequest, signal?: AbortSignal): Promise<string> {
    const { requests, urgent } = this.#dispatchers;
    const response = await this.#send(request.urgent === true ? urgent : requests, request, request.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal);
    const body = await this.#guard(() => response.body.text(), signal);
    if (response.statusCode >= 300) throw refused(response, body, `${request.method} ${request.path}`);
    return body;
  }

  async *watch<T>(request: ApiRequest, signal: AbortSignal, onOpen?: () => void): AsyncIterable<WatchEvent<T>> {
    // No body timeout: a quiet watch is healthy. Who watches decides when silence is too long.
    const response = await this.#send(this.#dispatchers.watches, request, 0, signal);
    if (response.statusCode >= 300) {
      throw refused(response, await this.#guard(() => response.body.text(), signal), `watch ${request.path}`);
    }
    onOpen?.();
    try {
      for await (const event of jsonLines(response.body)) {
        const { type, object } = event as { type: string; object: unknown };
        if (type === 'ERROR') throw watchRefusal(object as StatusObject, `watch ${request.path}`);
        yield event as WatchEvent<T>;
      }
    } catch (error) {
      throw this.#translate(error, signal);
    } finally {
      response.body.destroy();
    }
  }

  async close(): Promise<void> {
    const { requests, urgent, watches } = this.#dispatchers;
    await Promise.all([requests.destroy(), urgent.destroy(), watches.destroy()]);
  }

  async #send(dispatcher: Dispatcher, request: ApiRequest, timeoutMs: number, signal: AbortSignal | undefined): Promise<Dispatcher.ResponseData> {
    // One signal ends many requests at once; each of them listens to it.
    if (signal !== undefined) setMaxListeners(0, signal);
    const headers: Record<string, string> = { accept: 'application/json', ...(await this.#credentials.headers()) };
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    if (body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    return this.#guard(
      () =>
        dispatcher.request({
          origin: this.#base.origin,
          method: request.method,
          path: this.#base.pathname.replace(/\/$/, '') + request.path + queryString(request.query),
          headers,
          headersTimeout: timeoutMs === 0 ? DEFAULT_TIMEOUT_MS : timeoutMs,
          bodyTimeout: timeoutMs,
          // Undici would close the connection after a DELETE that has a body.
          reset: false,
          ...(body === undefined ? {} : { body }),
          ...(signal === undefined ? {} : { signal }),
        }),
      signal,
    );
  }

  async #guard<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await work();
    } catch (error) {
      throw this.#translate(error, signal);
    }
  }

  #translate(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true) return signal.reason;
    return error instanceof Error && error.name === 'VickError' ? error : connectionFailure(error, this.server);
  }
}

function refused({ statusCode, headers }: Dispatcher.ResponseData, body: string, request: string): VickError {
  const text = (name: string): string | undefined => [headers[name]].flat()[0];
  return refusal(statusCode, body, request, { retryAfter: text('retry-after'), date: text('date') });
}

function queryString(query: ApiRequest['query']): string {
  const set = Object.entries(query ?? {}).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(set.map(([key, value]) => [key, String(value)]))).toString()}`;
}
