/** exec and attach over WebSocket: channels 0 stdin, 1 stdout, 2 stderr, 3 error, 4 resize. */
import type { WebSocket } from 'ws';
import type { CommandSession, StreamTimes, WantedStreams } from './command-session.ts';
import { IdleTimer } from './idle-timer.ts';
import { statusBytes } from './outcome.ts';
import { TerminalSizeParser, TerminalSizes } from './terminal-sizes.ts';
import { WebSocketChannels } from '../../../platform/websocket/channels.ts';

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

export function openWebSocketCommand(socket: WebSocket, protocol: string, wanted: WantedStreams, times: StreamTimes): CommandSession {
  const abort = new AbortController();
  const idle = new IdleTimer(times.clock, times.idleMs, () => channels.destroy());
  const channels = new WebSocketChannels(socket, {
    format: { base64: protocol.includes('base64'), closes: protocol.startsWith('v5.') },
    clock: times.clock,
    onActivity: () => idle.touch(),
  });
  const resize = new TerminalSizes();
  void channels.closed.then(() => {
    idle.cancel();
    resize.end();
    abort.abort(new Error('the client has gone'));
  });
  if (wanted.tty) {
    const parser = new TerminalSizeParser();
    channels.reader(CHANNEL.resize).on('data', (chunk: Buffer) => {
      for (const size of parser.push(chunk)) resize.push(size);
    });
  }
  const stderr = wanted.stderr && !wanted.tty;
  // The client learns from an empty message that the channels are open.
  channels.send(wanted.stdout ? CHANNEL.stdout : stderr ? CHANNEL.stderr : CHANNEL.error, Buffer.alloc(0));
  return {
    stdin: wanted.stdin ? channels.reader(CHANNEL.stdin) : undefined,
    stdout: wanted.stdout ? channels.writer(CHANNEL.stdout) : undefined,
    stderr: stderr ? channels.writer(CHANNEL.stderr) : undefined,
    resize,
    signal: abort.signal,
    finish: async (outcome) => {
      const status = statusBytes(outcome, /^v[45]\./.test(protocol) ? 'status' : 'text');
      if (status.length > 0) await new Promise<void>((resolve) => channels.send(CHANNEL.error, status, () => resolve()));
      channels.close();
    },
  };
}
