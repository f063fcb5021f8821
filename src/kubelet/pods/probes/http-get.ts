/** GET over a connection to the pod (pkg/probe/http): TLS is not verified, redirects are followed on the same host only. */
import { request, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { messageOf } from '../../../errors/vick-error.ts';
import { authority, connectTo } from './connect.ts';
import { OUTPUT_LIMIT, resolvePort, type HandlerOutcome, type HandlerTarget, type HttpGetAction } from './handler.ts';

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

const MAX_REDIRECTS = 10;

/** What came of following redirects: the last answer, and whether it led to another host. */
export interface Followed {
  readonly status: number;
  readonly body: string;
  readonly away: boolean;
}

/** Success for 200 to 399; a redirect elsewhere is a warning. Rejects only when the signal aborts or the port is not known. */
export async function httpGet(target: HandlerTarget, action: HttpGetAction, signal: AbortSignal): Promise<HandlerOutcome> {
  const url = actionUrl(target, action);
  try {
    const { status, body, away } = await followRedirects(target, action, url, signal);
    if (away) return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
    if (status >= 200 && status < 400) return { result: 'success', output: body };
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${String(status)}` };
  } catch (error) {
    signal.throwIfAborted();
    return { result: 'failure', output: messageOf(error) };
  }
}

/** Rejects with the address in the message when there is no answer. */
export async function followRedirects(target: HandlerTarget, action: HttpGetAction, start: URL, signal: AbortSignal): Promise<Followed> {
  let url = start;
  for (let hops = 0; ; hops += 1) {
    let answer: Answer;
    try {
      answer = await get(target, action, url, signal);
    } catch (error) {
      throw new Error(`Get "${url.href}": ${messageOf(error)}`, { cause: error });
    }
    const { status, location, body } = answer;
    const next = [301, 302, 303, 307, 308].includes(status) && location !== undefined ? parse(location, url) : undefined;
    if (next === undefined || (next.protocol !== 'http:' && next.protocol !== 'https:')) return { status, body, away: false };
    if (next.hostname !== start.hostname) return { status, body, away: true };
    if (hops >= MAX_REDIRECTS) throw new Error(`Get "${next.href}": stopped after ${String(MAX_REDIRECTS)} redirects`);
    url = next;
  }
}

/** The address of an httpGet action: its host or the pod's, its port by number or name. Throws for an unknown port. */
export function actionUrl(target: HandlerTarget, action: HttpGetAction): URL {
  const scheme = action.scheme?.toLowerCase() === 'https' ? 'https' : 'http';
  const port = action.port === '' ? (scheme === 'https' ? 443 : 80) : resolvePort(action.port, target.container);
  const host = nonEmpty(action.host) ?? target.podIP ?? 'localhost';
  const path = (action.path ?? '').replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
  return new URL(`${scheme}://${authority(host, port)}${path.startsWith('/') ? '' : '/'}${path}`);
}

async function get(target: HandlerTarget, action: HttpGetAction, url: URL, signal: AbortSignal): Promise<Answer> {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const plain = await connectTo(target, action.host, port, signal);
  const connection = secure ? connectTls({ socket: plain, rejectUnauthorized: false, ...serverName(url.hostname) }) : plain;
  // An error after the answer, or of a layer below, is told by the request or is of no interest.
  for (const layer of [plain, connection]) layer.on('error', () => undefined);
  const onAbort = (): void => {
    plain.destroy();
    connection.destroy();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await exchange(connection, headersOf(target, action, url), `${url.pathname}${url.search}`, signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
    onAbort();
  }
}

function exchange(connection: Duplex, headers: readonly (readonly [string, string])[], path: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ createConnection: () => connection, method: 'GET', path, setHost: false });
    for (const [name, value] of headers) outgoing.appendHeader(name, value);
    let answered = false;
    // Some layers end without an error of their own. Once the head is there, the message tells whether it came whole.
    connection.once('close', () => {
      if (!answered || signal.aborted) reject(signal.aborted ? (signal.reason as Error) : new Error('the connection was closed before the answer'));
    });
    outgoing.once('error', reject);
    outgoing.once('response', (message) => {
      answered = true;
      readBody(message).then((body) => resolve({ status: message.statusCode ?? 0, location: message.headers.location, body }), reject);
    });
    outgoing.end();
  });
}

/** The beginning of the body; what exceeds the limit is not read. */
async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= OUTPUT_LIMIT) break;
  }
  return Buffer.concat(chunks).subarray(0, OUTPUT_LIMIT).toString('utf8');
}

/** The given headers; User-Agent and Accept have defaults, which an empty value takes away. */
function headersOf(target: HandlerTarget, action: HttpGetAction, url: URL): readonly (readonly [string, string])[] {
  const given = action.httpHeaders ?? [];
  const value = (wanted: string): string | undefined => given.find(({ name }) => name.toLowerCase() === wanted)?.value;
  const single = ([name, fallback]: readonly [string, string]): readonly (readonly [string, string])[] => {
    const chosen = value(name.toLowerCase()) ?? fallback;
    return chosen === '' ? [] : [[name, chosen]];
  };
  const others = given.filter(({ name }) => !['host', 'user-agent', 'accept', 'connection'].includes(name.toLowerCase()));
  return [
    ['Host', nonEmpty(value('host')) ?? url.host],
    ...single(['User-Agent', target.userAgent]),
    ...single(['Accept', '*/*']),
    ...others.map(({ name, value: text }) => [name, text] as const),
    ['Connection', 'close'],
  ];
}

function serverName(host: string): { readonly servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

function parse(location: string, base: URL): URL | undefined {
  try {
    return new URL(location, base);
  } catch {
    return undefined;
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
