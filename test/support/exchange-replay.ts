/** Replays recorded HTTP exchanges against running servers and tells where the answers differ. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { untilTrapsAreSet } from './shell-traps.ts';
import { compareBody, compareText, Bindings, type Lax } from './exchange-compare.ts';

export interface Exchange {
  readonly purpose: string;
  readonly server?: 'port-layer' | 'docker-personality';
  readonly atMs: number;
  readonly tookMs: number;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly query?: Readonly<Record<string, unknown>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly bodyText?: string;
    readonly bodyChunks?: readonly { readonly ms: number; readonly text?: string; readonly end?: boolean }[];
  };
  readonly response: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly text?: string;
    readonly empty?: boolean;
    readonly dropped?: boolean;
    readonly none?: boolean;
    readonly chunks?: readonly RecordedChunk[];
    readonly ended?: string;
  };
}

/** `frame`: one of Docker's, with an 8-byte header before its text. */
interface RecordedChunk {
  readonly ms: number;
  readonly text?: string;
  readonly frame?: { readonly stream: number; readonly length: number; readonly text: string };
  readonly omitted?: unknown;
}

export interface ReplayOptions {
  readonly exchanges: readonly Exchange[];
  /** Where each server listens; the first is the one meant without `server`. */
  readonly servers: Readonly<Record<'port-layer' | 'docker-personality', { readonly host: string; readonly port: number }>>;
  readonly main: 'port-layer' | 'docker-personality';
  /** Values of placeholders that are known from the start. */
  readonly known: Readonly<Record<string, string>>;
  /** Exchanges that are not compared (`ignore`), or not even sent (`skip`), with the reason. */
  readonly except?: Readonly<Record<number, { readonly how: 'ignore' | 'skip'; readonly why: string }>>;
  /** How bodies of this path are compared: by shape only, as sets of lines, …; see exchange-compare.ts. */
  readonly lax?: (exchange: Exchange) => Lax;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly bytes: Buffer;
  readonly dropped: boolean;
}

/** Shift of recorded Unix times: the scenarios start at 2018-08-20T10:00:00Z. */
const EPOCH = 1_534_759_200;
const RETRY_MS = 9_000;
const FRAME_HEADER = 8;
const LONGEST_PAUSE_MS = 300;
/** How much longer than when it was recorded a stream is listened to until everything has come. */
const GRACE_MS = 10_000;

/** Replays in order. Requests that overlapped when they were recorded overlap again. The result lists every difference. */
export async function replay(options: ReplayOptions): Promise<readonly string[]> {
  const startedAt = Math.floor(Date.now() / 1000);
  const bindings = new Bindings({ ...options.known });
  const running: { readonly exchange: Exchange; done: boolean; readonly promise: Promise<void> }[] = [];
  const differences: string[] = [];
  /** How each handle was got, so that a read through one can be repeated with a fresh one. */
  const origins = new Map<string, Exchange>();

  const perform = async (exchange: Exchange, index: number): Promise<void> => {
    const except = options.except?.[index];
    const { method, path, body } = exchange.request;
    const stream = exchange.response.chunks !== undefined && (!path.endsWith('/logs') || exchange.request.query?.['follow'] !== undefined);
    const read = method === 'GET' && !stream && !path.endsWith('/wait');
    const until = Date.now() + RETRY_MS;
    for (;;) {
      const answer = await send(options, exchange, bindings, startedAt);
      const trial = bindings.copy();
      const found = compare(exchange, answer, trial, options.lax?.(exchange));
      if (found.length === 0 || except !== undefined || !read || Date.now() > until) {
        bindings.adopt(trial);
        const handle = typeof exchange.response.body === 'string' ? exchange.response.body : undefined;
        if (handle?.startsWith('<handle-') === true && method === 'GET') origins.set(handle, exchange);
        if (except === undefined) differences.push(...found.map((one) => `#${String(index)} ${method} ${path} (${exchange.purpose}): ${one}`));
        return;
      }
      await delay(25);
      // What is read through a handle is as old as the handle.
      for (const placeholder of new Set(JSON.stringify([path, body]).match(/<handle-\d+>/g) ?? [])) {
        const origin = origins.get(placeholder);
        if (origin === undefined) continue;
        const fresh = await send(options, origin, bindings, startedAt);
        bindings.set(placeholder, JSON.parse(fresh.text) as string);
      }
    }
  };

  for (const [index, exchange] of options.exchanges.entries()) {
    if (options.except?.[index]?.how === 'skip') continue;
    const before = running.filter((one) => one.exchange.atMs + one.exchange.tookMs <= exchange.atMs);
    await Promise.all(before.map((one) => one.promise));
    const quietSince = Math.max(0, ...options.exchanges.slice(0, index).map((one) => Math.min(one.atMs + one.tookMs, exchange.atMs)));
    // A pause before something that changes state let the guest get on; after a background request, let it arrive.
    const pause = exchange.request.method === 'GET' && !exchange.request.path.endsWith('/wait') ? 0 : exchange.atMs - quietSince;
    const overlap = running.some((one) => !one.done);
    // Readers that were opened in the same moment are again: what is written before a reader comes is lost to it.
    const last = options.exchanges[index - 1];
    const together = last?.atMs === exchange.atMs && last.request.method === 'GET' && exchange.request.method === 'GET';
    await delay(overlap ? (together ? 0 : Math.min(Math.max(pause, 40), 1200)) : pause >= 100 ? 600 : 0);
    if (exchange.request.method !== 'GET') await untilTrapsAreSet();
    const entry = { exchange, done: false, promise: Promise.resolve() };
    running.push(Object.assign(entry, { promise: perform(exchange, index).finally(() => (entry.done = true)) }));
  }
  await Promise.all(running.map((one) => one.promise));
  return differences;
}

async function send(options: ReplayOptions, exchange: Exchange, bindings: Bindings, startedAt: number): Promise<Answer> {
  const { request, response } = exchange;
  const query = Object.entries(request.query ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(shift(bindings.fill(String(value)), startedAt))}`);
  const body = request.body === undefined ? request.bodyText : JSON.stringify(request.body);
  const filled = body === undefined ? undefined : bindings.fill(body);
  const { host, port } = options.servers[exchange.server ?? options.main];
  const headers: Record<string, string> = { ...request.headers };
  if (filled !== undefined) headers['Content-Length'] = String(Buffer.byteLength(filled));
  const outgoing = httpRequest({
    host,
    port,
    method: request.method,
    path: bindings.fill(request.path) + (query.length === 0 ? '' : `?${query.join('&')}`),
    headers,
    agent: false,
  });
  const answer = new Promise<Answer>((resolve) => {
    outgoing.on('response', (incoming) => {
      void collect(incoming, incoming, response, outgoing, Math.min(exchange.tookMs, 10_000)).then(resolve);
    });
    outgoing.on('upgrade', (incoming, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      socket.on('error', () => undefined);
      void collect(incoming, socket, response, socket, Math.min(exchange.tookMs, 10_000)).then(resolve);
      void sendChunks(socket, request.bodyChunks ?? []);
    });
    outgoing.on('error', () => {
      resolve({ status: undefined, headers: {}, text: '', bytes: Buffer.alloc(0), dropped: true });
    });
  });
  // After a 101 the pieces are sent on the connection, by then no longer HTTP.
  if (request.bodyChunks === undefined || request.headers?.['Upgrade'] !== undefined) outgoing.end(filled);
  else await sendChunks(outgoing, request.bodyChunks);
  return answer;
}

async function sendChunks(output: NodeJS.WritableStream, chunks: NonNullable<Exchange['request']['bodyChunks']>): Promise<void> {
  let at = 0;
  for (const chunk of chunks) {
    await delay(Math.min(chunk.ms - at, LONGEST_PAUSE_MS));
    at = chunk.ms;
    if (chunk.text !== undefined) output.write(chunk.text);
    if (chunk.end === true) output.end();
  }
}

/** Reads to the end, or to where the recorded client hung up. */
async function collect(
  incoming: IncomingMessage,
  source: Readable,
  recorded: Exchange['response'],
  outgoing: { destroy(): void },
  recordedMs: number,
): Promise<Answer> {
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const hangUp = recorded.ended === 'client closed';
  const startedAt = Date.now();
  const wanted = (recorded.chunks ?? []).filter((chunk) => chunk.text !== undefined).length;
  let text = '';
  const bytes: Buffer[] = [];
  const timer = new AbortController();
  const complete = (): boolean => text.split('\n').length > wanted;
  const leave = async (): Promise<void> => {
    await delay(wanted === 0 ? 300 : Math.max(recordedMs, 50), undefined, { signal: timer.signal });
    while (!complete() && Date.now() - startedAt < recordedMs + GRACE_MS) await delay(50, undefined, { signal: timer.signal });
    outgoing.destroy();
  };
  if (hangUp) void leave().catch(() => undefined);
  try {
    for await (const chunk of source) {
      text += String(chunk);
      bytes.push(Buffer.from(chunk as Uint8Array));
      if (hangUp && complete() && Date.now() - startedAt >= recordedMs) break;
    }
  } catch {
    // Hung up by us, or cut by the server: what came is compared.
  }
  timer.abort();
  if (hangUp) outgoing.destroy();
  return { status: incoming.statusCode, headers, text, bytes: Buffer.concat(bytes), dropped: false };
}

function compare(exchange: Exchange, answer: Answer, bindings: Bindings, lax: Lax): readonly string[] {
  const { response } = exchange;
  if (response.none === true) return [];
  if (response.dropped === true) return answer.dropped ? [] : [`answered ${String(answer.status)} where the connection drops: ${answer.text.slice(0, 200)}`];
  if (answer.dropped) return ['the connection dropped'];
  const problems: string[] = [];
  if (answer.status !== response.status) problems.push(`status ${String(answer.status)} instead of ${String(response.status)}: ${answer.text.slice(0, 300)}`);
  for (const name of ['Allow', 'Content-Type', 'Api-Version', 'Server']) {
    const wanted = response.headers?.[name];
    const got = answer.headers[name.toLowerCase()];
    if (wanted !== undefined && got !== wanted) problems.push(`header ${name}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
  }
  if (problems.length > 0) return problems;
  if (response.body !== undefined) return compareBody(response.body, answer.text, bindings, lax);
  if (response.chunks?.some(({ frame }) => frame !== undefined) === true) return compareFrames(response.chunks, answer.bytes, bindings, lax);
  if (response.chunks !== undefined) return compareText(response.chunks.map((chunk) => chunk.text ?? '').join(''), answer.text, bindings, lax);
  if (response.text !== undefined) return compareText(response.text, answer.text, bindings, lax);
  return answer.text === '' ? [] : [`a body where there is none: ${answer.text.slice(0, 200)}`];
}

/** What each stream carried; how it was cut into frames is a matter of pace. */
function compareFrames(recorded: readonly RecordedChunk[], bytes: Buffer, bindings: Bindings, lax: Lax): readonly string[] {
  const streams = new Map<number, string>();
  for (let at = 0; at + FRAME_HEADER <= bytes.length;) {
    const [stream, end] = [bytes.readUInt8(at), at + FRAME_HEADER + bytes.readUInt32BE(at + 4)];
    streams.set(stream, (streams.get(stream) ?? '') + bytes.toString('utf8', at + FRAME_HEADER, end));
    at = end;
  }
  const wanted = new Map<number, string>();
  for (const { frame } of recorded) if (frame !== undefined) wanted.set(frame.stream, (wanted.get(frame.stream) ?? '') + frame.text);
  const other = [...streams.keys()].filter((stream) => !wanted.has(stream)).map((stream) => `a stream ${String(stream)} that was not there`);
  return [...other, ...[...wanted].flatMap(([stream, text]) => compareText(text, streams.get(stream) ?? '', bindings, lax))];
}

/** Times in queries are absolute: they move with the start of the replay. */
function shift(text: string, startedAt: number): string {
  if (/^15347\d{5}$/.test(text)) return String(Number(text) - EPOCH + startedAt);
  if (text.startsWith('2018-08-20T')) return new Date(Date.parse(text) + (startedAt - EPOCH) * 1000).toISOString();
  return text;
}
