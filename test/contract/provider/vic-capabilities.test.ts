/** What the VIC provider can do beyond running pods, on the operations of a port layer. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PortLayer } from '../../../src/clients/port-layer/port.ts';
import type { ContainerRequest } from '../../../src/kubelet/provider.ts';
import type { VicProvider } from '../../../src/providers/vic/provider.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { startSandboxVch, type SandboxVch } from '../../support/sandbox-vch.ts';

const never = new AbortController().signal;
const LOG = { follow: false, previous: false, timestamps: false };
const shell = (script: string, more: Partial<ContainerRequest> = {}): ContainerRequest =>
  containerRequest({ name: 'c', image: 'busybox:latest', command: ['/bin/sh', '-c', script], ...more });
const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";

let vch: SandboxVch;
let provider: VicProvider;
const pods: string[] = [];

beforeAll(async () => {
  vch = await startSandboxVch();
  provider = vch.provider();
  await provider.images!.pull({ reference: 'busybox:latest' }, never);
  await provider.images!.pull({ reference: 'alpine:3.8' }, never);
});

afterAll(async () => {
  await vch.close();
});

const up = async (...definitions: readonly ContainerRequest[]): Promise<RequestedPod> => {
  const pod = podRequest(definitions);
  pods.push(pod.uid);
  await provider.create(pod, never);
  await provider.start(startRequest(pod), never);
  return pod;
};
const stateOf = async (uid: string, name = 'c') => (await provider.status(uid, never))?.containers.find((one) => one.name === name)?.state;
const ended = async (uid: string) => {
  await expect.poll(() => stateOf(uid), { timeout: 30_000, interval: 50 }).toMatchObject({ kind: 'exited' });
};
const runs = async (uid: string) => {
  await expect.poll(() => stateOf(uid), { timeout: 30_000, interval: 20 }).toMatchObject({ kind: 'running' });
};
const logOf = async (uid: string, options: object = {}, container = 'c') => text(await provider.logs!.open({ uid, container }, { ...LOG, ...options }, never));
const exec = async (
  uid: string,
  command: readonly string[],
  options: { readonly stdin?: string; readonly container?: string; readonly signal?: AbortSignal; readonly by?: VicProvider } = {},
) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [text(stdout), text(stderr)];
  const input = options.stdin === undefined ? {} : { stdin: new PassThrough().end(options.stdin) };
  const target = { uid, container: options.container ?? 'c' };
  const code = await (options.by ?? provider).exec!.exec(target, command, { ...input, stdout, stderr, tty: false }, options.signal ?? never);
  return { code, out: await out, err: await err };
};

describe('logs of a pod VM', () => {
  it('are those of the run, whole, in part, and with times', async () => {
    const pod = await up(shell('for i in 1 2 3 4 5; do echo line $i; done; echo wrong >&2; exit 1'));
    await ended(pod.uid);
    const whole = await logOf(pod.uid);
    expect(whole.split('\n').sort().join('\n')).toBe('\nline 1\nline 2\nline 3\nline 4\nline 5\nwrong');
    expect(await logOf(pod.uid, { tailLines: 2 })).toBe(whole.split('\n').slice(-3).join('\n'));
    expect(await logOf(pod.uid, { tailLines: 0 })).toBe('');
    expect(await logOf(pod.uid, { tailLines: 100 })).toBe(whole);
    const stamped = (await logOf(pod.uid, { timestamps: true })).trimEnd().split('\n');
    expect(stamped).toHaveLength(6);
    for (const line of stamped) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (line \d|wrong)$/);
    await expect(logOf(pod.uid, { stream: 'stderr' })).rejects.toThrow(/cannot be told apart/);
    await expect(logOf(pod.uid, { previous: true })).rejects.toThrow('previous terminated container "c" not found');
    await expect(logOf('nobody')).rejects.toThrow('no VM');
  });

  it('are cut at a time to the millisecond, although the port layer cuts at seconds', async () => {
    const pod = await up(shell('i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo $i; sleep 0.05; done'));
    await ended(pod.uid);
    const stamped = (await logOf(pod.uid, { timestamps: true })).trimEnd().split('\n');
    const since = Date.parse(`${stamped[9]!.slice(0, 23)}Z`);
    const rest = (await logOf(pod.uid, { since })).trimEnd().split('\n');
    expect(rest).toEqual(stamped.filter((line) => Date.parse(`${line.slice(0, 23)}Z`) >= since).map((line) => line.slice(31)));
    expect(rest.length).toBeGreaterThan(0);
    expect(await logOf(pod.uid, { since: Date.now() + 5_000 })).toBe('');
    expect((await logOf(pod.uid, { since, tailLines: 2 })).trimEnd().split('\n')).toEqual(['19', '20']);
  });

  it('keep the run before the current one apart', async () => {
    const pod = await up(shell('echo first; exit 3'));
    await ended(pod.uid);
    const again = (script: string) => provider.start({ uid: pod.uid, containers: ['c'], define: () => Promise.resolve([shell(script)]) }, never);
    await again('echo second');
    await ended(pod.uid);
    expect(await logOf(pod.uid)).toBe('second\n');
    expect(await logOf(pod.uid, { previous: true })).toBe('first\n');
    expect(await logOf(pod.uid, { previous: true, timestamps: true })).toMatch(/^\S{30} first\n$/);
    // A kubelet that knows nothing of earlier starts tells the same.
    const options = { ...LOG, previous: true };
    expect(await text(await vch.provider().logs!.open({ uid: pod.uid, container: 'c' }, options, never))).toBe('first\n');
    await again('echo third');
    await ended(pod.uid);
    expect(await logOf(pod.uid, { previous: true })).toBe('second\n');
  });

  it('are followed to the very end of the run, each line once', async () => {
    const pod = await up(shell('i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo $i; sleep 0.1; done; printf "no end of line"'));
    const numbers = Array.from({ length: 30 }, (_, index) => `${String(index + 1)}\n`).join('');
    expect(await logOf(pod.uid, { follow: true })).toBe(`${numbers}no end of line`);
    expect(await logOf(pod.uid, { follow: true, tailLines: 2 })).toBe('30\nno end of line');
  });

  it('are followed from now on only, when nothing of the past is asked for', async () => {
    const pod = await up(shell('echo before; read go; echo after', { stdin: true }));
    await expect.poll(() => logOf(pod.uid), { timeout: 10_000 }).toBe('before\n');
    const following = logOf(pod.uid, { follow: true, tailLines: 0 });
    const stdin = new PassThrough();
    const attached = provider.attach!.attach({ uid: pod.uid, container: 'c' }, { stdin, stdout: new PassThrough().resume(), tty: false }, never);
    stdin.write('go\n');
    expect(await following).toBe('after\n');
    await attached;
  });

  it('end when nobody reads them any more', async () => {
    const pod = await up(shell(`echo here; ${WAITS}`));
    const stop = new AbortController();
    const stream = await provider.logs!.open({ uid: pod.uid, container: 'c' }, { ...LOG, follow: true }, stop.signal);
    const failed = once(stream, 'error');
    await once(stream, 'data');
    stop.abort(new Error('enough'));
    expect((await failed)[0]).toMatchObject({ message: 'enough' });
    expect(stream.destroyed).toBe(true);
  });

  it('carry binary and very long lines unchanged', async () => {
    const pod = await up(shell('head -c 20000 /dev/zero; echo; printf "\\377\\376\\n"'));
    await ended(pod.uid);
    const stream = await provider.logs!.open({ uid: pod.uid, container: 'c' }, LOG, never);
    const bytes = Buffer.concat(await stream.toArray());
    expect(bytes.equals(Buffer.concat([Buffer.alloc(20_000), Buffer.from([10, 255, 254, 10])]))).toBe(true);
    expect((await logOf(pod.uid, { timestamps: true })).split('\n')[0]).toHaveLength(31 + 20_000);
  });

  it('end in the termination message of a container that failed and asked for that', async () => {
    const terminationMessage = { path: '/dev/termination-log', fallbackToLogsOnError: true };
    const talk = 'i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done; ';
    const [failed, fine, plain] = [
      await up(shell(`${talk} exit 2`, { terminationMessage })),
      await up(shell(`${talk} exit 0`, { terminationMessage })),
      await up(shell(`${talk} exit 2`)),
    ];
    for (const { uid } of [failed, fine, plain]) await ended(uid);
    const lines = Array.from({ length: 80 }, (_, index) => `line ${String(index + 21)}\n`).join('');
    // A kubelet that did not start it tells the same.
    for (const by of [provider, vch.provider()]) {
      expect((await by.status(failed.uid, never))?.containers[0]?.state).toMatchObject({ exitCode: 2, message: lines });
    }
    for (const { uid } of [fine, plain]) expect(await stateOf(uid)).not.toHaveProperty('message');
  });

  it('are each its own of containers that share a VM; another kubelet knows only that of the one which started with it', async () => {
    const pod = await up(shell(`echo from c; ${WAITS}`), shell(`echo from d; ${WAITS}`, { name: 'd', image: 'alpine:3.8' }));
    await expect.poll(() => logOf(pod.uid), { timeout: 10_000 }).toBe('from c\n');
    await expect.poll(() => logOf(pod.uid, {}, 'd'), { timeout: 10_000 }).toBe('from d\n');
    const other = vch.provider();
    const heard = async (container: string, options: object = {}) =>
      await text(await other.logs!.open({ uid: pod.uid, container }, { ...LOG, ...options }, never));
    expect(await heard('c')).toBe('from c\n');
    expect(await heard('d')).toContain('--isolation container');
    expect(await heard('d', { tailLines: 0 })).toBe('');
    expect(await heard('d', { timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \(vick: .*\)\n$/);
  });
});

describe('commands in a pod VM', () => {
  it('run with input, both streams and their exit code', async () => {
    const pod = await up(shell(WAITS, { env: [{ name: 'FROM_POD', value: 'yes' }] }));
    await runs(pod.uid);
    expect(await exec(pod.uid, ['sh', '-c', 'cat; echo oops >&2; exit 5'], { stdin: 'hello' })).toEqual({ code: 5, out: 'hello', err: 'oops\n' });
    expect(await exec(pod.uid, ['sh', '-c', 'echo $FROM_POD $HOSTNAME'])).toMatchObject({ code: 0, out: `yes ${pod.pod.metadata!.name}\n` });
    expect(await exec(pod.uid, ['cat'])).toEqual({ code: 0, out: '', err: '' });
    expect(await exec(pod.uid, ['true'])).toEqual({ code: 0, out: '', err: '' });
    const big = await exec(pod.uid, ['sh', '-c', 'head -c 3000000 /dev/zero; echo end >&2']);
    expect([big.out.length, big.err]).toEqual([3_000_000, 'end\n']);
    const echoed = 'x'.repeat(300_000);
    expect((await exec(pod.uid, ['cat'], { stdin: echoed })).out).toBe(echoed);
  });

  it('that cannot be started say why', async () => {
    const pod = await up(shell(WAITS));
    await runs(pod.uid);
    await expect(exec(pod.uid, ['/no/such/program'])).rejects.toThrow(/could not be started.*no such file/);
    await expect(exec(pod.uid, ['true'], { container: 'other' })).rejects.toThrow('no container other');
  });

  it('with a pipe are what was asked for, as is what a container was given', async () => {
    const pod = await up(shell(`echo "a|b" | tr a-z A-Z; ${WAITS}`, { env: [{ name: 'BARS', value: '|$HOME|' }] }));
    await runs(pod.uid);
    const words = ['sh', '-c', 'printf "%s" "$1" | tr a x; echo "$BARS"; exit 3', 'sh', 'a|a'];
    const asked = { code: 3, out: 'x|x|$HOME|\n', err: '' };
    expect(await exec(pod.uid, words)).toEqual(asked);
    await expect.poll(() => logOf(pod.uid), { timeout: 10_000 }).toBe('A|B\n');
    // A kubelet that did not start it reads what it was given from the VM.
    expect(await exec(pod.uid, words, { by: vch.provider() })).toEqual(asked);
  });

  it('run side by side, although each is a change of the VM', async () => {
    const pod = await up(shell(WAITS));
    await runs(pod.uid);
    const said = await Promise.all(['a', 'b', 'c', 'd'].map((word) => exec(pod.uid, ['echo', word])));
    expect(said.map(({ out }) => out)).toEqual(['a\n', 'b\n', 'c\n', 'd\n']);
  });

  it('leave no task behind for ever', async () => {
    const pod = await up(shell(WAITS));
    await runs(pod.uid);
    for (let count = 0; count < 5; count += 1) await exec(pod.uid, ['true']);
    expect(vch.vmOf(pod.uid)!.config.execs).toHaveLength(1);
  });

  it('are killed when nobody waits for them', async () => {
    const pod = await up(shell(WAITS));
    await runs(pod.uid);
    const marker = `7${String(Date.now()).slice(-6)}`;
    const stop = new AbortController();
    const running = exec(pod.uid, ['sleep', marker], { signal: stop.signal });
    const counted = async () => (await exec(pod.uid, ['sh', '-c', `pgrep -fc "[s]leep ${marker}$"; true`])).out.trim();
    await expect.poll(counted, { timeout: 10_000 }).toBe('1');
    stop.abort(new Error('gone'));
    await expect(running).rejects.toThrow('gone');
    await expect.poll(counted, { timeout: 10_000 }).toBe('0');
  });

  it('have one output and a size on a terminal', async () => {
    const pod = await up(shell(WAITS));
    await runs(pod.uid);
    const stdout = new PassThrough();
    const said = text(stdout);
    const sizes = (async function* () {
      yield { width: 90, height: 33 };
      await Promise.resolve();
      yield { width: 100, height: 40 };
    })();
    const streams = { stdin: new PassThrough().end('typed\n'), stdout, tty: true, resize: sizes };
    const asked: unknown[] = [];
    const portLayer: PortLayer = {
      ...vch.portLayer,
      resizeTerminal: async (id, size, signal) => {
        asked.push(size);
        await vch.portLayer.resizeTerminal(id, size, signal);
      },
    };
    const resizing = vch.provider({ portLayer });
    expect(await resizing.exec!.exec({ uid: pod.uid, container: 'c' }, ['sh', '-c', 'read x; echo out $x; echo err >&2; exit 4'], streams, never)).toBe(4);
    expect((await said).split('\n').sort()).toEqual(['', 'err', 'out typed']);
    expect(asked).toEqual([
      { width: 90, height: 33 },
      { width: 100, height: 40 },
    ]);
  });

  it('run in the file system of their container', async () => {
    const pod = await up(shell(WAITS), shell(WAITS, { name: 'd', image: 'alpine:3.8' }));
    await runs(pod.uid);
    await exec(pod.uid, ['true'], { container: 'd' });
    const { config } = vch.vmOf(pod.uid)!;
    const [own, ...commands] = config.execs.map(({ namespace }) => namespace);
    expect(commands).toEqual([own]);
    expect(own).not.toBe(config.tasks[0]!.namespace);
  });

  it('that cannot be started are told soon, although a server waits long for their connection', async () => {
    const pod = await up(shell(WAITS));
    await runs(pod.uid);
    const portLayer: PortLayer = {
      ...vch.portLayer,
      output: async (id, stream, until, signal) => {
        (await vch.portLayer.output(id, stream, until, signal))?.resume();
        return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
      },
    };
    await expect(exec(pod.uid, ['/no/such/program'], { by: vch.provider({ portLayer }) })).rejects.toThrow(/could not be started.*no such/);
  }, 20_000);

  it('find no container that has ended', async () => {
    const pod = await up(shell('exit 0'));
    await ended(pod.uid);
    await expect(exec(pod.uid, ['true'])).rejects.toThrow('the container c does not run');
    await expect(provider.attach!.attach({ uid: pod.uid, container: 'c' }, { tty: false }, never)).rejects.toThrow('the container c does not run');
  });
});

describe('attaching to a pod VM', () => {
  it('gives and takes what the process does from then on, and ends with it', async () => {
    const pod = await up(shell('read line; echo "<$line>"; read rest; echo "<$rest>"; exit 0', { stdin: true, spec: { name: 'c', stdinOnce: true } }));
    await runs(pod.uid);
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const said = text(stdout);
    const attached = provider.attach!.attach({ uid: pod.uid, container: 'c' }, { stdin, stdout, stderr: new PassThrough().resume(), tty: false }, never);
    stdin.write('hi\n');
    await expect.poll(() => logOf(pod.uid), { timeout: 20_000 }).toBe('<hi>\n');
    stdin.end('bye\n');
    await attached;
    expect(await said).toBe('<hi>\n<bye>\n');
    await ended(pod.uid);
  });

  it('leaves the process alone when it is given up', async () => {
    const pod = await up(shell('while :; do echo tick; sleep 0.1; done'));
    await runs(pod.uid);
    const stop = new AbortController();
    const stdout = new PassThrough();
    const attached = provider.attach!.attach({ uid: pod.uid, container: 'c' }, { stdout, tty: false }, stop.signal);
    await once(stdout, 'data');
    stdout.resume();
    stop.abort(new Error('detached'));
    await expect(attached).rejects.toThrow('detached');
    expect(await stateOf(pod.uid)).toMatchObject({ kind: 'running' });
  });
});

describe('connections to a pod VM', () => {
  it('go to its address, and say what cannot be reached', async () => {
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const pod = await up(shell(WAITS));
    await runs(pod.uid);
    expect(await text(await provider.network!.connect({ uid: pod.uid, port, via: 'address' }, never))).toBe('hello');
    expect(await text(await provider.network!.connect({ uid: pod.uid, port, via: 'loopback' }, never))).toBe('hello');
    server.close();
    await once(server, 'close');
    await expect(provider.network!.connect({ uid: pod.uid, port, via: 'address' }, never)).rejects.toThrow(/ECONNREFUSED/);
    await expect(provider.network!.connect({ uid: pod.uid, port, via: 'loopback' }, never)).rejects.toThrow(/127\.0\.0\.1 alone cannot be reached/);
    await provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 1 }, never);
    await expect(provider.network!.connect({ uid: pod.uid, port, via: 'address' }, never)).rejects.toThrow(/no address/);
  });
});

describe('statistics of pod VMs', () => {
  it('are the VM’s, and its container’s where it has one only', async () => {
    const single = await up(shell('while :; do :; done'));
    const double = await up(shell(WAITS), shell(WAITS, { name: 'd' }));
    await runs(single.uid);
    await runs(double.uid);
    const usage = async (uid: string) => (await provider.stats!.pods(never)).find((one) => one.uid === uid);
    const memory = { memory: { workingSetBytes: expect.any(Number) as number } };
    await expect.poll(() => usage(single.uid), { timeout: 20_000, interval: 200 }).toMatchObject(memory);
    expect(await usage(single.uid)).toMatchObject({ cpu: { usageCoreNanoSeconds: expect.any(Number) as number }, containers: [{ name: 'c', ...memory }] });
    await expect.poll(() => usage(double.uid), { timeout: 20_000, interval: 200 }).toMatchObject({ ...memory, containers: [] });
    const node = await provider.stats!.node!(never);
    expect(node.memory!.usageBytes! + node.memory!.availableBytes!).toBe(32_768 * 1024 ** 2);
    await provider.remove(single.uid, never);
    expect(await usage(single.uid)).toBeUndefined();
  });
});
