import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openKubeletEndpoint, type KubeletEndpointOptions } from '../../../../src/kubelet/server/endpoint.ts';
import { selfSigned } from '../../../../src/kubelet/server/self-signed.ts';
import type { ServingCertificateState } from '../../../../src/kubelet/server/serving-certificate.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { decodeCertificateRequest } from '../../../../src/platform/certificate-request-decode.ts';
import { issueCertificate } from '../../../../src/sandbox/certificate-signing/issue.ts';
import { createAuthority } from '../../../../src/sandbox/certificates.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { createWorld, podSpec, steadyRandom } from '../../../support/kubelet/world.ts';
import { CapableBackend } from '../../../support/kubelet-server/capable-provider.ts';
import { MemoryTrust } from '../../../support/kubelet-server/trust.ts';

const ADDRESSES = [
  { type: 'InternalIP', address: '192.0.2.10' },
  { type: 'InternalIP', address: '2001:db8::1' },
  { type: 'Hostname', address: 'kubelet-web' },
];
const YEAR = 365 * 86_400_000;

async function open(more: Partial<KubeletEndpointOptions> = {}) {
  const clock = new FakeClock();
  const trust = new MemoryTrust();
  const states: ServingCertificateState[] = [];
  const facts = { addresses: ADDRESSES };
  const abort = new AbortController();
  const endpoint = await openKubeletEndpoint({
    ...{ nodeName: 'kubelet-web', trust, address: '127.0.0.1', port: 0, clock, random: steadyRandom(), log: silentLog },
    provider: new CapableBackend().provider() as KubeletEndpointOptions['provider'],
    pods: () => [],
    addresses: () => facts.addresses,
    onCertificate: (state) => states.push(state),
    ...more,
  });
  const running = endpoint.run(abort.signal);
  onTestFinished(async () => {
    abort.abort(new Error('the test is over'));
    await running;
  });
  return { clock, trust, states, facts, port: endpoint.port };
}

/** What the server shows. */
async function shown(port: number): Promise<X509Certificate> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (certificate === undefined) throw new Error('no certificate');
  return certificate;
}

describe('the serving certificate', () => {
  test('is self-made at once, with the addresses of the node', async () => {
    const { port, states } = await open();
    const certificate = await shown(port);
    expect(certificate.subjectAltName).toBe('IP Address:192.0.2.10, IP Address:2001:DB8:0:0:0:0:0:1, DNS:kubelet-web');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkHost('kubelet-web')).toBe('kubelet-web');
    expect(states[0]).toMatchObject({ kind: 'self-signed' });
  });

  test('is the one that the cluster issues as soon as it has, and is renewed in time', async () => {
    const { clock, trust, states, port } = await open();
    const now = clock.now();
    const authority = await createAuthority({ commonName: 'kubelet-ca', now });
    await clock.advance(10_000);
    expect(trust.requests.size).toBe(1);
    const [request] = [...trust.requests.values()];
    expect(request!.usages).toEqual(['digital signature', 'key encipherment', 'server auth']);
    const decoded = decodeCertificateRequest(request!.pem);
    expect(decoded).toMatchObject({ commonName: 'system:node:kubelet-web', organizations: ['system:nodes'], dnsNames: ['kubelet-web'] });
    expect(decoded.ipAddresses).toHaveLength(2);
    expect(states.at(-1)).toMatchObject({ kind: 'self-signed', request: 'csr-1', reason: expect.stringMatching(/kubectl certificate approve csr-1/) });
    // A certificate for another key is not taken.
    const foreign = await authority.issueServer({ commonName: 'x', names: ['192.0.2.10'], now });
    request!.answer = { ...request!.answer, certificate: foreign.certificate };
    await clock.advance(5_000);
    expect((await shown(port)).issuer).not.toMatch(/kubelet-ca/);
    expect(states.at(-1)).toMatchObject({ kind: 'self-signed', reason: expect.stringMatching(/another key/) });
    await clock.advance(10_000);
    const issue = async (name: string): Promise<void> => {
      const asked = trust.requests.get(name)!;
      const options = { usages: asked.usages, authority, now: clock.now(), expirationSeconds: 1000 };
      asked.answer = { ...asked.answer, certificate: await issueCertificate({ request: decodeCertificateRequest(asked.pem), ...options }) };
    };
    await issue('csr-2');
    await clock.advance(5_000);
    expect((await shown(port)).issuer).toMatch(/kubelet-ca/);
    const issued = states.at(-1);
    if (issued?.kind !== 'issued') throw new Error('not issued');
    // Backdated by the issuer: 80 % of the lifetime may be near.
    expect(issued.rotatesAt).toBeLessThan(issued.expiresAt);
    await clock.advance(Math.max(issued.rotatesAt - clock.now(), 0) + 20_000);
    expect(trust.requests.size).toBe(3);
    expect(states.at(-1)).toMatchObject({ kind: 'issued' });
    expect((await shown(port)).issuer).toMatch(/kubelet-ca/);
  });

  test('asks again after a refusal, later and later, and for new addresses at once', async () => {
    const { clock, trust, states, facts, port } = await open();
    const deny = (name: string): void => {
      trust.requests.get(name)!.answer = { name, certificate: undefined, refused: 'Denied: no' };
    };
    await clock.advance(0);
    deny('csr-1');
    trust.onRequest = deny;
    await clock.advance(60_000);
    const soon = trust.requests.size;
    expect(soon).toBeGreaterThanOrEqual(2);
    expect(states.at(-1)).toMatchObject({ kind: 'self-signed', reason: expect.stringMatching(/refused \(Denied: no\)/) });
    await clock.advance(3_600_000);
    expect(trust.requests.size - soon).toBeLessThan(12);
    facts.addresses = [{ type: 'InternalIP', address: '192.0.2.99' }];
    const before = trust.requests.size;
    await clock.advance(600_000);
    expect(trust.requests.size).toBeGreaterThan(before);
    expect((await shown(port)).subjectAltName).toBe('IP Address:192.0.2.99');
  });

  test('may be given, and is read again', async () => {
    const now = Date.now();
    let pair = selfSigned('given', ['192.0.2.1'], now);
    const { port, clock, states, trust } = await open({ certificate: () => Promise.resolve(pair) });
    expect((await shown(port)).subject).toBe('CN=given');
    pair = selfSigned('renewed', ['192.0.2.1'], now);
    await clock.advance(61_000);
    expect((await shown(port)).subject).toBe('CN=renewed');
    expect(states).toEqual([{ kind: 'given' }]);
    expect(trust.requests.size).toBe(0);
    expect(Date.parse((await shown(port)).validTo) - now).toBeGreaterThan(YEAR - 10_000);
  });
});

describe('a port that is taken', () => {
  test('is an error, or any other one will do', async () => {
    const { port } = await open();
    await expect(open({ port })).rejects.toMatchObject({ code: 'KUBELET_CONFIG', message: expect.stringMatching(/EADDRINUSE/) });
    expect((await open({ port, orAnyPort: true })).port).not.toBe(port);
  });
});

describe('a kubelet with a server', () => {
  test('names its port and what it can on the Node, and serves its pods', async () => {
    const world = createWorld();
    const trust = new MemoryTrust();
    trust.tokens.set('t', { username: 'admin' });
    trust.grants.add('admin *');
    await world.start({ server: { trust, address: '127.0.0.1', port: 0 } });
    onTestFinished(() => world.stop());
    world.cluster.createPod({ name: 'web', spec: podSpec({ main: ['run'] }) });
    await world.clock.advance(5_000);
    const status = world.cluster.nodes.get('kubelet-test')?.status as { declaredFeatures?: unknown; daemonEndpoints?: { kubeletEndpoint?: { Port?: number } } };
    expect(status.declaredFeatures).toEqual(['ExtendWebSocketsToKubelet']);
    const port = status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.write('GET /pods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n\r\n');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1.1 200[^]*"kind":"PodList"[^]*"name":"web"/);
  });

  test('declares nothing to an API server that is older', async () => {
    const world = createWorld();
    await world.start({ kubeletVersion: 'v1.32.0-vick.0', server: { trust: new MemoryTrust(), address: '127.0.0.1', port: 0 } });
    onTestFinished(() => world.stop());
    expect(world.cluster.nodes.get('kubelet-test')?.status).not.toHaveProperty('declaredFeatures');
  });
});
