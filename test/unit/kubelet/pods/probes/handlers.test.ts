import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authority } from '../../../../../src/kubelet/pods/probes/connect.ts';
import { execCommand } from '../../../../../src/kubelet/pods/probes/exec-command.ts';
import { grpcHealth } from '../../../../../src/kubelet/pods/probes/grpc-health.ts';
import { OUTPUT_LIMIT, resolvePort, userAgent, type HandlerTarget, type HttpGetAction } from '../../../../../src/kubelet/pods/probes/handler.ts';
import { decodeHealthResponse, encodeHealthRequest } from '../../../../../src/kubelet/pods/probes/health-messages.ts';
import { actionUrl, httpGet } from '../../../../../src/kubelet/pods/probes/http-get.ts';
import { neededCapabilities } from '../../../../../src/kubelet/pods/probes/needed-capabilities.ts';
import { runProbe } from '../../../../../src/kubelet/pods/probes/run-probe.ts';
import { tcpSocket } from '../../../../../src/kubelet/pods/probes/tcp-socket.ts';
import { systemClock } from '../../../../../src/platform/node/clock.ts';
import type { Container } from '../../../../../src/platform/kubernetes-objects.ts';
import { createCertificate } from '../../../../../src/sandbox/certificates.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';
import { LoopbackNetwork, MemoryExec } from '../../../../support/kubelet/memory-capabilities.ts';

const never = new AbortController().signal;
let closers: (() => Promise<void>)[];
let network: LoopbackNetwork;
let exec: MemoryExec;

beforeEach(() => {
  closers = [];
  network = new LoopbackNetwork();
  exec = new MemoryExec();
});
afterEach(async () => {
  for (const close of closers) await close();
});

async function listening(server: TcpServer | Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function target(more: Partial<HandlerTarget> = {}): HandlerTarget {
  const container: Container = { name: 'main', ports: [{ name: 'http', containerPort: 8080 }], env: [{ name: 'MODE', value: 'fast' }] };
  return { pod: { metadata: { uid: 'uid-1' } }, container, podIP: '127.0.0.1', exec, network, userAgent: 'kube-probe/1.36', ...more };
}

async function http(listener: RequestListener): Promise<number> {
  return listening(createHttpServer(listener));
}

const get = (port: number, more: Partial<HttpGetAction> = {}) => httpGet(target(), { port, path: '/', ...more }, never);

describe('httpGet', () => {
  it.each([
    [200, 'success', 'body'],
    [204, 'success', ''],
    [304, 'success', ''],
    [399, 'success', 'body'],
    [400, 'failure', 'HTTP probe failed with statuscode: 400'],
    [404, 'failure', 'HTTP probe failed with statuscode: 404'],
    [500, 'failure', 'HTTP probe failed with statuscode: 500'],
  ])('takes %i for %s', async (status, result, output) => {
    const port = await http((_request, response) => response.writeHead(status).end('body'));
    expect(await get(port)).toEqual({ result, output });
    expect(network.calls).toEqual([`uid-1 ${String(port)} address`]);
  });

  it('sends what a kubelet sends, and what it is given', async () => {
    let seen: IncomingMessage | undefined;
    const port = await http((request, response) => {
      seen = request;
      response.end();
    });
    const header = (name: string, value: string) => ({ name, value });
    await get(port, { path: 'healthz?full=1&x=ä b', httpHeaders: [header('X-Trace', 'one'), header('X-Trace', 'two')] });
    expect(seen).toMatchObject({ method: 'GET', url: '/healthz?full=1&x=%C3%A4%20b' });
    expect(seen?.headers).toMatchObject({
      host: `127.0.0.1:${String(port)}`,
      'user-agent': 'kube-probe/1.36',
      accept: '*/*',
      'x-trace': 'one, two',
      connection: 'close',
    });
    await get(port, { httpHeaders: [header('Host', 'virtual.example'), header('user-agent', 'mine/1'), header('Accept', '')] });
    expect(seen?.headers).toMatchObject({ host: 'virtual.example', 'user-agent': 'mine/1' });
    expect(seen?.headers.accept).toBeUndefined();
  });

  it('reads no more than 10 KiB of a body that never ends', async () => {
    const port = await http((_request, response) => {
      const more = (): void => {
        if (response.write('x'.repeat(4_096))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    const { result, output } = await get(port);
    expect(result).toBe('success');
    expect(output).toHaveLength(OUTPUT_LIMIT);
  });

  it('follows redirects on the same host, to another port too', async () => {
    const last = await http((request, response) => response.end(`at ${request.url ?? ''}`));
    const first = await http((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/next' }).end();
      else response.writeHead(307, { location: `http://127.0.0.1:${String(last)}/end` }).end();
    });
    expect(await get(first)).toEqual({ result: 'success', output: 'at /end' });
  });

  it('warns of a redirect to another host, and does not follow it', async () => {
    const port = await http((_request, response) => response.writeHead(301, { location: 'http://elsewhere.example/' }).end('moved'));
    expect(await get(port)).toEqual({ result: 'warning', output: 'Probe terminated redirects, Response body: moved' });
    expect(network.calls).toHaveLength(1);
  });

  it('gives up on a circle of redirects', async () => {
    const port = await http((_request, response) => response.writeHead(302, { location: '/' }).end());
    expect(await get(port)).toEqual({ result: 'failure', output: `Get "http://127.0.0.1:${String(port)}/": stopped after 10 redirects` });
    expect(network.calls).toHaveLength(11);
  });

  it.each(['http://[', 'ftp://127.0.0.1/', ''])('stays where it is for a location of %j', async (location) => {
    const port = await http((_request, response) => response.writeHead(302, { location }).end('here'));
    if (location === '') expect((await get(port)).result).toBe('failure');
    else expect(await get(port)).toEqual({ result: 'success', output: 'here' });
  });

  it('speaks TLS and does not ask who answers', async () => {
    const pair = await createCertificate({ commonName: 'nobody', use: 'server', now: Date.now(), names: ['other.example'] });
    const port = await listening(createHttpsServer({ cert: pair.certificate, key: pair.key }, (_request, response) => response.end('secret place')));
    expect(await get(port, { scheme: 'HTTPS' })).toEqual({ result: 'success', output: 'secret place' });
    expect((await get(port, { scheme: 'HTTP' })).result).toBe('failure');
  });

  it('fails where nobody listens, where nothing is said, and where nonsense is said', async () => {
    const silent = await listening(createTcpServer((socket) => socket.end()));
    const babble = await listening(createTcpServer((socket) => socket.end('SSH-2.0-x\r\n\r\n')));
    const gone = await listening(createTcpServer());
    await closers.pop()?.();
    for (const port of [silent, babble, gone]) {
      const { result, output } = await get(port);
      expect(result).toBe('failure');
      expect(output).toContain(`Get "http://127.0.0.1:${String(port)}/": `);
      expect((await get(port, { scheme: 'HTTPS' })).result).toBe('failure');
    }
  });

  it('reads answers whole that end with their connection, and takes half of one for none', async () => {
    const answer = (text: string, length: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${String(length)}\r\n\r\n${text}`;
    const raw = (text: string) => listening(createTcpServer((socket) => socket.once('data', () => socket.end(text))));
    const whole = await raw(answer('complete', 8));
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => get(whole)));
    expect(new Set(outcomes.map(({ result, output }) => `${result} ${output}`))).toEqual(new Set(['success complete']));
    expect((await get(await raw(answer('half', 100)))).result).toBe('failure');
    expect(await get(await raw('HTTP/1.0 200 OK\r\n\r\nold style'))).toEqual({ result: 'success', output: 'old style' });
  });

  it('asks a host that is named directly', async () => {
    const port = await http((_request, response) => response.end('outside'));
    expect(await httpGet(target({ network: undefined }), { host: '127.0.0.1', port, path: '/' }, never)).toEqual({ result: 'success', output: 'outside' });
    expect((await httpGet(target({ network: undefined }), { port, path: '/' }, never)).output).toContain('cannot reach the network of its pods');
  });

  it('leaves at once when it is called off', async () => {
    let asked: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    const port = await http(() => asked());
    const abort = new AbortController();
    const work = httpGet(target(), { port, path: '/' }, abort.signal);
    await reached;
    abort.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
  });

  it.each([
    [{ port: 80, path: '/x' }, 'http://10.0.0.7/x'],
    [{ port: 'http', path: '/x' }, 'http://10.0.0.7:8080/x'],
    [{ port: '81' }, 'http://10.0.0.7:81/'],
    [{ port: 443, scheme: 'HTTPS', path: 'x' }, 'https://10.0.0.7/x'],
    [{ port: '', scheme: 'HTTPS' }, 'https://10.0.0.7/'],
    [{ port: 8080, host: 'h.example', path: '/a?b=c' }, 'http://h.example:8080/a?b=c'],
    [{ port: 8080, path: '//evil.example/x' }, 'http://10.0.0.7:8080//evil.example/x'],
  ])('%j is %s', (action, url) => {
    expect(actionUrl(target({ podIP: '10.0.0.7' }), action).href).toBe(url);
  });

  it('puts IPv6 addresses in brackets', () => {
    expect(actionUrl(target({ podIP: 'fd00::7' }), { port: 8080, path: '/' }).href).toBe('http://[fd00::7]:8080/');
    expect(authority('fd00::7', 1)).toBe('[fd00::7]:1');
  });
});

describe('tcpSocket', () => {
  it('is content with a connection', async () => {
    const port = await listening(createTcpServer());
    expect(await tcpSocket(target(), { port }, never)).toEqual({ result: 'success', output: '' });
    expect(await tcpSocket(target({ network: undefined }), { port, host: '127.0.0.1' }, never)).toEqual({ result: 'success', output: '' });
  });

  it('fails without one', async () => {
    const port = await listening(createTcpServer());
    await closers.pop()?.();
    const outcome = await tcpSocket(target(), { port }, never);
    expect(outcome.result).toBe('failure');
    expect(outcome.output).toMatch(new RegExp(`^dial tcp 127\\.0\\.0\\.1:${String(port)}: .*ECONNREFUSED`));
    expect((await tcpSocket(target(), { port, host: '127.0.0.1' }, never)).result).toBe('failure');
  });
});

describe('grpc', () => {
  async function health(answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer) => void): Promise<number> {
    const server = createHttp2Server();
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('error', () => undefined);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => answer(stream, headers, Buffer.concat(chunks)));
    });
    return listening(server);
  }
  const frame = (...message: readonly number[]): Buffer => Buffer.from([0, 0, 0, 0, message.length, ...message]);
  function reply(stream: ServerHttp2Stream, body: Buffer, trailers: Record<string, string> = { 'grpc-status': '0' }): void {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  }
  const check = (port: number, service?: string) => grpcHealth(target(), { port, ...(service === undefined ? {} : { service }) }, never);

  it('is content with SERVING, and asks for the service', async () => {
    let asked: { headers: IncomingHttpHeaders; body: Buffer } | undefined;
    const port = await health((stream, headers, body) => {
      asked = { headers, body };
      reply(stream, frame(0x08, 1));
    });
    expect(await check(port, 'my.Service')).toEqual({ result: 'success', output: 'service healthy' });
    expect(asked?.headers).toMatchObject({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'kube-probe/1.36',
    });
    expect(asked?.body).toEqual(Buffer.concat([Buffer.from([0, 0, 0, 0, 12, 0x0a, 10]), Buffer.from('my.Service')]));
    expect(await check(port)).toMatchObject({ result: 'success' });
    expect(asked?.body).toEqual(Buffer.from([0, 0, 0, 0, 0]));
  });

  it.each([
    ['NOT_SERVING', frame(0x08, 2)],
    ['SERVICE_UNKNOWN', frame(0x08, 3)],
    ['UNKNOWN', frame()],
    ['77', frame(0x08, 77)],
  ])('is not content with %s', async (status, body) => {
    const port = await health((stream) => reply(stream, body));
    expect(await check(port)).toEqual({ result: 'failure', output: `service unhealthy (responded with "${status}")` });
  });

  it('tells a server that has no health service from one that fails', async () => {
    const none = await health((stream) => stream.respond({ ':status': 200, 'grpc-status': '12', 'grpc-message': 'unknown%20service' }, { endStream: true }));
    expect((await check(none)).output).toBe('error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service');
    const failing = await health((stream) => reply(stream, Buffer.alloc(0), { 'grpc-status': '5', 'grpc-message': 'no such service' }));
    expect((await check(failing)).output).toBe('error: health rpc probe failed: code 5: no such service');
    const mute = await health((stream) => stream.respond({ ':status': 503 }, { endStream: true }));
    expect((await check(mute)).output).toContain('unexpected HTTP status code 503');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a message', Buffer.from([0, 0, 0, 0, 9, 8])],
    ['a compressed message', Buffer.from([1, 0, 0, 0, 2, 8, 1])],
    ['too much', Buffer.alloc(OUTPUT_LIMIT + 1)],
  ])('fails for %s', async (_name, body) => {
    const port = await health((stream) => reply(stream, body));
    expect((await check(port)).result).toBe('failure');
  });

  it('fails where nobody listens, and where nobody speaks HTTP/2', async () => {
    const gone = await listening(createTcpServer());
    await closers.pop()?.();
    expect((await check(gone)).output).toContain(`error: failed to connect service "127.0.0.1:${String(gone)}": `);
    const old = await http((_request, response) => response.end());
    expect((await check(old)).result).toBe('failure');
    const hangsUp = await listening(createTcpServer((socket) => socket.destroy()));
    expect((await check(hangsUp)).result).toBe('failure');
  });

  it('encodes every name and reads every status, among fields it does not know', () => {
    const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]);
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (service) => {
        const bytes = encodeHealthRequest(service);
        const name = Buffer.from(service);
        expect(bytes.readUInt32BE(1)).toBe(bytes.length - 5);
        const expected = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
        expect(bytes.subarray(5)).toEqual(expected);
      }),
    );
    const other = fc.oneof(
      fc.tuple(fc.integer({ min: 2, max: 15 }), fc.nat(100_000)).map(([field, value]) => [(field << 3) | 0, ...varint(value)]),
      fc.tuple(fc.integer({ min: 2, max: 15 }), fc.array(fc.nat(255), { maxLength: 9 })).map(([field, bytes]) => [(field << 3) | 2, bytes.length, ...bytes]),
      fc.integer({ min: 2, max: 15 }).map((field) => [(field << 3) | 5, 1, 2, 3, 4]),
      fc.integer({ min: 2, max: 15 }).map((field) => [(field << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8]),
    );
    fc.assert(
      fc.property(fc.array(other, { maxLength: 4 }), fc.array(other, { maxLength: 4 }), fc.nat(3), (before, after, status) => {
        const message = Buffer.from([...before.flat(), 0x08, status, ...after.flat()]);
        const head = Buffer.alloc(5);
        head.writeUInt32BE(message.length, 1);
        const names = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
        expect(decodeHealthResponse(Buffer.concat([head, message]))).toBe(names[status]);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let answer = '';
        try {
          answer = decodeHealthResponse(Buffer.from(bytes));
        } catch (error) {
          answer = (error as Error).message;
        }
        expect(answer).not.toBe('');
      }),
    );
  });
});

describe('exec', () => {
  it('goes by the exit code, keeps the beginning of the output, and knows the literal variables of its container', async () => {
    exec.on('check --mode fast $(OTHER)', 0, 'fine');
    expect(await execCommand(target(), ['check', '--mode', '$(MODE)', '$(OTHER)'], never)).toEqual({ result: 'success', output: 'fine' });
    exec.on('check', 3, 'x'.repeat(50_000));
    const { result, output } = await execCommand(target(), ['check'], never);
    expect(result).toBe('failure');
    expect(output).toHaveLength(OUTPUT_LIMIT);
  });
});

describe('one probe', () => {
  it.each([
    [{ exec: { command: ['slow', 'one'] } }, 'command "slow one" timed out after 2s'],
    [{ httpGet: { port: 80, path: '/x' } }, 'Get "http://10.0.0.7/x": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'],
    [{ tcpSocket: { port: 80 } }, 'dial tcp 10.0.0.7:80: i/o timeout'],
    [{ grpc: { port: 80 } }, 'timeout: health rpc did not complete within 2s: service "10.0.0.7:80"'],
  ])('%j fails after its time', async (handler, output) => {
    const clock = new FakeClock();
    const hang = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
    const stuck = target({
      podIP: '10.0.0.7',
      exec: { exec: (_target, _command, _streams, signal) => hang(signal) },
      network: { connect: (_target, signal) => hang(signal) },
    });
    const work = runProbe(stuck, { ...handler, timeoutSeconds: 2 }, clock, never);
    await clock.advance(1_999);
    await clock.advance(1);
    expect(await work).toEqual({ result: 'failure', output });
    expect(clock.pending).toBe(0);
  });

  it('fails in time also where the back end does not listen to signals', async () => {
    const clock = new FakeClock();
    const deaf = target({ exec: { exec: () => new Promise(() => undefined) } });
    const work = runProbe(deaf, { exec: { command: ['x'] } }, clock, never);
    await clock.advance(1_000);
    expect((await work).result).toBe('failure');
  });

  it('tries three times before it says that it cannot say anything', async () => {
    let count = 0;
    const broken = target({ exec: { exec: () => Promise.reject(new Error(`attempt ${String((count += 1))}`)) } });
    expect(await runProbe(broken, { exec: { command: ['x'] } }, systemClock, never)).toEqual({ result: 'error', output: 'attempt 3' });
    count = 0;
    const shaky = target({ exec: { exec: () => ((count += 1) < 3 ? Promise.reject(new Error('shaky')) : Promise.resolve(0)) } });
    expect((await runProbe(shaky, { exec: { command: ['x'] } }, systemClock, never)).result).toBe('success');
    expect(await runProbe(target(), {}, systemClock, never)).toEqual({ result: 'error', output: 'missing probe handler for container main' });
  });

  it('does not blame the container for time in which this process stood still', async () => {
    const port = await http((_request, response) => response.end('fine'));
    const probe = (seconds: number) => runProbe(target(), { httpGet: { port, path: '/' }, timeoutSeconds: seconds }, systemClock, never);
    const outcome = probe(0.2);
    const until = performance.now() + 400;
    while (performance.now() < until);
    expect((await outcome).result).toBe('success');
    const silent = await listening(createTcpServer(() => undefined));
    const hung = runProbe(target(), { httpGet: { port: silent, path: '/' }, timeoutSeconds: 0.1 }, systemClock, never);
    const later = performance.now() + 200;
    while (performance.now() < later);
    expect((await hung).result).toBe('failure');
  });
});

describe('ports, agents and capabilities', () => {
  const container: Container = { name: 'c', ports: [{ name: 'web', containerPort: 8080 }, { containerPort: 9 }] };

  it.each([
    [80, 80],
    ['80', 80],
    ['web', 8080],
  ])('%j is port %i', (port, expected) => {
    expect(resolvePort(port, container)).toBe(expected);
  });

  it.each(['other', '', 0, 65_536, '70000', -1])('%j is no port', (port) => {
    expect(() => resolvePort(port, container)).toThrow(/port/);
  });

  it('names its minor version', () => {
    expect(userAgent('kube-probe', 'v1.36.0-vick.0')).toBe('kube-probe/1.36');
    expect(userAgent('kube-lifecycle', 'unknown')).toBe('kube-lifecycle/0.0');
  });

  it('knows what a pod asks of its provider', () => {
    const main: Container = {
      name: 'main',
      livenessProbe: { exec: { command: ['x'] } },
      readinessProbe: { httpGet: { port: 80 } },
      startupProbe: { httpGet: { port: 80, host: 'example.org' } },
      lifecycle: { postStart: { tcpSocket: { port: 80 } }, preStop: { sleep: { seconds: 5 } } },
    };
    const sidecar: Container = {
      name: 'side',
      restartPolicy: 'Always',
      livenessProbe: { grpc: { port: 1 } },
      lifecycle: { preStop: { exec: { command: ['y'] } } },
    };
    expect(neededCapabilities({ spec: { containers: [main, main], initContainers: [sidecar] } })).toEqual([
      { capability: 'network', field: 'initContainers[].livenessProbe.grpc' },
      { capability: 'exec', field: 'initContainers[].lifecycle.preStop.exec' },
      { capability: 'exec', field: 'containers[].livenessProbe.exec' },
      { capability: 'network', field: 'containers[].readinessProbe.httpGet' },
    ]);
  });
});
