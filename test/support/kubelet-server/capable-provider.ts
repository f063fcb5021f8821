import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable, type Writable } from 'node:stream';
import type { ContainerTarget, LogOptions, PodUsage, SessionStreams } from '../../../src/kubelet/capabilities.ts';
import type { PodProvider } from '../../../src/kubelet/provider.ts';

/**
 * What a back end can do beyond running pods, in memory. Commands: `echo words…`, `fail <code>` (with output on both
 * streams), `cat`, `count` (bytes of stdin), `zeros <bytes>`, `sizes <n>` (that many terminal sizes), `sleep` (until it
 * is aborted), `missing` (cannot be started). Ports are those of this machine.
 */
export class CapableBackend {
  readonly aborted: string[] = [];
  readonly logOptions: LogOptions[] = [];
  logText = 'line one\nline two\nline three\n';
  usages: readonly PodUsage[] = [];
  /** How many commands run now. */
  running = 0;

  provider(): Pick<PodProvider, 'logs' | 'exec' | 'attach' | 'network' | 'stats' | 'list' | 'status'> {
    return {
      list: () => Promise.resolve([]),
      status: () => Promise.resolve(undefined),
      logs: {
        open: (_target, options) => {
          this.logOptions.push(options);
          return Promise.resolve(Readable.from(this.logText.match(/.*\n/g) ?? [], { objectMode: false }));
        },
      },
      exec: { exec: (target, command, streams, signal) => this.run(target, command, streams, signal) },
      attach: {
        attach: async (target, streams, signal) => {
          await this.run(target, ['echo', 'attached', 'to', target.container], streams, signal);
        },
      },
      network: { connect: ({ port }, signal) => dial(port, signal) },
      stats: { pods: () => Promise.resolve(this.usages) },
    };
  }

  private async run(_target: ContainerTarget, [program = '', ...args]: readonly string[], streams: SessionStreams, signal: AbortSignal): Promise<number> {
    this.running += 1;
    try {
      return await this.command(program, args, streams, signal);
    } finally {
      this.running -= 1;
      streams.stdout?.end();
      streams.stderr?.end();
    }
  }

  private async command(program: string, args: readonly string[], { stdin, stdout, stderr, resize }: SessionStreams, signal: AbortSignal): Promise<number> {
    switch (program) {
      case 'echo':
        await write(stdout, `${args.join(' ')}\n`, signal);
        return 0;
      case 'fail':
        await write(stdout, 'out\n', signal);
        await write(stderr, 'err\n', signal);
        return Number(args[0]);
      case 'cat':
        for await (const chunk of stdin ?? []) await write(stdout, chunk as Buffer, signal);
        return 0;
      case 'count': {
        let count = 0;
        for await (const chunk of stdin ?? []) count += (chunk as Buffer).length;
        await write(stdout, `${String(count)}\n`, signal);
        return 0;
      }
      case 'zeros': {
        const chunk = Buffer.alloc(64 * 1024);
        for (let left = Number(args[0]); left > 0; left -= chunk.length) await write(stdout, chunk.subarray(0, Math.min(left, chunk.length)), signal);
        return 0;
      }
      case 'sizes': {
        let left = Number(args[0]);
        for await (const { width, height } of resize ?? []) {
          await write(stdout, `${String(width)}x${String(height)}\n`, signal);
          left -= 1;
          if (left === 0) break;
        }
        return 0;
      }
      case 'sleep':
        if (!signal.aborted) await once(signal, 'abort');
        this.aborted.push(args.join(' '));
        throw signal.reason;
      default:
        throw new Error(`exec: "${program}": executable file not found in $PATH`);
    }
  }
}

async function write(stream: Writable | undefined, data: string | Buffer, signal: AbortSignal): Promise<void> {
  if (stream === undefined) return;
  if (stream.destroyed) throw new Error('nobody listens');
  if (stream.write(data)) return;
  const settled = new AbortController();
  const either = AbortSignal.any([signal, settled.signal]);
  try {
    await Promise.race([once(stream, 'drain', { signal: either }), once(stream, 'close', { signal: either })]);
  } finally {
    settled.abort();
  }
}

async function dial(port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch {
    socket.destroy();
    throw new Error(`failed to connect to localhost:${String(port)}: connection refused`);
  }
}
