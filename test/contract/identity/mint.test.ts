import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../../../src/clients/kubernetes/connect.ts';
import { orderCertificate } from '../../../src/clients/kubernetes/certificate-order.ts';
import { paths } from '../../../src/clients/kubernetes/paths.ts';
import { isVickError } from '../../../src/errors/vick-error.ts';
import { createIdentityKeeper, mintAndRecord } from '../../../src/operations/identity/keeper.ts';
import { readRecord } from '../../../src/operations/identity/record.ts';
import { findRequests } from '../../../src/operations/identity/withdraw.ts';
import { createCertificateRequest, generatePrivateKey } from '../../../src/platform/certificate-request.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { startIdentityWorld, type IdentityWorld } from './world.ts';

const NODE = 'kubelet-web';
const never = new AbortController().signal;

let world: IdentityWorld;

beforeAll(async () => {
  world = await startIdentityWorld();
}, 120_000);

afterAll(async () => {
  await world.stop();
}, 60_000);

const request = () => ({ vch: 'web', nodeName: NODE, kubeconfig: world.adminKubeconfig });

it.each(['ecdsa-p256', 'rsa-2048'] as const)('gives a node an identity with an %s key, and nothing but its own', async (key) => {
  const identity = await mintAndRecord(world.deps, { ...request(), key }, never);
  expect(identity.facts.subject).toContain('CN=system:node:kubelet-web');
  const kubeconfig = await world.parse(identity.kubeconfigText);
  expect(kubeconfig.user).toMatchObject({ kind: 'certificate', name: 'system:node:kubelet-web', raw: {} });
  expect(identity.kubeconfigText).not.toMatch(/client-(certificate|key): |certificate-authority: |exec:|tokenFile/);

  const node = await connect({ ...kubeconfig });
  try {
    await node
      .request({ method: 'POST', path: paths.nodes(), body: { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } } }, never)
      .catch((error: unknown) => {
        if (!isVickError(error) || error.code !== 'KUBE_CONFLICT') throw error;
      });
    await expect(node.request({ method: 'DELETE', path: paths.node(NODE) }, never)).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' });
    const other = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'kubelet-other' } };
    await expect(node.request({ method: 'POST', path: paths.nodes(), body: other }, never)).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' });
    const clientCa = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
    await expect(node.request({ method: 'GET', path: clientCa }, never)).resolves.toMatchObject({
      data: { 'client-ca-file': expect.stringContaining('CERTIFICATE') },
    });
  } finally {
    await node.close();
  }
});

it('notes what it made without the key, and leaves one request behind', async () => {
  const identity = await mintAndRecord(world.deps, request(), never);
  const record = await readRecord(world.deps, 'web');
  expect(record).toMatchObject({ csr: identity.csr, user: 'system:node:kubelet-web', certificatePem: identity.certificatePem });
  expect(JSON.stringify(record)).not.toContain('PRIVATE KEY');
  expect((await findRequests(world.admin, NODE, never)).map(({ metadata }) => metadata?.name)).toEqual([identity.csr]);
});

it('takes back what it made, once', async () => {
  const keeper = createIdentityKeeper(world.deps);
  await keeper.mint(request(), never);
  expect(await keeper.revoke(request())).toBe('revoked');
  expect(await keeper.revoke(request())).toBe('absent');
  expect(await findRequests(world.admin, NODE, never)).toEqual([]);
});

it('serves a kubelet that asks for its serving certificate, once somebody approves it', async () => {
  const node = await connect(await world.parse((await mintAndRecord(world.deps, request(), never)).kubeconfigText));
  const privateKeyPem = generatePrivateKey();
  const requestPem = createCertificateRequest({
    subject: { commonName: `system:node:${NODE}`, organizations: ['system:nodes'] },
    names: ['192.0.2.7', NODE],
    privateKeyPem,
  });
  const order = {
    name: `serving-${NODE}`,
    signerName: 'kubernetes.io/kubelet-serving',
    usages: ['digital signature', 'key encipherment', 'server auth'],
    requestPem,
    approval: { reason: 'Test', message: 'by the operator' },
    signedWithinMs: 20_000,
  };
  try {
    await expect(orderCertificate(node, order, systemClock, never)).rejects.toMatchObject({ code: 'IDENTITY_REFUSED' });
    const { certificatePem, approvedBy } = await orderCertificate(world.admin, { ...order, name: `${order.name}-2` }, systemClock, never);
    expect(approvedBy).toBe('caller');
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.subjectAltName).toBe(`DNS:${NODE}, IP Address:192.0.2.7`);
    expect(certificate.checkIP('192.0.2.7')).toBe('192.0.2.7');
  } finally {
    await node.close();
    for (const name of [order.name, `${order.name}-2`]) await world.admin.request({ method: 'DELETE', path: paths.signingRequest(name) }, never);
  }
});

it('renews the certificate of a node on its own request', async () => {
  const node = await connect(await world.parse((await mintAndRecord(world.deps, request(), never)).kubeconfigText));
  const requestPem = createCertificateRequest({
    subject: { commonName: `system:node:${NODE}`, organizations: ['system:nodes'] },
    privateKeyPem: generatePrivateKey(),
  });
  const name = `renewal-${NODE}`;
  try {
    await node.request(
      {
        method: 'POST',
        path: paths.signingRequests(),
        body: {
          metadata: { name },
          spec: {
            request: Buffer.from(requestPem).toString('base64'),
            signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
            usages: ['digital signature', 'key encipherment', 'client auth'],
          },
        },
      },
      never,
    );
    await expect
      .poll(
        async () => (await node.request<{ status?: { certificate?: string } }>({ method: 'GET', path: paths.signingRequest(name) }, never)).status?.certificate,
        {
          timeout: 20_000,
        },
      )
      .toBeDefined();
  } finally {
    await node.close();
    await world.admin.request({ method: 'DELETE', path: paths.signingRequest(name) }, never);
  }
});
