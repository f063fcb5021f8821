import { once } from 'node:events';
import { connect as tcpConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../../src/sandbox/certificates.ts';
import { serverWorld, type Caller, type ServerWorld } from '../../../support/kubelet-server/world.ts';

/** Who, and what they were granted. */
const CALLERS: Readonly<Record<string, readonly string[]>> = {
  'get-proxy': ['get proxy'],
  'create-proxy': ['create proxy'],
  'metrics-server': ['get metrics', 'get stats'],
  reader: ['get pods', 'get healthz', 'get configz', 'get log'],
  nobody: [],
};

const REQUESTS: readonly (readonly [method: string, path: string, allowed: readonly string[], subresources: string])[] = [
  ['GET', '/healthz', ['get-proxy', 'reader'], 'healthz proxy'],
  ['GET', '/healthz/ping', ['get-proxy', 'reader'], 'healthz proxy'],
  ['GET', '/pods', ['get-proxy', 'reader'], 'pods proxy'],
  ['GET', '/runningpods/', ['get-proxy', 'reader'], 'pods proxy'],
  ['GET', '/configz', ['get-proxy', 'reader'], 'configz proxy'],
  ['GET', '/metrics', ['metrics-server'], 'metrics'],
  ['GET', '/metrics/resource', ['metrics-server'], 'metrics'],
  ['GET', '/metrics/cadvisor', ['metrics-server'], 'metrics'],
  ['GET', '/metrics/probes', ['metrics-server'], 'metrics'],
  ['GET', '/stats/summary', ['metrics-server'], 'stats'],
  ['GET', '/logs/', ['reader'], 'log'],
  ['GET', '/containerLogs/default/web/main', ['get-proxy'], 'proxy'],
  ['GET', '/exec/default/web/main?command=id&output=1', ['create-proxy'], 'proxy'],
  ['POST', '/exec/default/web/main?command=id&output=1', ['create-proxy'], 'proxy'],
  ['GET', '/attach/default/web/main?output=1', ['create-proxy'], 'proxy'],
  ['POST', '/attach/default/web/main?output=1', ['create-proxy'], 'proxy'],
  ['GET', '/portForward/default/web', ['create-proxy'], 'proxy'],
  ['POST', '/portForward/default/web', ['create-proxy'], 'proxy'],
  ['POST', '/run/default/web/main?cmd=echo', ['create-proxy'], 'proxy'],
  ['GET', '/no/such/path', ['get-proxy'], 'proxy'],
  ['GET', '//healthz', ['get-proxy'], 'proxy'],
  ['GET', '/pods/../metrics', ['get-proxy'], 'proxy'],
  ['GET', '/debug/pprof/heap', ['get-proxy'], 'proxy'],
];

const refusedBy = (status: number): boolean => status === 401 || status === 403;

describe('who may do what', () => {
  test('over plain requests and every transport', async () => {
    const world = await serverWorld();
    const wrong: string[] = [];
    for (const [user, grants] of Object.entries(CALLERS)) {
      for (const grant of grants) world.trust.grants.add(`${user} ${grant}`);
      world.trust.tokens.set(`token-${user}`, { username: user });
    }
    for (const user of Object.keys(CALLERS)) {
      const byCertificate = await world.client(user);
      for (const [method, path, allowed, subresources] of REQUESTS) {
        const verb = /^\/(exec|attach|portForward|run)\//.test(path) ? 'create' : 'get';
        const text = `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=[${subresources}])\n`;
        for (const caller of [byCertificate, { token: `token-${user}` }]) {
          const plain = await world.get(path, { method, caller });
          const expected = allowed.includes(user);
          if (refusedBy(plain.status) === expected || (!expected && plain.text !== text)) {
            wrong.push(`${user} ${method} ${path}: ${String(plain.status)} ${plain.text}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each(['/exec/default/web/main?command=echo&output=1', '/attach/default/web/main?output=1', '/portForward/default/web?port=80'])(
    '%s takes create on every transport',
    async (path) => {
      const world = await serverWorld();
      world.trust.grants.add('get-proxy get proxy').add('create-proxy create proxy');
      const upgrades = await Promise.all(
        ['get-proxy', 'create-proxy'].map(async (user) => {
          const caller = await world.client(user);
          const spdy = async (method: string): Promise<number> =>
            (await world.spdy(path, ['v4.channel.k8s.io', 'portforward.k8s.io'], { caller, method })).refused?.status ?? 101;
          const kinds = path.startsWith('/port')
            ? ['v4.channel.k8s.io', 'SPDY/3.1+portforward.k8s.io', '']
            : ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'base64.channel.k8s.io', ''];
          const sockets = await Promise.all(kinds.map((kind) => webSocketStatus(world, path, kind, caller)));
          return [...sockets, await spdy('GET'), await spdy('POST')];
        }),
      );
      expect(new Set(upgrades[0])).toEqual(new Set([403]));
      expect(new Set(upgrades[1])).toEqual(new Set([101]));
    },
  );

  test('strangers, wrong tokens and certificates of others are nobody', async () => {
    const world = await serverWorld();
    const other = await createAuthority({ commonName: 'cluster', now: Date.now() });
    const forged = { certificate: await other.issueClient({ commonName: 'kube-apiserver', organizations: ['system:masters'], now: Date.now() }) };
    const expired = { certificate: await world.authority.issueClient({ commonName: 'kube-apiserver', now: Date.now() - 10 * 86_400_000, validDays: 1 }) };
    for (const caller of [{}, { token: 'wrong' }, forged, expired]) {
      expect(await world.get('/healthz', { caller })).toMatchObject({ status: 401, text: 'Unauthorized' });
      expect((await world.spdy('/exec/default/web/main?command=id&output=1', ['v4.channel.k8s.io'], { caller })).refused).toMatchObject({ status: 401 });
      expect(await webSocketStatus(world, '/exec/default/web/main?command=id&output=1', 'v4.channel.k8s.io', caller)).toBe(401);
    }
    expect(world.trust.asked.filter((each) => each !== 'token')).toEqual([]);
  });

  test('groups come from the certificate; every caller is also authenticated', async () => {
    const world = await serverWorld();
    const seen: unknown[] = [];
    world.trust.reviewAccess = ({ user }) => {
      seen.push(user);
      return Promise.resolve(true);
    };
    await world.get('/healthz', { caller: await world.client('alice', ['devs', 'ops']) });
    world.trust.tokens.set('t', { username: 'bob', uid: '7', groups: ['g'], extra: { scope: ['x'] } });
    await world.get('/healthz', { caller: { token: 't' } });
    expect(seen).toEqual([
      { username: 'alice', groups: ['devs', 'ops', 'system:authenticated'] },
      { username: 'bob', uid: '7', groups: ['g', 'system:authenticated'], extra: { scope: ['x'] } },
    ]);
  });

  test('no certificate is believed without an authority, and a new one counts at once', async () => {
    const world = await serverWorld({});
    expect(await world.get('/healthz')).toMatchObject({ status: 200 });
    world.server.setClientCa(undefined);
    expect(await world.get('/healthz')).toMatchObject({ status: 401 });
    const next = await createAuthority({ commonName: 'next', now: Date.now() });
    world.server.setClientCa(next.certificate);
    expect(await world.get('/healthz')).toMatchObject({ status: 401 });
    const caller = { certificate: await next.issueClient({ commonName: 'kube-apiserver', now: Date.now() }) };
    expect(await world.get('/healthz', { caller })).toMatchObject({ status: 200 });
  });

  test('answers are kept: tokens 2 minutes, yes 5 minutes, no 30 seconds; failures are not', async () => {
    const world = await serverWorld();
    const { trust, clock } = world;
    trust.tokens.set('a', { username: 'a' });
    trust.tokens.set('b', { username: 'b' });
    trust.grants.add('a get metrics');
    const ask = async (token: string): Promise<number> => (await world.get('/metrics', { caller: { token } })).status;
    const asked = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      trust.asked.length = 0;
      await work();
      return [...trust.asked];
    };
    trust.down = true;
    expect(await ask('a')).toBe(401);
    trust.down = false;
    expect(await asked(async () => expect(await ask('a')).toBe(200))).toEqual(['token', 'a get metrics']);
    expect(await asked(async () => expect(await ask('b')).toBe(403))).toEqual(['token', 'b get metrics']);
    expect(await asked(() => Promise.all([ask('a'), ask('b')]))).toEqual([]);
    await clock.advance(31_000);
    expect(await asked(() => Promise.all([ask('a'), ask('b')]))).toEqual(['b get metrics']);
    await clock.advance(90_000);
    trust.tokens.delete('a');
    expect(await asked(async () => expect(await ask('a')).toBe(401))).toEqual(['token']);
    trust.down = true;
    expect(await ask('unseen')).toBe(401);
    const admin = await world.get('/pods');
    expect(admin).toMatchObject({ status: 500, text: 'Authorization error (user=kube-apiserver, verb=get, resource=nodes, subresource(s)=[pods proxy])' });
  });
});

describe('what a stranger can do to the server', () => {
  test('old TLS is refused', async () => {
    const world = await serverWorld();
    const socket = tlsConnect({
      port: world.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect(String((await once(socket, 'error').catch((error: unknown) => [error]))[0])).toMatch(/protocol|version|alert/i);
  });

  test('connections that say nothing are ended, and make room for each other', async () => {
    const world = await serverWorld({ limits: { strangers: 20, helloMs: 300 } });
    const silent = await Promise.all(Array.from({ length: 60 }, () => tcp(world.port)));
    await expect.poll(() => silent.filter((socket) => socket.destroyed).length, { timeout: 5000 }).toBeGreaterThanOrEqual(40);
    expect(await world.get('/healthz')).toMatchObject({ status: 200 });
    await expect.poll(() => silent.every((socket) => socket.destroyed), { timeout: 5000 }).toBe(true);
  });

  test('a head that comes drop by drop, or is far too long, ends the connection', async () => {
    const world = await serverWorld({ limits: { helloMs: 300 } });
    const slow = tlsConnect({ port: world.port, host: '127.0.0.1', rejectUnauthorized: false });
    slow.on('error', () => undefined);
    await once(slow, 'secureConnect');
    slow.resume();
    slow.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-A');
    const long = tlsConnect({ port: world.port, host: '127.0.0.1', rejectUnauthorized: false });
    long.on('error', () => undefined);
    await once(long, 'secureConnect');
    long.write(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`);
    expect(String((await once(long, 'data'))[0])).toMatch(/^HTTP\/1.1 431/);
    await once(slow, 'close');
  });

  test('a caller who is known is not turned out by strangers', async () => {
    const world = await serverWorld({ limits: { strangers: 3 } });
    const answer = await world.spdy('/exec/default/web/main?command=sleep&output=1', ['v4.channel.k8s.io']);
    if (answer.refused !== undefined) throw new Error('refused');
    await Promise.all(Array.from({ length: 20 }, () => tcp(world.port)));
    await answer.session.ping();
    expect(answer.socket.destroyed).toBe(false);
  });
});

async function webSocketStatus(world: ServerWorld, path: string, protocol: string, caller: Caller): Promise<number> {
  if (protocol.startsWith('SPDY/')) return (await world.upgrade(path, protocol, caller)).status;
  const socket = world.webSocket(path, protocol === '' ? [] : [protocol], caller);
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
  });
}

async function tcp(port: number): Promise<Socket> {
  const socket = tcpConnect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return socket;
}
