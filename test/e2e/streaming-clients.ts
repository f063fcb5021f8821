/** The three kinds of clients that stream from pods: kubectl over WebSocket and over SPDY, and @kubernetes/client-node. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Attach, Exec, KubeConfig, Log, PortForward } from '@kubernetes/client-node';
import type { Site } from './site.ts';

interface Outcome {
  /** Undefined: no command ended; why is in stderr. */
  readonly code: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

interface Target {
  readonly pod: string;
  readonly container?: string;
}

interface LogOptions {
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
}

export interface StreamingClient {
  readonly name: string;
  exec(target: Target, command: readonly string[], stdin?: Buffer): Promise<Outcome>;
  /** Sends `stdin` and reads until `until` has come; then leaves. */
  attach(target: Target, stdin: Buffer, until: string): Promise<string>;
  logs(target: Target, options: LogOptions): Promise<Outcome>;
  /** Sends `payload` to a port and reads the answer to its end. */
  forward(target: Target, port: number, payload: string): Promise<string>;
}

export function kubectlClient(site: Site, webSockets: boolean): StreamingClient {
  const env = {
    ...site.env,
    PATH: process.env['PATH'] ?? '',
    KUBECTL_REMOTE_COMMAND_WEBSOCKETS: String(webSockets),
    KUBECTL_PORT_FORWARD_WEBSOCKETS: String(webSockets),
  };
  const start = (args: readonly string[]) => spawn('kubectl', args, { env, cwd: site.folder, stdio: 'pipe' });
  const run = async (args: readonly string[], stdin?: Buffer): Promise<Outcome> => {
    const child = start(args);
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    const [stdout, stderr, [code]] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, 'close') as Promise<[number]>]);
    return { code, stdout, stderr: stderr.toString() };
  };
  const named = ({ pod, container }: Target): string[] => [pod, ...(container === undefined ? [] : ['-c', container])];
  return {
    name: `kubectl over ${webSockets ? 'WebSocket' : 'SPDY'}`,
    exec: (target, command, stdin) => run(['exec', ...(stdin === undefined ? [] : ['-i']), ...named(target), '--', ...command], stdin),
    attach: async (target, stdin, until) => {
      const child = start(['attach', '-i', ...named(target)]);
      try {
        child.stdin.write(stdin);
        return await untilText(child.stdout, until);
      } finally {
        child.kill('SIGKILL');
      }
    },
    logs: (target, options) =>
      run([
        'logs',
        ...named(target),
        ...(options.follow === true ? ['-f'] : []),
        ...(options.previous === true ? ['-p'] : []),
        ...(options.timestamps === true ? ['--timestamps'] : []),
        ...(options.tailLines === undefined ? [] : [`--tail=${String(options.tailLines)}`]),
        ...(options.limitBytes === undefined ? [] : [`--limit-bytes=${String(options.limitBytes)}`]),
        ...(options.sinceSeconds === undefined ? [] : [`--since=${String(options.sinceSeconds)}s`]),
      ]),
    forward: async ({ pod }, port, payload) => {
      const child = start(['port-forward', `pod/${pod}`, `:${String(port)}`, '--address=127.0.0.1']);
      try {
        const local = /127\.0\.0\.1:(\d+) ->/.exec(await untilText(child.stdout, '->'))?.[1];
        return await talk(connect(Number(local), '127.0.0.1'), payload);
      } finally {
        child.kill('SIGKILL');
      }
    },
  };
}

export function libraryClient(site: Site): StreamingClient {
  const config = new KubeConfig();
  config.loadFromFile(site.kubeconfig);
  const namespace = 'default';
  const nameOf = ({ container }: Target): string => container ?? 'main';
  return {
    name: 'client-node',
    exec: async (target, command, stdin) => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const [out, err] = [buffer(stdout), buffer(stderr)];
      const input = stdin === undefined ? null : Readable.from([stdin]);
      const status = new Promise<{
        readonly status?: string;
        readonly message?: string;
        readonly details?: { causes?: { reason?: string; message?: string }[] };
      }>((resolve, reject) => {
        new Exec(config)
          .exec(namespace, target.pod, nameOf(target), [...command], stdout, stderr, input, false, resolve)
          .catch((error: unknown) => reject(error as Error));
      });
      const { status: verdict, message = '', details } = await status;
      const code = verdict === 'Success' ? '0' : details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
      return { code: code === undefined ? undefined : Number(code), stdout: await out, stderr: `${(await err).toString()}${code === '0' ? '' : message}` };
    },
    attach: async (target, stdin, until) => {
      const stdout = new PassThrough();
      const input = new PassThrough();
      const socket = await new Attach(config).attach(namespace, target.pod, nameOf(target), stdout, null, input, false);
      try {
        input.write(stdin);
        return await untilText(stdout, until);
      } finally {
        socket.close();
      }
    },
    logs: async (target, options) => {
      const stdout = new PassThrough();
      const out = buffer(stdout);
      try {
        await new Log(config).log(namespace, target.pod, nameOf(target), stdout, options);
      } catch (error) {
        return { code: undefined, stdout: Buffer.alloc(0), stderr: String(error) };
      }
      return { code: 0, stdout: await out, stderr: '' };
    },
    forward: async ({ pod }, port, payload) => {
      // As in the library's own example: one forward for each connection.
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        void new PortForward(config).portForward(namespace, pod, [port], socket, null, socket);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        return await talk(connect((server.address() as AddressInfo).port, '127.0.0.1'), payload, /bye$/);
      } finally {
        server.close();
      }
    },
  };
}

async function talk(socket: Socket, payload: string, end?: RegExp): Promise<string> {
  let text = '';
  socket.write(payload);
  for await (const chunk of socket) {
    text += String(chunk);
    if (end?.test(text) === true) break;
  }
  socket.destroy();
  return text;
}

async function untilText(stream: Readable, wanted: string): Promise<string> {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes(wanted)) return text;
  }
  throw new Error(`the stream ended without ${JSON.stringify(wanted)}: ${JSON.stringify(text)}`);
}
