import { describe, expect, it } from 'vitest';
import { createCertificateRequest, generatePrivateKey } from '../../../src/platform/certificate-request.ts';
import { approvalQuestions, isPastItsTime, SIGNERS, signingVerdict, type SigningRequest } from '../../../src/sandbox/certificate-signing/policy.ts';

const KEY = generatePrivateKey();
const NODE = 'system:node:kubelet-web';
const CLIENT = ['digital signature', 'client auth'];
const SERVING = ['digital signature', 'server auth'];
const APPROVED = { type: 'Approved', status: 'True', lastUpdateTime: '2026-11-23T00:00:00Z' };

function csr(change: {
  readonly signerName?: string;
  readonly usages?: readonly string[];
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly names?: readonly string[];
  readonly username?: string;
  readonly conditions?: NonNullable<SigningRequest['status']>['conditions'];
}): SigningRequest {
  const { commonName = NODE, organizations = ['system:nodes'], names = [] } = change;
  const pem = createCertificateRequest({ subject: { commonName, organizations }, names, privateKeyPem: KEY });
  return {
    metadata: { name: 'a', creationTimestamp: '2026-11-23T00:00:00Z' },
    spec: {
      request: Buffer.from(pem).toString('base64'),
      signerName: change.signerName ?? SIGNERS.kubeletClient,
      usages: change.usages ?? CLIENT,
      username: change.username ?? 'admin',
    },
    status: { conditions: change.conditions ?? [] },
  };
}

describe('approval by itself', () => {
  it('asks as kube-controller-manager does', () => {
    expect(approvalQuestions(csr({}))).toEqual(['nodeclient']);
    expect(approvalQuestions(csr({ username: NODE }))).toEqual(['selfnodeclient', 'nodeclient']);
    expect(approvalQuestions(csr({ usages: [...CLIENT, 'key encipherment'] }))).toEqual(['nodeclient']);
  });

  it.each([
    ['serving certificates', { signerName: SIGNERS.kubeletServing, usages: SERVING, names: ['a'] }],
    ['another organization', { organizations: ['system:masters'] }],
    ['two organizations', { organizations: ['system:nodes', 'system:masters'] }],
    ['another name', { commonName: 'admin' }],
    ['names of hosts', { names: ['a.example'] }],
    ['other usages', { usages: [...CLIENT, 'server auth'] }],
    ['what is decided', { conditions: [{ type: 'Denied', status: 'True' }] }],
  ])('never of %s', (_what, change) => {
    expect(approvalQuestions(csr(change))).toEqual([]);
  });
});

describe('signing', () => {
  const verdict = (change: Parameters<typeof csr>[0]): unknown => {
    const found = signingVerdict(csr({ conditions: [APPROVED], ...change }));
    return found === undefined ? 'nothing' : 'sign' in found ? 'sign' : found.refuse.message;
  };

  it.each([
    ['an approved client', {}, 'sign'],
    ['a pending one', { conditions: [] }, 'nothing'],
    ['one that failed', { conditions: [APPROVED, { type: 'Failed', status: 'True' }] }, 'nothing'],
    ["another's signer", { signerName: 'example.com/signer' }, 'nothing'],
    ['a server', { signerName: SIGNERS.kubeletServing, usages: SERVING, names: ['192.0.2.1'] }, 'sign'],
    ['a server without names', { signerName: SIGNERS.kubeletServing, usages: SERVING }, 'DNS or IP subjectAltName is required'],
    [
      'a server that is a client',
      { signerName: SIGNERS.kubeletServing, usages: CLIENT, names: ['a'] },
      'usages did not match [digital signature key encipherment server auth]',
    ],
    ['a client with addresses', { names: ['192.0.2.1'] }, 'IP subjectAltNames are not allowed'],
    ['a client of nobody', { commonName: 'x' }, 'subject common name does not begin with system:node:'],
    ['a plain client', { signerName: SIGNERS.client, commonName: 'jane', organizations: [] }, 'sign'],
    ['a plain client that would serve', { signerName: SIGNERS.client, usages: [...CLIENT, 'server auth'] }, 'invalid usage: server auth'],
    ['a plain one that is no client', { signerName: SIGNERS.client, usages: ['digital signature'] }, 'missing required usage "client auth"'],
  ])('%s', (_what, change, expected) => {
    expect(verdict(change)).toBe(expected);
  });
});

describe('clearing away', () => {
  const at = (hours: number): number => Date.parse('2026-11-23T00:00:00Z') + hours * 3_600_000;
  it.each([
    ['pending', [], 23, false],
    ['pending', [], 25, true],
    ['denied', [{ ...APPROVED, type: 'Denied' }], 0.9, false],
    ['denied', [{ ...APPROVED, type: 'Denied' }], 1.1, true],
    ['failed', [APPROVED, { ...APPROVED, type: 'Failed' }], 1.1, true],
    ['approved, not yet signed', [APPROVED], 48, false],
  ])('%s', (_what, conditions, hours, expected) => {
    expect(isPastItsTime(csr({ conditions }), at(hours))).toBe(expected);
  });

  it('issued ones after an hour', () => {
    const issued = { ...csr({}), status: { conditions: [APPROVED], certificate: Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64') } };
    expect([isPastItsTime(issued, at(0.9)), isPastItsTime(issued, at(1.1))]).toEqual([false, true]);
  });
});
