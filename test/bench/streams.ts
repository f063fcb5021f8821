/**
 * What streaming costs, as JSON: one GiB out of an exec over every transport, against the same bytes over a plain HTTPS
 * response in the same run; 200 commands at once; 500 followers of a log. Client and server share this process, so the
 * memory is that of both, and absolute speeds belong to the machine: quote the ratios.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { PassThrough, type Duplex, type Readable, type Writable } from 'node:stream';
import { WebSocket } from 'ws';
import type { SessionStreams } from '../../src/kubelet/capabilities.ts';
import { createKubeletServer } from '../../src/kubelet/server/server.ts';
import type { Pod } from '../../src/platform/kubernetes-objects.ts';
import { silentLog } from '../../src/platform/log.ts';
import { systemClock } from '../../src/platform/node/clock.ts';
import { systemRandom } from '../../src/platform/node/random.ts';
import { SpdySession } from '../../src/platform/spdy/session.ts';
import type { CertificatePair } from '../../src/sandbox/certificates.ts';
import { resourceDefinitions } from '../../src/sandbox/control-plane/resources/index.ts';
import { startControlPlane, type ControlPlane } from '../../src/sandbox/control-plane/server.ts';
import { CapableBackend } from '../support/kubelet-server/capable-provider.ts';
import { MemoryTrust } from '../support/kubelet-server/trust.ts';

const BYTES = 1024 ** 3;
/** For the ways that one stream's memory is no news of. */
const FEWER_BYTES = 128 * 1024 ** 2;
const COMMANDS = 200;
const FOLLOWERS = 500;
const LINES = 20;

/** Where a request goes, and as whom. */
interface Door {
  readonly url: string;
  readonly path: string;
  readonly identity: CertificatePair;
}

export async function main(): Promise<void> {
  process.stdout.write(`${JSON.stringify(await bench(), undefined, 2)}\n`);
}

async function bench(): Promise<unknown> {
  const plane = await startControlPlane({ clock: systemClock, random: systemRandom, definitions: resourceDefinitions, isSandbox: true });
  const identity = await plane.issueClientCertificate({ user: 'bench', groups: ['system:masters'] });
  const logs = new Set<PassThrough>();
  const { kubelet, port } = await startKubelet(plane, logs);
  await populate(plane, identity, port);
  const plain = await startPlain(identity);
  const direct = (path: string): Door => ({ url: `https://127.0.0.1:${String(port)}`, path, identity });
  const proxied = (path: string): Door => ({ url: plane.url, path: `/api/v1/namespaces/default/pods/web/${path}`, identity });
  const words = (bytes: number): string => `command=bytes&command=${String(bytes)}`;
  try {
    const https = await throughput(BYTES, () => plainBytes({ url: plain.url, path: `/${String(BYTES)}`, identity }));
    const compared = async (bytes: number, count: () => Promise<number>) => {
      const measured = await throughput(bytes, count);
      return { ...measured, ofPlainHttps: round2(measured.mbPerSecond / https.mbPerSecond) };
    };
    return {
      machine: { node: process.version, platform: `${process.platform}/${process.arch}` },
      throughput: {
        what: 'bytes to the client in MB/s, and how much more memory both ends together held at most (resident MiB)',
        plainHttps: https,
        kubelet: {
          spdy: await compared(BYTES, () => spdyBytes(direct(`/exec/default/web/main?${words(BYTES)}&output=1`))),
          webSocket: await compared(FEWER_BYTES, () => webSocketBytes(direct(`/exec/default/web/main?${words(FEWER_BYTES)}&output=1`), 'v4.channel.k8s.io')),
        },
        throughTheSandboxApiServer: {
          spdy: await compared(FEWER_BYTES, () => spdyBytes(proxied(`exec?${words(FEWER_BYTES)}&stdout=true`))),
          webSocketV4: await compared(FEWER_BYTES, () => webSocketBytes(proxied(`exec?${words(FEWER_BYTES)}&stdout=true`), 'v4.channel.k8s.io')),
          webSocketV5: await compared(BYTES, () => webSocketBytes(proxied(`exec?${words(BYTES)}&stdout=true`), 'v5.channel.k8s.io')),
        },
        bytes: { plainHttps: BYTES, 'kubelet.spdy': BYTES, 'throughTheSandboxApiServer.webSocketV5': BYTES, others: FEWER_BYTES },
      },
      commands: {
        what: `${String(COMMANDS)} commands at once, milliseconds from the request to the outcome, connection and TLS handshake included`,
        kubelet: await many(() => command(direct('/exec/default/web/main?command=echo&command=hi&output=1'))),
        throughTheSandboxApiServer: await many(() => command(proxied('exec?command=echo&command=hi&stdout=true'))),
      },
      followers: {
        what: `${String(FOLLOWERS)} followers of one log; milliseconds from a line's writing until the last of them has it`,
        kubelet: await follow(direct('/containerLogs/default/web/main?follow=true'), logs),
        throughTheSandboxApiServer: await follow(proxied('log?follow=true'), logs),
      },
    };
  } finally {
    await kubelet.close();
    await plane.stop();
    plain.close();
  }
}

async function startKubelet(plane: ControlPlane, logs: Set<PassThrough>) {
  const trust = new MemoryTrust();
  trust.grants.add('bench *').add('kube-apiserver-kubelet-client *');
  const pods: readonly Pod[] = [
    {
      metadata: { name: 'web', namespace: 'default', uid: 'web-uid', creationTimestamp: '2026-11-23T12:00:00Z' },
      spec: { containers: [{ name: 'main', image: 'busybox' }] },
      status: {
        containerStatuses: [
          { name: 'main', image: 'busybox', imageID: 'x', ready: true, restartCount: 0, containerID: 'bench://main', state: { running: {} } },
        ],
      },
    },
  ];
  const provider = {
    ...new CapableBackend().provider(),
    exec: { exec: bytesOrGreeting },
    logs: {
      open: () => {
        const log = new PassThrough();
        logs.add(log);
        log.once('close', () => logs.delete(log));
        return Promise.resolve(log);
      },
    },
  };
  const certificate = await plane.issueClientCertificate({ user: 'kubelet', groups: [] });
  const kubelet = await createKubeletServer({
    ...{ nodeName: 'bench', address: '127.0.0.1', port: 0, provider, pods: () => pods, reviews: trust },
    ...{ certificate, clientCa: plane.caPem, clock: systemClock, log: silentLog },
    // All of them come at once, and from one machine.
    limits: { strangers: 2 * FOLLOWERS },
  });
  return { kubelet, port: await kubelet.listen() };
}

/** `bytes <n>` writes so many; anything else greets. */
async function bytesOrGreeting(_target: unknown, [program, count]: readonly string[], { stdout }: SessionStreams, signal: AbortSignal): Promise<number> {
  if (stdout === undefined) return 1;
  if (program !== 'bytes') stdout.end('hi\n');
  else await pourInto(stdout, Number(count), signal);
  return 0;
}

async function pourInto(target: Writable, bytes: number, signal: AbortSignal): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024);
  const closed = new Promise((resolve) => target.once('close', resolve));
  for (let left = bytes; left > 0 && !signal.aborted && !target.destroyed; left -= chunk.length) {
    if (!target.write(chunk)) await Promise.race([new Promise((resolve) => target.once('drain', resolve)), closed]);
  }
  target.end();
}

async function populate(plane: ControlPlane, identity: CertificatePair, Port: number): Promise<void> {
  const post = async (path: string, body: object): Promise<void> => {
    const response = await answer(
      { url: plane.url, path, identity },
      { method: 'POST', headers: { 'Content-Type': 'application/json' } },
      JSON.stringify(body),
    );
    response.resume();
    if (response.statusCode !== 201) throw new Error(`${path}: ${String(response.statusCode)}`);
  };
  const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port } } };
  await post('/api/v1/nodes', { metadata: { name: 'bench' }, status });
  await post('/api/v1/namespaces/default/pods', { metadata: { name: 'web' }, spec: { nodeName: 'bench', containers: [{ name: 'main', image: 'busybox' }] } });
}

async function startPlain({ key, certificate }: CertificatePair): Promise<{ readonly url: string; close(): void }> {
  const server = createServer({ key, cert: certificate }, (request, response) => {
    void pourInto(response, Number(request.url?.slice(1)), new AbortController().signal);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`, close: () => server.close() };
}

function connectOptions({ url, path, identity }: Door) {
  const { hostname, port } = new URL(url);
  return { hostname, port, path, cert: identity.certificate, key: identity.key, rejectUnauthorized: false, agent: false } as const;
}

async function answer(
  door: Door,
  options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> },
  body?: string,
): Promise<IncomingMessage> {
  const request = httpsRequest({ ...connectOptions(door), ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function plainBytes(door: Door): Promise<number> {
  return counted(await answer(door, {}));
}

async function spdyBytes(door: Door): Promise<number> {
  const session = await spdySession(door);
  const error = await session.open({ streamtype: 'error' });
  error.resume();
  const bytes = await counted(await session.open({ streamtype: 'stdout' }));
  session.destroy();
  return bytes;
}

async function webSocketBytes(door: Door, protocol: string): Promise<number> {
  const socket = new WebSocket(`${door.url.replace('https', 'wss')}${door.path}`, protocol, { ...connectOptions(door), perMessageDeflate: false });
  let bytes = 0;
  socket.on('message', (data: Buffer) => {
    if (data[0] === 1) bytes += data.length - 1;
  });
  await once(socket, 'close');
  return bytes;
}

async function spdySession(door: Door): Promise<SpdySession> {
  const headers = { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'v4.channel.k8s.io' };
  const request = httpsRequest({ ...connectOptions(door), method: 'POST', headers });
  request.end();
  const [, transport] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex];
  return new SpdySession({ transport, role: 'client', clock: systemClock });
}

/** One small command, to its outcome. */
async function command(door: Door): Promise<void> {
  const session = await spdySession(door);
  const error = await session.open({ streamtype: 'error' });
  const status = counted(error);
  const output = await counted(await session.open({ streamtype: 'stdout' }));
  if (output !== 3 || (await status) === 0) throw new Error('the command has not ended well');
  session.destroy();
}

async function counted(stream: Readable): Promise<number> {
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(stream, 'end');
  return bytes;
}

async function throughput(expected: number, count: () => Promise<number>) {
  const memory = watchMemory();
  const started = performance.now();
  const bytes = await count();
  const seconds = (performance.now() - started) / 1000;
  if (bytes !== expected) throw new Error(`${String(bytes)} bytes instead of ${String(expected)}`);
  return { mbPerSecond: Math.round(bytes / 1e6 / seconds), moreMemoryMiB: memory.stop() };
}

async function many(one: () => Promise<void>) {
  const memory = watchMemory();
  const times = await Promise.all(
    Array.from({ length: COMMANDS }, async () => {
      const started = performance.now();
      await one();
      return performance.now() - started;
    }),
  );
  return { ...percentiles(times), moreMemoryMiB: memory.stop() };
}

async function follow(door: Door, logs: ReadonlySet<PassThrough>) {
  const memory = watchMemory();
  const started = performance.now();
  const responses = await Promise.all(Array.from({ length: FOLLOWERS }, () => answer(door, {})));
  const connectedMs = Math.round(performance.now() - started);
  const times: number[] = [];
  for (let line = 0; line < LINES; line += 1) {
    const text = Buffer.from(`line ${String(line).padStart(4, '0')}\n`);
    const since = performance.now();
    const arrived = responses.map((response) => received(response, text.length));
    for (const log of logs) log.write(text);
    await Promise.all(arrived);
    times.push(performance.now() - since);
  }
  const moreMemoryMiB = memory.stop();
  for (const response of responses) response.destroy();
  while (logs.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return { connectedMs, line: percentiles(times), moreMemoryMiB, kibEach: Math.round((moreMemoryMiB * 1024) / FOLLOWERS) };
}

async function received(stream: Readable, bytes: number): Promise<void> {
  let left = bytes;
  await new Promise<void>((resolve) => {
    const take = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left > 0) return;
      stream.removeListener('data', take);
      resolve();
    };
    stream.on('data', take);
  });
}

/** The growth of the resident set at its highest. */
function watchMemory(): { stop(): number } {
  const before = process.memoryUsage.rss();
  let highest = before;
  const timer = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 20);
  return {
    stop: () => {
      clearInterval(timer);
      highest = Math.max(highest, process.memoryUsage.rss());
      return Math.round((highest - before) / 1024 / 1024);
    },
  };
}

function percentiles(values: readonly number[]): { readonly p50: number; readonly p99: number; readonly max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => round2(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const round2 = (value: number): number => Math.round(value * 100) / 100;
