import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createDockerEngine, type DockerEngineOptions } from '../../../../src/clients/docker-engine/client.ts';
import { engineFailure } from '../../../../src/clients/docker-engine/failure.ts';
import type { DockerEngine, EngineTls } from '../../../../src/clients/docker-engine/port.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { createAuthority } from '../../../../src/sandbox/certificates.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { recording, replay, type RecordedExchange } from '../../../support/replay-server.ts';

const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function engineOver(exchanges: readonly RecordedExchange[]): Promise<{ engine: DockerEngine; received: Awaited<ReturnType<typeof replay>>['received'] }> {
  const server = await replay(exchanges);
  const engine = open({ host: server.host, port: server.port });
  cleanups.push(() => server.close());
  return { engine, received: server.received };
}

function open(options: Partial<DockerEngineOptions> & { host: string; port: number }): DockerEngine {
  const engine = createDockerEngine({ tls: undefined, clock: systemClock, ...options });
  cleanups.push(() => {
    engine.close();
  });
  return engine;
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => engineFailure(error) ?? error,
  );

const pulls = (name: string): readonly RecordedExchange[] =>
  recording(name).filter(({ request, server }) => request.path.endsWith('/images/create') && server !== 'port-layer');

describe('pull, judged by recorded streams', () => {
  it.each(['docker-personality/images-create', 'docker-personality/images-create-errors', 'port-layer/provider-sequence', 'port-layer/image-cache-after-pull'])(
    '%s',
    async (name) => {
      const exchanges = pulls(name);
      expect(exchanges.length).toBeGreaterThan(0);
      const { engine } = await engineOver(exchanges);
      for (const { response, purpose } of exchanges) {
        const lines = (response.chunks ?? []).map(({ text }) => text ?? '').join('');
        const outcome = await failureOf(engine.pull({ repository: 'alpine', tag: '3.8' }, never));
        if (response.status === 200 && lines.includes('"Status: ') && !lines.includes('"error"')) {
          expect(outcome, purpose).toMatchObject({ status: expect.stringContaining('for') as string });
        } else {
          const { message = '' } = (response.body ?? {}) as { message?: string };
          const inStream = /"error":"((?:[^"\\]|\\.)*)"/.exec(lines)?.[1];
          const said = inStream ?? message;
          const kind = /reference|tag format/.test(message) ? 'invalid-reference' : 'pull';
          expect(outcome, purpose).toMatchObject({ kind, ...(inStream === undefined && message === '' ? {} : { reason: said }) });
        }
      }
    },
  );

  it('names tag and repository apart and encoded, and hands credentials over in their header', async () => {
    const { engine, received } = await engineOver(pulls('docker-personality/images-create').slice(0, 1));
    await engine.pull(
      { repository: 'reg.example:5000/a/b', tag: 'sha256:00', credentials: { username: 'u', password: 'p|ß?', serverAddress: 'reg.example:5000' } },
      never,
    );
    expect(received[0]!.query.get('fromImage')).toBe('reg.example:5000/a/b');
    expect(received[0]!.query.get('tag')).toBe('sha256:00');
    const header = String(received[0]!.headers['x-registry-auth']);
    expect(header).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ username: 'u', password: 'p|ß?', serveraddress: 'reg.example:5000' });
  });

  it('does not take a stream that just stops for success', async () => {
    const { engine } = await engineOver([
      { purpose: 'cut', request: { method: 'POST', path: '/' }, response: { status: 200, chunks: [{ text: '{"status":"Pulling"}\r\n' }] } },
    ]);
    expect(await failureOf(engine.pull({ repository: 'a', tag: 'b' }, never))).toMatchObject({
      kind: 'pull',
      reason: expect.stringContaining('before') as string,
    });
  });

  it('has no limit on the whole, but one on silence', async () => {
    const clock = new FakeClock();
    let write: ((line: string) => void) | undefined;
    const server = createServer((_request, response) => {
      response.writeHead(200);
      write = (line) => response.write(`${line}\r\n`);
      write('{"status":"Pulling"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const seen: string[] = [];
    const engine = open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, clock, idleTimeoutMs: 60_000 });
    const pull = failureOf(engine.pull({ repository: 'a', tag: 'b', onProgress: ({ status }) => seen.push(status) }, never));
    await expect.poll(() => seen.length).toBe(1);
    for (let minute = 1; minute <= 20; minute += 1) {
      await clock.advance(50_000);
      write!(`{"status":"${String(minute)}"}`);
      await expect.poll(() => seen.length).toBe(minute + 1);
    }
    await settle();
    await clock.advance(61_000);
    expect(await pull).toMatchObject({ kind: 'timeout' });
  });
});

describe('questions', () => {
  it('pings with GET, because HEAD is 404', async () => {
    const { engine, received } = await engineOver([{ purpose: 'ping', request: { method: 'GET', path: '/_ping' }, response: { status: 200, text: 'OK' } }]);
    await engine.ping(never);
    expect(received.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /_ping']);
  });

  it('reads what a VCH tells of itself', async () => {
    const recorded = recording('docker-personality/info').find(({ request }) => request.path === '/info');
    const { engine } = await engineOver([recorded!]);
    expect(await engine.info(never)).toMatchObject({
      name: 'vch-1',
      ncpu: 9200,
      memoryBytes: 34_359_738_368,
      networks: ['bridge', 'public'],
      systemStatus: { 'VCH CPU limit': '9200 MHz', 'VCH memory limit': '32 GiB' },
    });
  });

  it('reads images, and tells one that is absent from an error', async () => {
    const recorded = recording('docker-personality/images').filter(({ request }) => request.method === 'GET' && /\/images\/.+\/json$/.test(request.path));
    const { engine } = await engineOver([...recorded, { purpose: 'broken', request: { method: 'GET', path: '/' }, response: { status: 500, text: 'oops' } }]);
    for (const { response, request } of recorded) {
      const image = await engine.inspectImage('a/b:c', never);
      if (response.status === 404) expect(image, request.path).toBeUndefined();
      else expect(image?.id, request.path).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
    expect(await failureOf(engine.inspectImage('x', never))).toMatchObject({ kind: 'refused', httpStatus: 500, reason: 'oops' });
  });
});

describe('TLS', () => {
  const now = Date.now();
  const authority = createAuthority({ commonName: 'test CA', now });

  async function tlsEngine(tls: EngineTls, server: { readonly clients?: boolean; readonly name?: string } = {}): Promise<unknown> {
    const names = [server.name ?? '127.0.0.1'];
    const pair = await (await authority).issueServer({ commonName: 'vch', now, names });
    const listener = createTlsServer(
      {
        cert: pair.certificate,
        key: pair.key,
        ...(server.clients === true ? { ca: (await authority).certificate, requestCert: true, rejectUnauthorized: true } : {}),
      },
      (_request, response) => response.end('OK'),
    );
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      listener.closeAllConnections();
      listener.close();
    });
    const engine = open({ host: '127.0.0.1', port: (listener.address() as AddressInfo).port, tls });
    return await failureOf(engine.ping(never));
  }

  it('trusts the CA it was given, and only that', async () => {
    const { certificate: ca } = await authority;
    expect(await tlsEngine({ ca })).toBeUndefined();
    expect(await tlsEngine({})).toMatchObject({ kind: 'tls' });
  });

  it('accepts anything only when told so', async () => {
    expect(await tlsEngine({ insecure: true }, { name: 'elsewhere.example' })).toBeUndefined();
  });

  it('expects the name that it was told, else the address', async () => {
    const { certificate: ca } = await authority;
    expect(await tlsEngine({ ca }, { name: 'vch.example' })).toMatchObject({ kind: 'tls' });
    expect(await tlsEngine({ ca, serverName: 'vch.example' }, { name: 'vch.example' })).toBeUndefined();
  });

  it('shows its client certificate', async () => {
    const { certificate: ca } = await authority;
    const { certificate, key } = await (await authority).issueClient({ commonName: 'client', now });
    expect(await tlsEngine({ ca, certificate, key }, { clients: true })).toBeUndefined();
    expect(await tlsEngine({ ca }, { clients: true })).toMatchObject({ kind: expect.stringMatching(/tls|unreachable/) as string });
  });
});
