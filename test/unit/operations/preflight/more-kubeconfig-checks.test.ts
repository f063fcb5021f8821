import { describe, expect, it } from 'vitest';
import { examineEntries } from '../../../../src/clients/kubernetes/kubeconfig-entries.ts';
import { decodeKubeconfigFile } from '../../../../src/clients/kubernetes/kubeconfig-file.ts';
import type { Kubeconfig, KubeconfigUser } from '../../../../src/clients/kubernetes/kubeconfig.ts';
import type { ServerProbe } from '../../../../src/clients/kubernetes/probe.ts';
import { usagesFor, atServer } from '../../../../src/operations/identity/mint.ts';
import { readTokenClaims } from '../../../../src/operations/preflight/jwt.ts';
import { checkAddress, checkCa, checkEntries, checkKey, checkPortable, checkToken } from '../../../../src/operations/preflight/kubeconfig-checks.ts';
import { checkClock, checkReady, checkTls } from '../../../../src/operations/preflight/server-checks.ts';
import { judgeVersion } from '../../../../src/operations/preflight/version-check.ts';
import { createAuthority } from '../../../../src/sandbox/certificates.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const DAY = 24 * 3_600_000;
const authority = await createAuthority({ commonName: 'ca', now: NOW });
const client = await authority.issueClient({ commonName: 'jane', now: NOW });
const other = await authority.issueClient({ commonName: 'joe', now: NOW });

function kubeconfig(user: Partial<KubeconfigUser> = {}, cluster: Partial<Kubeconfig['cluster']> = {}): Kubeconfig {
  return {
    path: '/k',
    contextName: 'c',
    namespace: undefined,
    cluster: {
      name: 'c',
      server: 'https://api.example:6443',
      caPem: authority.certificate,
      insecureSkipTlsVerify: false,
      tlsServerName: undefined,
      proxyUrl: undefined,
      ...cluster,
    },
    user: {
      name: 'u',
      kind: 'certificate',
      certificatePem: client.certificate,
      keyPem: client.key,
      token: undefined,
      username: undefined,
      password: undefined,
      raw: {},
      ...user,
    },
  };
}

const facts = (value: Kubeconfig, more: object = {}) => ({ kubeconfig: value, now: NOW, loopbackAllowed: false, ...more });
const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
const seconds = (ms: number): number => Math.floor(ms / 1000);

describe('names in the kubeconfig', () => {
  const file = (text: string, name = '/a') => decodeKubeconfigFile(text, name);
  it.each([
    ['unique', ['clusters: [{name: a}]\nusers: [{name: a}]'], 'pass'],
    ['twice in one file', ['clusters: [{name: a}, {name: a}]'], 'fail'],
    ['twice in two files', ['users: [{name: a}]', 'users: [{name: a}]'], 'warn'],
    ['leading nowhere', ['contexts: [{name: a, context: {cluster: b, user: c}}]'], 'warn'],
    ['a current context that is nowhere', ['current-context: a'], 'warn'],
  ])('%s', (_what, texts, expected) => {
    expect(checkEntries(examineEntries(texts.map((text, index) => file(text, `/${index}`)))).status).toBe(expected);
  });
});

describe('certificate, key, CA', () => {
  it('must belong together', () => {
    expect(checkKey(facts(kubeconfig())).status).toBe('pass');
    expect(checkKey(facts(kubeconfig({ keyPem: other.key })))).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('not the one of its certificate'),
    });
    expect(checkKey(facts(kubeconfig({ keyPem: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' }))).status).toBe('fail');
  });

  it('judges the CA', async () => {
    const old = await createAuthority({ commonName: 'old', now: NOW - 400 * DAY, validDays: 10 });
    expect(checkCa(facts(kubeconfig())).status).toBe('pass');
    expect(checkCa(facts(kubeconfig({}, { caPem: undefined }))).status).toBe('warn');
    expect(checkCa(facts(kubeconfig({}, { caPem: old.certificate })))).toMatchObject({ status: 'fail', code: 'KUBE_TLS' });
    expect(checkCa(facts(kubeconfig({}, { caPem: client.certificate })))).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('may sign no others'),
    });
    expect(checkCa(facts(kubeconfig({}, { caPem: '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----' }))).status).toBe('fail');
  });
});

describe('tokens', () => {
  it.each([
    ['opaque', 'abc', 'as-is', 'pass'],
    ['without an end', jwt({}), 'as-is', 'pass'],
    ['expired', jwt({ exp: seconds(NOW - DAY) }), 'node', 'fail'],
    ['not yet valid', jwt({ nbf: seconds(NOW + DAY), exp: seconds(NOW + 2 * DAY) }), 'node', 'fail'],
    ['short, for the VCH', jwt({ exp: seconds(NOW + DAY) }), 'as-is', 'warn'],
    ['short, for the operator', jwt({ exp: seconds(NOW + DAY) }), 'node', 'pass'],
    ['with an end beyond time', jwt({ exp: 1e300 }), 'as-is', 'pass'],
    ['with an end of another type', jwt({ exp: 'soon' }), 'as-is', 'pass'],
  ])('%s', (_what, token, identity, expected) => {
    expect(checkToken(facts(kubeconfig({ kind: 'token', token, certificatePem: undefined, keyPem: undefined }), { identity })).status).toBe(expected);
  });

  it('that are no JWT have no claims', () => {
    for (const token of ['', 'a.b', 'a.!.c', `a.${Buffer.from('null').toString('base64url')}.c`]) expect(readTokenClaims(token)).toBeUndefined();
  });
});

describe('from inside the VCH', () => {
  it('plug-ins and missing credentials do not matter where the node has its own', () => {
    for (const kind of ['exec', 'auth-provider', 'anonymous'] as const) {
      expect(checkPortable(facts(kubeconfig({ kind }))).status).toBe('fail');
      expect(checkPortable(facts(kubeconfig({ kind }), { identity: 'node' })).status).toBe('pass');
    }
  });

  it('a proxy on this machine is no proxy there', () => {
    expect(checkPortable(facts(kubeconfig({}, { proxyUrl: 'http://127.0.0.1:3128' }))).status).toBe('fail');
    expect(checkPortable(facts(kubeconfig({}, { proxyUrl: 'http://proxy.example:3128' }))).status).toBe('warn');
    expect(checkPortable(facts(kubeconfig({}, { proxyUrl: ':::' }))).status).toBe('fail');
  });

  it('another address takes the place of a loopback server for a node identity alone', () => {
    const local = kubeconfig({}, { server: 'https://127.0.0.1:6443' });
    const serverAddress = 'https://192.0.2.9:6443';
    expect(checkPortable(facts(local, { identity: 'node', serverAddress })).status).toBe('pass');
    expect(checkPortable(facts(local, { identity: 'as-is', serverAddress })).status).toBe('fail');
    expect(checkAddress(facts(local, { identity: 'as-is', serverAddress })).status).toBe('warn');
    expect(checkAddress(facts(local, { identity: 'node', serverAddress }))).toMatchObject({ status: 'pass', message: expect.stringContaining('192.0.2.9') });
    expect(checkAddress(facts(kubeconfig(), { serverAddress: 'https://api.example:6443' }))).toMatchObject({ status: 'pass' });
  });

  it('the certificate of the server is still looked for under its own name', () => {
    expect(atServer(kubeconfig(), 'https://192.0.2.9:443').cluster).toMatchObject({ server: 'https://192.0.2.9', tlsServerName: 'api.example' });
    expect(atServer(kubeconfig({}, { server: 'https://api.example:6443/k8s/c1/' }), 'https://192.0.2.9:8443').cluster.server).toBe(
      'https://192.0.2.9:8443/k8s/c1',
    );
    expect(atServer(kubeconfig({}, { server: 'https://10.0.0.1:6443' }), 'https://192.0.2.9:6443').cluster.tlsServerName).toBeUndefined();
    expect(atServer(kubeconfig(), undefined).cluster).toEqual(kubeconfig().cluster);
  });
});

describe('the server', () => {
  const probed = (probe: Partial<ServerProbe>, insecureSkipTlsVerify = false) => ({
    server: 'https://api.example:6443',
    now: NOW,
    insecureSkipTlsVerify,
    probe: { dns: { addresses: ['192.0.2.1'] }, ...probe },
  });
  const ready = (status: number, date = NOW, body = '') => probed({ ready: { status, body, date } });

  it.each([
    [0, 'pass'],
    [30_000, 'pass'],
    [-90_000, 'warn'],
    [400_000, 'fail'],
    [-400_000, 'fail'],
  ])('has a clock that is %i ms off', (skew, expected) => {
    expect(checkClock(ready(200, NOW - skew)).status).toBe(expected);
  });

  it.each([
    [200, 'pass'],
    [401, 'pass'],
    [403, 'pass'],
    [404, 'warn'],
    [500, 'fail'],
    [503, 'fail'],
  ])('answers /readyz with %i', (status, expected) => {
    expect(checkReady(ready(status, NOW, '[+]ping ok\n[-]etcd failed')).status).toBe(expected);
  });

  it('is trusted or not', () => {
    const tls = (untrusted: string | undefined, validTo = NOW + 100 * DAY) => ({ tls: { protocol: 'TLSv1.3', names: 'DNS:a', validTo, untrusted } });
    expect(checkTls(probed(tls(undefined))).status).toBe('pass');
    expect(checkTls(probed(tls(undefined, NOW + DAY))).status).toBe('warn');
    expect(checkTls(probed(tls('SELF_SIGNED'))).status).toBe('fail');
    expect(checkTls(probed(tls('SELF_SIGNED'), true)).status).toBe('warn');
  });

  it.each([
    ['v1.19.3', 'warn'],
    ['v1.20.2', 'pass'],
    ['v1.36.3', 'pass'],
    ['v1.37.0-alpha.1', 'warn'],
    ['v1.31.4+k3s1', 'pass'],
    ['v2.0.0', 'warn'],
    ['unknown', 'skip'],
  ])('of version %s', (version, expected) => {
    expect(judgeVersion(version).status).toBe(expected);
  });
});

it('asks for key encipherment where signers insist on it', () => {
  expect(usagesFor('ecdsa-p256', 20)).toContain('key encipherment');
  expect(usagesFor('ecdsa-p256', undefined)).toContain('key encipherment');
  expect(usagesFor('ecdsa-p256', 36)).toEqual(['digital signature', 'client auth']);
  expect(usagesFor('rsa-2048', 36)).toContain('key encipherment');
});
