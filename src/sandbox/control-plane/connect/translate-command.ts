/**
 * exec and attach for WebSocket clients of `v5.channel.k8s.io`: channels become the SPDY streams of a kubelet, and the
 * outcome is told anew (k8s.io/apiserver/pkg/util/proxy/streamtranslator.go).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { messageOf } from '../../../errors/vick-error.ts';
import { SpdySession } from '../../../platform/spdy/session.ts';
import type { SpdyStream } from '../../../platform/spdy/stream.ts';
import { acceptWebSocket } from '../../../platform/websocket/accept.ts';
import { WebSocketChannels } from '../../../platform/websocket/channels.ts';
import { ApiError } from '../api-error.ts';
import { isObject, omit } from '../json.ts';
import { send } from './backend.ts';
import { outcomeOf } from './command-outcome.ts';
import { dialTls, hostPort, type Place } from './dial.ts';
import type { ConnectParts, Upgrade } from './parts.ts';
import { internalError, textOf } from './refusal.ts';

export interface CommandTranslation {
  readonly request: IncomingMessage;
  readonly upgrade: Upgrade;
  readonly streams: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean; readonly tty: boolean };
  readonly place: Place;
  /** Path and query at the kubelet. */
  readonly target: string;
  readonly signal: AbortSignal;
}

const PROTOCOL = 'v5.channel.k8s.io';
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
const SPDY_PROTOCOLS = [PROTOCOL, 'v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
/** What a kubelet may say on its error stream. */
const MAXIMUM_STATUS_BYTES = 64 * 1024;

/** The client is answered first and told everything else, also that the kubelet cannot be reached, on the error channel. */
export async function translateCommand(translation: CommandTranslation, parts: ConnectParts): Promise<void> {
  const { request, upgrade, streams } = translation;
  const socket = await acceptWebSocket(request, upgrade.take(), upgrade.head, PROTOCOL);
  const channels = new WebSocketChannels(socket, { format: { base64: false, closes: true }, clock: parts.clock, onActivity: () => undefined });
  const gone = new AbortController();
  void channels.closed.then(() => gone.abort(new Error('the client has gone')));
  const signal = AbortSignal.any([translation.signal, gone.signal]);
  // The client learns from an empty message that the channels are open.
  channels.send(streams.stdout ? CHANNEL.stdout : streams.stderr ? CHANNEL.stderr : CHANNEL.error, Buffer.alloc(0));
  // Taken now: what a client sends before the kubelet has answered must wait, not get lost.
  const input = { stdin: streams.stdin ? channels.reader(CHANNEL.stdin) : undefined, resize: streams.tty ? channels.reader(CHANNEL.resize) : undefined };
  let outcome: object;
  try {
    outcome = await converse(translation, channels, input, parts, signal);
  } catch (error) {
    if (translation.signal.aborted) channels.destroy();
    outcome = (error instanceof ApiError ? error : internalError(messageOf(error))).toStatus();
  }
  channels.send(CHANNEL.error, Buffer.from(JSON.stringify(withoutKind(outcome))));
  channels.close();
  await channels.closed;
}

interface Input {
  readonly stdin: NodeJS.ReadableStream | undefined;
  readonly resize: NodeJS.ReadableStream | undefined;
}

/** Resolves with the Status for the client. */
async function converse(
  { streams, place, target }: CommandTranslation,
  channels: WebSocketChannels,
  input: Input,
  parts: ConnectParts,
  signal: AbortSignal,
): Promise<object> {
  const { transport, protocol } = await openKubelet(place, target, parts, signal);
  const session = new SpdySession({ transport, role: 'client', clock: parts.clock });
  const cancel = (): void => session.destroy();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    signal.throwIfAborted();
    const error = await session.open({ streamtype: 'error' });
    const status = collected(error);
    // Judged at the end, whatever goes wrong before.
    status.catch(() => undefined);
    const stdin = streams.stdin ? await session.open({ streamtype: 'stdin' }) : undefined;
    const stdout = streams.stdout ? await session.open({ streamtype: 'stdout' }) : undefined;
    const stderr = streams.stderr && !streams.tty ? await session.open({ streamtype: 'stderr' }) : undefined;
    const resize = streams.tty && !/^(v2\.)?channel\./.test(protocol) ? await session.open({ streamtype: 'resize' }) : undefined;
    feed(input.stdin, stdin);
    feed(input.resize, resize);
    // The status counts, also when an output was cut off after it.
    await Promise.allSettled([deliver(stdout, channels, CHANNEL.stdout), deliver(stderr, channels, CHANNEL.stderr)]);
    return outcomeOf(await status, protocol);
  } finally {
    signal.removeEventListener('abort', cancel);
    session.close();
  }
}

/** Throws in the words of client-go's remote executor. */
async function openKubelet(
  place: Place,
  target: string,
  { identity, clock }: ConnectParts,
  signal: AbortSignal,
): Promise<{ readonly transport: Duplex; readonly protocol: string }> {
  const headers = [
    ['Host', hostPort(place)],
    ['User-Agent', 'Go-http-client/1.1'],
    ['Content-Length', '0'],
    ['Connection', 'Upgrade'],
    ['Upgrade', 'SPDY/3.1'],
    ...SPDY_PROTOCOLS.map((protocol) => ['X-Stream-Protocol-Version', protocol] as const),
  ] as const;
  let answer;
  try {
    answer = await send(await dialTls(place, identity, clock, signal), { method: 'POST', target, headers }, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`error sending request: Post "https://${hostPort(place)}${target}": ${messageOf(error)}`, { cause: error });
  }
  const { response, switched } = answer;
  if (switched === undefined) throw refusedUpgrade(await textOf(response));
  if (switched.head.length > 0) switched.socket.unshift(switched.head);
  return { transport: switched.socket, protocol: [response.headers['x-stream-protocol-version'] ?? 'channel.k8s.io'].flat()[0] ?? '' };
}

/** A Status is told as it is, anything else as text. */
function refusedUpgrade(text: string): Error {
  try {
    const status: unknown = JSON.parse(text);
    if (isObject(status) && status['kind'] === 'Status') {
      const { code, reason, message } = status;
      return new ApiError(typeof code === 'number' ? code : 500, typeof reason === 'string' ? reason : '', typeof message === 'string' ? message : '');
    }
  } catch {
    // Plain text, as kubelets answer.
  }
  return new Error(`unable to upgrade connection: ${text.trim()}`);
}

/** Sends what a client has to say, with its end; a stream that the kubelet takes no more of swallows the rest. */
function feed(source: NodeJS.ReadableStream | undefined, stream: SpdyStream | undefined): void {
  if (source === undefined) return;
  if (stream === undefined) {
    source.resume();
    return;
  }
  source.pipe(stream);
  stream.resume();
  stream.once('close', () => source.resume());
}

/** All of an output, at the speed of the client. */
async function deliver(stream: SpdyStream | undefined, channels: WebSocketChannels, channel: number): Promise<void> {
  if (stream === undefined) return;
  await pipeline(stream, channels.writer(channel));
}

/** Rejects when the connection ends before the stream does: nothing is known of the command then. */
async function collected(stream: SpdyStream): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  stream.on('data', (part: Buffer) => {
    if (size < MAXIMUM_STATUS_BYTES) parts.push(part);
    size += part.length;
  });
  try {
    await finished(stream, { writable: false });
  } catch (error) {
    throw new Error(`error reading from error stream: ${messageOf(error)}`, { cause: error });
  }
  return Buffer.concat(parts).toString();
}

/** On the error channel a Status names no kind, as Go's zero values are left out. */
function withoutKind(status: object): object {
  return omit(status as Record<string, unknown>, 'kind', 'apiVersion');
}
