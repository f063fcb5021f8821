import { messageOf } from '../../../errors/vick-error.ts';
import { authority, connectTo } from './connect.ts';
import { resolvePort, type HandlerOutcome, type HandlerTarget } from './handler.ts';

/** Success when a connection can be opened (pkg/probe/tcp). Rejects only when the signal aborts or the port is not known. */
export async function tcpSocket(
  target: HandlerTarget,
  action: { readonly host?: string; readonly port: number | string },
  signal: AbortSignal,
): Promise<HandlerOutcome> {
  const port = resolvePort(action.port, target.container);
  try {
    const connection = await connectTo(target, action.host, port, signal);
    connection.on('error', () => undefined);
    connection.destroy();
    return { result: 'success', output: '' };
  } catch (error) {
    signal.throwIfAborted();
    const host = action.host === undefined || action.host === '' ? (target.podIP ?? 'localhost') : action.host;
    return { result: 'failure', output: `dial tcp ${authority(host, port)}: ${messageOf(error)}` };
  }
}
