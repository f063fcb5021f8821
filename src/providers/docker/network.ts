import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { frames } from '../../clients/docker-engine/demultiplex.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { PodNetwork } from '../../kubelet/capabilities.ts';
import type { DockerContext } from './context.ts';
import { findSandbox } from './find-container.ts';
import { ipsOf } from './run-container.ts';
import { SANDBOX_COMMAND } from './sandbox-image.ts';

/**
 * Connections into a pod. Its address is dialled where the engine's network is this machine's. From within, and where it
 * is not, the sandbox program joins the port with an exec's streams: that needs no tool in any image, and no rights here.
 */
export function podNetwork(context: DockerContext): PodNetwork {
  return {
    connect: async ({ uid, port, via }, signal) => {
      const direct = context.engine.local && !context.facts.rootless;
      const known = context.seen.get(uid)?.ips[0];
      if (via === 'address' && direct && known !== undefined) return await dial(known, port, signal);
      const sandbox = await findSandbox(context, uid, signal);
      if (via === 'loopback') return await joinFromWithin(context, sandbox.Id, [String(port)], signal);
      const [ip] = ipsOf(context, sandbox);
      if (ip === undefined) throw new Error(`the pod ${uid} has no address`);
      if (direct) return await dial(ip, port, signal);
      return await joinFromWithin(context, sandbox.Id, [String(port), ip], signal);
    },
  };
}

function dial(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const abort = (): void => void socket.destroy(new Error('aborted'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

async function joinFromWithin({ engine }: DockerContext, sandbox: string, where: readonly string[], signal: AbortSignal): Promise<Duplex> {
  const spec = { Cmd: [SANDBOX_COMMAND, 'connect', ...where], AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false, User: '65535:65535' };
  const exec = await engine.createExec(sandbox, spec, signal);
  const connection = await engine.startExec(exec, { tty: false }, signal);
  const abort = (): void => void connection.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  const output = frames(connection);
  const first = await output.next().catch((error: unknown) => ({ done: true as const, value: undefined, error }));
  signal.removeEventListener('abort', abort);
  signal.throwIfAborted();
  if (first.done === true || first.value.stream === 'stderr') {
    connection.destroy();
    throw new Error(
      `port ${where[0] ?? ''} of the pod: ${first.done === true ? 'the engine closed the connection' : first.value.data.toString('utf8').trim()}`,
    );
  }
  return tunnel(connection, output, first.value.data.subarray(1));
}

type Output = ReturnType<typeof frames>;

/** What is read is the program's stdout; what is written is its stdin. */
function tunnel(connection: Duplex, output: Output, early: Buffer): Duplex {
  let reading = false;
  const pump = async (out: Duplex): Promise<void> => {
    if (reading) return;
    reading = true;
    try {
      for (;;) {
        const next = await output.next();
        if (next.done === true) {
          out.push(null);
          return;
        }
        if (next.value.stream === 'stdout' && !out.push(next.value.data)) return;
      }
    } catch (error) {
      out.destroy(error instanceof Error ? error : new Error(messageOf(error)));
    } finally {
      reading = false;
    }
  };
  const joined = new Duplex({
    allowHalfOpen: true,
    read: () => void pump(joined),
    write: (chunk: Buffer, _encoding, done) => void connection.write(chunk, done),
    final: (done) => {
      connection.end();
      done();
    },
    destroy: (error, done) => {
      connection.destroy();
      done(error);
    },
  });
  if (early.length > 0) joined.unshift(early);
  return joined;
}
