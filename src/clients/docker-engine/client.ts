import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { deadline, DroppedConnection, exchange, readBody, readLines, type Deadline } from '../../platform/http-exchange.ts';
import { decodeImage, decodeInfo, decodeVersion } from './decode.ts';
import { engineError, type EngineFailureKind } from './failure.ts';
import type { DockerEngine, EngineAddress, EngineTls, RegistryCredentials } from './port.ts';
import { readPullStream } from './pull-stream.ts';

export interface DockerEngineOptions extends EngineAddress {
  readonly clock: Clock;
  /** Longest silence of a pull in milliseconds; default 5 minutes. */
  readonly idleTimeoutMs?: number;
}

/** What the VCH personality reports; engines accept every version from 1.19 on. */
const API = '/v1.25';
const TIMEOUT_MS = 30_000;
const PING_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 5 * 60_000;

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A client of the Docker engine at `host:port`. Opens no connection before the first call. */
export function createDockerEngine(options: DockerEngineOptions): DockerEngine {
  const { host, port, tls, clock } = options;
  const protocol = tls === undefined ? 'http:' : 'https:';
  const address = `${protocol}//${isIP(host) === 6 ? `[${host}]` : host}:${String(port)}`;
  const agent = tls === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ...tlsOptions(host, tls) });

  const send = async (call: Call, signal: AbortSignal): Promise<IncomingMessage> => {
    const request = { protocol, host, port, agent, headers: {}, ...call } as const;
    try {
      return await exchange(request, signal);
    } catch (error) {
      // Closed while idle in the pool: the engine never saw this request.
      if (error instanceof DroppedConnection && error.reused) return await exchange(request, signal);
      throw error;
    }
  };

  const fail = (call: Call, error: unknown, limit: Deadline, signal: AbortSignal): never => {
    signal.throwIfAborted();
    const kind: EngineFailureKind = limit.expired() ? 'timeout' : isTlsError(error) ? 'tls' : 'unreachable';
    throw engineError(address, { kind, operation: `${call.method} ${call.path}`, reason: messageOf(error) }, error);
  };

  const request = async (call: Call, signal: AbortSignal, timeoutMs = TIMEOUT_MS): Promise<{ status: number; text: string }> => {
    const limit = deadline(clock, timeoutMs, signal);
    try {
      const message = await send(call, limit.signal);
      return { status: message.statusCode ?? 0, text: (await readBody(message, limit.signal)).toString('utf8') };
    } catch (error) {
      return fail(call, error, limit, signal);
    } finally {
      limit.dispose();
    }
  };

  const refuse = (call: Call, status: number, text: string, kind: EngineFailureKind = 'refused'): never => {
    throw engineError(address, { kind, operation: `${call.method} ${call.path}`, httpStatus: status, reason: errorText(text) });
  };

  const json = async (path: string, signal: AbortSignal): Promise<unknown> => {
    const call: Call = { method: 'GET', path };
    const { status, text } = await request(call, signal);
    if (status !== 200) return refuse(call, status, text);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw engineError(address, { kind: 'refused', operation: `GET ${path}`, httpStatus: status, reason: 'the answer is not JSON' }, error);
    }
  };

  return {
    address,
    close: () => {
      agent.destroy();
    },
    ping: async (signal) => {
      // GET: the VCH answers HEAD with 404.
      const call: Call = { method: 'GET', path: '/_ping' };
      const { status, text } = await request(call, signal, PING_TIMEOUT_MS);
      if (status !== 200) refuse(call, status, text);
    },
    info: async (signal) => decodeInfo(await json(`${API}/info`, signal)),
    version: async (signal) => decodeVersion(await json(`${API}/version`, signal)),
    inspectImage: async (reference, signal) => {
      const call: Call = { method: 'GET', path: `${API}/images/${reference.split('/').map(encodeURIComponent).join('/')}/json` };
      const { status, text } = await request(call, signal);
      if (status === 404) return undefined;
      if (status !== 200) return refuse(call, status, text);
      return decodeImage(JSON.parse(text));
    },
    pull: async ({ repository, tag, credentials, onProgress }, signal) => {
      const query = `fromImage=${encodeURIComponent(repository)}&tag=${encodeURIComponent(tag)}`;
      const call: Call = { method: 'POST', path: `${API}/images/create?${query}`, headers: authHeader(credentials) };
      const limit = deadline(clock, options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, signal);
      try {
        const message = await send(call, limit.signal).catch((error: unknown) => fail(call, error, limit, signal));
        if (message.statusCode !== 200) {
          const text = (await readBody(message, limit.signal)).toString('utf8');
          return refuse(call, message.statusCode ?? 0, text, isReferenceError(text) ? 'invalid-reference' : 'pull');
        }
        const lines = watched(readLines(message), limit.restart);
        const outcome = await readPullStream(lines, onProgress).catch((error: unknown) => fail(call, error, limit, signal));
        signal.throwIfAborted();
        if (outcome.ok) return outcome.result;
        throw engineError(address, { kind: 'pull', operation: `pull of ${repository}:${tag}`, reason: outcome.reason });
      } finally {
        limit.dispose();
      }
    },
  };
}

function tlsOptions(host: string, tls: EngineTls): Record<string, unknown> {
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    // Server names are for names: an address is checked against the certificate's IP entries.
    ...(tls.serverName === undefined && isIP(host) !== 0 ? { servername: '' } : {}),
    rejectUnauthorized: tls.insecure !== true,
    minVersion: 'TLSv1.2',
  };
}

/** base64url JSON (moby api/types/registry); an engine that cannot read it ignores it without a word. */
function authHeader(credentials: RegistryCredentials | undefined): Record<string, string> {
  if (credentials === undefined) return {};
  const { username, password, serverAddress: serveraddress } = credentials;
  return { 'X-Registry-Auth': Buffer.from(JSON.stringify({ username, password, serveraddress })).toString('base64url') };
}

async function* watched(lines: AsyncIterable<string>, onLine: () => void): AsyncGenerator<string> {
  for await (const line of lines) {
    onLine();
    yield line;
  }
}

function errorText(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message);
  } catch {
    // Old API versions answer in plain text.
  }
  return text.trim().slice(0, 500);
}

function isReferenceError(text: string): boolean {
  return /Error parsing reference|invalid tag format|invalid reference format/.test(text);
}

function isTlsError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^(ERR_(SSL|TLS)_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO)/.test(code);
}
