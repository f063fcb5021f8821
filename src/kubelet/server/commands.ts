/** exec, attach and run: judges the request, upgrades the connection, runs the command. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import { Writable as WritableStream } from 'node:stream';
import { messageOf } from '../../errors/vick-error.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { acceptWebSocket, isWebSocketUpgrade } from '../../platform/websocket/accept.ts';
import type { PodProvider } from '../provider.ts';
import { runningContainer, type FoundContainer } from './pod-lookup.ts';
import { HttpError, sendText } from './responses.ts';
import type { RouteParameters } from './routes.ts';
import { serveCommand, type CommandRunner, type CommandSession, type StreamTimes, type WantedStreams } from './streaming/command-session.ts';
import { acceptSpdyCommand } from './streaming/spdy-command.ts';
import { isSpdyUpgrade, negotiate, SPDY_COMMAND_PROTOCOLS, switchToSpdy } from './streaming/spdy-upgrade.ts';
import { openWebSocketCommand } from './streaming/websocket-command.ts';
import { negotiateSubprotocol, WEBSOCKET_COMMAND_PROTOCOLS } from './streaming/websocket-protocols.ts';

/** A connection that its client wants to speak another protocol on. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  /** The connection, for the other protocol. Once taken it can no longer be refused. */
  readonly take: () => Duplex;
  readonly head: Buffer;
  readonly query: URLSearchParams;
  readonly parameters: RouteParameters;
}

export interface CommandContext extends StreamTimes {
  readonly pods: readonly Pod[];
  readonly provider: Pick<PodProvider, 'exec' | 'attach'>;
}

/** Output of `run` that is kept for the answer. */
const MAXIMUM_RUN_BYTES = 4 * 1024 * 1024;

/** Throws HttpError as long as the connection was not upgraded. */
export async function serveExec(upgrade: UpgradeRequest, context: CommandContext): Promise<void> {
  const found = runningContainer(context.pods, upgrade.parameters);
  const { exec } = context.provider;
  if (exec === undefined) throw new HttpError(501, 'the back end of this node cannot execute commands in containers');
  const command = upgrade.query.getAll('command');
  if (command.length === 0) throw new HttpError(400, 'you must specify at least one command');
  await serve(upgrade, context, 'executing command in', (streams, signal) => exec.exec(targetOf(found), command, streams, signal));
}

/** Throws HttpError as long as the connection was not upgraded. */
export async function serveAttach(upgrade: UpgradeRequest, context: CommandContext): Promise<void> {
  const found = runningContainer(context.pods, upgrade.parameters);
  const { attach } = context.provider;
  if (attach === undefined) throw new HttpError(501, 'the back end of this node cannot attach to containers');
  await serve(upgrade, context, 'attaching to', async (streams, signal) => {
    await attach.attach(targetOf(found), streams, signal);
    return 0;
  });
}

/** `POST /run/…?cmd=`: the output of a command as plain text; 500 when it fails. */
export async function serveRun(
  { response, query, parameters }: { readonly response: ServerResponse; readonly query: URLSearchParams; readonly parameters: RouteParameters },
  { pods, provider }: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const found = runningContainer(pods, parameters);
  if (provider.exec === undefined) throw new HttpError(501, 'the back end of this node cannot execute commands in containers');
  const command = (query.get('cmd') ?? '').split(' ').filter((word) => word !== '');
  if (command.length === 0) throw new HttpError(400, 'you must specify a command: cmd=');
  const parts: Buffer[] = [];
  const exitCode = await provider.exec
    .exec(targetOf(found), command, { tty: false, stdout: collector(parts), stderr: collector(parts) }, signal)
    .catch((error: unknown) => {
      throw new HttpError(500, `error executing command in container: ${messageOf(error)}`);
    });
  const output = Buffer.concat(parts).toString();
  if (exitCode === 0) sendText(response, 200, output);
  else sendText(response, 500, `${output}command terminated with exit code ${exitCode}`);
}

async function serve(upgrade: UpgradeRequest, context: CommandContext, what: string, run: CommandRunner): Promise<void> {
  const wanted = wantedStreams(upgrade.query);
  const session = await openSession(upgrade, wanted, context);
  if (session !== undefined) await serveCommand(session, wanted.tty, what, run);
}

async function openSession({ request, take, head }: UpgradeRequest, wanted: WantedStreams, times: StreamTimes): Promise<CommandSession | undefined> {
  if (isWebSocketUpgrade(request)) {
    const protocol = negotiateSubprotocol(request, WEBSOCKET_COMMAND_PROTOCOLS);
    if (typeof protocol !== 'string') throw new HttpError(protocol.status, protocol.text);
    return openWebSocketCommand(await acceptWebSocket(request, take(), head, protocol), protocol, wanted, times);
  }
  if (!isSpdyUpgrade(request)) throw new HttpError(400, 'Upgrade request required');
  const protocol = negotiate(request, SPDY_COMMAND_PROTOCOLS);
  if (typeof protocol !== 'string') throw new HttpError(protocol.status, protocol.text, protocol.headers);
  const socket = take();
  switchToSpdy(socket, head, protocol);
  return acceptSpdyCommand(socket, protocol, wanted, times);
}

/** `input=1&output=1&error=1&tty=1`, as the API server renames what clients send; what clients send is read too. */
function wantedStreams(query: URLSearchParams): WantedStreams {
  const on = (...names: readonly string[]): boolean => names.some((name) => ['1', 'true'].includes((query.get(name) ?? '').toLowerCase()));
  const wanted = { stdin: on('input', 'stdin'), stdout: on('output', 'stdout'), stderr: on('error', 'stderr'), tty: on('tty') };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  return wanted;
}

function targetOf({ uid, container }: FoundContainer): { readonly uid: string; readonly container: string } {
  return { uid, container };
}

function collector(parts: Buffer[]): Writable {
  return new WritableStream({
    write(chunk: Buffer, _encoding, callback) {
      if (parts.reduce((sum, part) => sum + part.length, 0) < MAXIMUM_RUN_BYTES) parts.push(chunk);
      callback();
    },
  });
}
