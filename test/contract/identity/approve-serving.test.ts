import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../../../src/clients/kubernetes/connect.ts';
import type { CertificateSigningRequest } from '../../../src/clients/kubernetes/certificate-order.ts';
import { paths } from '../../../src/clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../../src/clients/kubernetes/port.ts';
import { approveServing } from '../../../src/operations/identity/approve-serving.ts';
import { mintAndRecord } from '../../../src/operations/identity/keeper.ts';
import { SERVING_SIGNER } from '../../../src/operations/identity/names.ts';
import { findServingRequests, withdrawIdentity } from '../../../src/operations/identity/withdraw.ts';
import { createCertificateRequest, generatePrivateKey } from '../../../src/platform/certificate-request.ts';
import type { Node } from '../../../src/platform/kubernetes-objects.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { startIdentityWorld, type IdentityWorld } from './world.ts';

const NODE = 'kubelet-web';
const node: Node = { metadata: { name: NODE }, status: { addresses: [{ type: 'InternalIP', address: '192.0.2.7' }] } };
const never = new AbortController().signal;

let world: IdentityWorld;
let kubelet: KubernetesApi;

beforeAll(async () => {
  world = await startIdentityWorld();
  const identity = await mintAndRecord(world.deps, { vch: 'web', nodeName: NODE, kubeconfig: world.adminKubeconfig }, never);
  kubelet = await connect(await world.parse(identity.kubeconfigText));
}, 120_000);

afterAll(async () => {
  await kubelet.close();
  await world.stop();
}, 60_000);

const ask = async (api: KubernetesApi, name: string, names: readonly string[]): Promise<void> => {
  const subject = { commonName: `system:node:${NODE}`, organizations: ['system:nodes'] };
  const pem = createCertificateRequest({ subject, names, privateKeyPem: generatePrivateKey() });
  const spec = {
    signerName: SERVING_SIGNER,
    request: Buffer.from(pem).toString('base64'),
    usages: ['digital signature', 'key encipherment', 'server auth'],
  };
  const body = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec };
  await api.request({ method: 'POST', path: paths.signingRequests(), body }, never);
};
const drop = async (name: string): Promise<void> => {
  await world.admin.request({ method: 'DELETE', path: paths.signingRequest(name) }, never);
};
const approve = () => approveServing(world.admin, node, systemClock, never);

it('approves what the kubelet asks for its own addresses, and the cluster signs it', async () => {
  await ask(kubelet, 'own', [NODE, '192.0.2.7']);
  expect(await approve()).toEqual({ outcome: 'approved', csr: 'own' });
  const certificate = async (): Promise<string> => {
    const { status } = await world.admin.request<CertificateSigningRequest>({ method: 'GET', path: paths.signingRequest('own') }, never);
    return Buffer.from(status?.certificate ?? '', 'base64').toString();
  };
  await expect.poll(certificate, { timeout: 20_000 }).toContain('BEGIN CERTIFICATE');
  expect(new X509Certificate(await certificate()).subjectAltName).toBe(`DNS:${NODE}, IP Address:192.0.2.7`);
});

it('leaves a request for names that are not the node’s', async () => {
  await ask(kubelet, 'greedy', [NODE, 'kubernetes.default.svc']);
  expect(await approve()).toEqual({ outcome: 'left', csr: 'greedy', why: 'kubernetes.default.svc is no address of the node' });
  await drop('greedy');
});

it('does not look at what another asks in the name of the node', async () => {
  await ask(world.admin, 'foreign', [NODE]);
  expect(await approve()).toEqual({ outcome: 'absent' });
  await drop('foreign');
});

it('takes the kubelet’s requests back with the identity', async () => {
  await ask(kubelet, 'left-over', [NODE]);
  expect(await findServingRequests(world.admin, NODE, never)).not.toEqual([]);
  await withdrawIdentity(world.admin, NODE, never);
  expect(await findServingRequests(world.admin, NODE, never)).toEqual([]);
});
