/** Connections that stop being HTTP: attach and exec take them over and speak bytes in both directions. */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import { untilAborted } from '../../../platform/until-aborted.ts';

export interface RawConnection {
  /** What the client sends, until it ends its side. To be read once. */
  readonly input: AsyncIterable<Buffer>;
  /** Resolves when the bytes are on their way, or never will be. */
  write(bytes: Uint8Array): Promise<void>;
  /** Aborts when the connection is gone. */
  readonly left: AbortSignal;
}

/** A request with an Upgrade header: its body and whatever follows are still unread. */
export class UpgradeRequest {
  readonly socket: Duplex;
  private readonly request: IncomingMessage;
  private bodyBytes: Promise<Buffer> | undefined;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.request = request;
    this.socket = socket;
    if (head.length > 0) socket.unshift(head);
  }

  /** As much as Content-Length says; what the client sent beyond it stays unread. */
  body(): Promise<Buffer> {
    return (this.bodyBytes ??= take(this.socket, Number(this.request.headers['content-length'] ?? 0)));
  }
}

/** `input` undefined: the client sends nothing, and does not say that it is done. */
export function rawConnection(input: Readable | undefined, output: NodeJS.WritableStream, left: AbortSignal): RawConnection {
  return {
    input: input === undefined ? nothing(left) : chunksOf(input),
    write: async (bytes) => {
      if (left.aborted) return;
      await new Promise<void>((resolve) => {
        output.write(bytes, () => {
          resolve();
        });
      });
    },
    left,
  };
}

/** Messages are pieces of the stream; those to the client are text, whatever is in them. */
export async function webSocketConnection(webSocket: WebSocket, left: AbortSignal): Promise<RawConnection> {
  const { createWebSocketStream } = await import('ws');
  const write = async (bytes: Uint8Array): Promise<void> => {
    await new Promise<void>((resolve) => {
      webSocket.send(bytes, { binary: false }, () => {
        resolve();
      });
    });
  };
  return { input: chunksOf(createWebSocketStream(webSocket)), write, left };
}

/** Nobody's: nothing comes, and what is written is lost. */
export function deafConnection(left: AbortSignal): RawConnection {
  return { input: nothing(left), write: () => Promise.resolve(), left };
}

/** A source that breaks has ended; leaving early does not close it. */
async function* chunksOf(input: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch {
    return;
  }
}

async function* nothing(left: AbortSignal): AsyncGenerator<Buffer> {
  await untilAborted(left);
}

async function take(socket: Duplex, length: number): Promise<Buffer> {
  let taken = Buffer.alloc(0);
  while (taken.length < length && !socket.readableEnded && !socket.destroyed) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await readable(socket);
    else taken = Buffer.concat([taken, chunk]);
  }
  if (taken.length > length) socket.unshift(taken.subarray(length));
  return taken.subarray(0, length);
}

async function readable(socket: Duplex): Promise<void> {
  await new Promise<void>((resolve) => {
    const settled = (): void => {
      for (const event of ['readable', 'end', 'close']) socket.off(event, settled);
      resolve();
    };
    for (const event of ['readable', 'end', 'close']) socket.on(event, settled);
  });
}
