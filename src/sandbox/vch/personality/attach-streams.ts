/** Copies between a client's connection and the streams of a task (vmware/vic lib/apiservers/engine/proxy/stream_proxy.go). */
import { itemsUntilAborted } from '../../../platform/until-aborted.ts';
import { chunksUntil, connected, CONNECT_WAIT_MS } from '../port-layer/handlers/streams.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { untilDetached } from './detach-keys.ts';
import type { RawConnection } from './raw-connection.ts';
import { frame, STDERR, STDOUT } from './stream-frame.ts';

export interface Attachment {
  /** Of the task. */
  readonly id: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** A terminal has one output, and keys to leave it by. */
  readonly tty: boolean;
  readonly framed: boolean;
  /** The end of the client's input is the end of the task's; otherwise it is the end of the attachment. */
  readonly closeInput: boolean;
  readonly detachKeys: readonly number[];
}

/** Resolves when the outputs have ended, nobody listens any more, or the task never got connected. */
export async function attachStreams(state: PortLayerState, attachment: Attachment, connection: RawConnection): Promise<'ended' | 'detached'> {
  const { id, tty, framed } = attachment;
  const stop = new AbortController();
  const over = AbortSignal.any([connection.left, stop.signal]);
  let result: 'ended' | 'detached' = 'ended';

  const output = async (name: 'stdout' | 'stderr'): Promise<void> => {
    const session = await connected(state, id, CONNECT_WAIT_MS, over);
    if (session === undefined || over.aborted) return;
    const stream = session.open(name);
    try {
      for await (const chunk of chunksUntil(stream, over)) await connection.write(framed ? frame(name === 'stdout' ? STDOUT : STDERR, chunk) : chunk);
    } finally {
      session.close(name);
    }
  };

  const input = async (): Promise<void> => {
    const session = attachment.stdin ? await connected(state, id, CONNECT_WAIT_MS, over) : undefined;
    session?.openInput();
    const sent = itemsUntilAborted(connection.input, over);
    const typed = tty && attachment.stdin ? untilDetached(sent, attachment.detachKeys, () => (result = 'detached')) : sent;
    for await (const chunk of typed) await session?.write(chunk);
    if (over.aborted || !attachment.stdin) return;
    if (attachment.closeInput && !tty) await session?.closeInput();
    else stop.abort();
  };

  void input();
  await Promise.all([attachment.stdout ? output('stdout') : undefined, attachment.stderr && !tty ? output('stderr') : undefined]);
  stop.abort();
  return result;
}
