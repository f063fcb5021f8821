import { describe, expect, it } from 'vitest';
import type { Kubeconfig, KubeconfigUser } from '../../../../src/clients/kubernetes/kubeconfig.ts';
import { checkCertificate, checkPortable, isLoopback } from '../../../../src/operations/preflight/kubeconfig-checks.ts';
import { failed, passed, refuseFailures, warned } from '../../../../src/operations/preflight/check.ts';
import { accessReview, permissionsForNode, renderPermission } from '../../../../src/operations/preflight/permissions.ts';
import type { VickError } from '../../../../src/errors/vick-error.ts';
import { createAuthority } from '../../../../src/sandbox/certificates.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 24 * 3_600_000;
const NO_CREDENTIALS = { certificatePem: undefined, keyPem: undefined, token: undefined, username: undefined, password: undefined, raw: {} };

function kubeconfig(cluster: Partial<Kubeconfig['cluster']> = {}, user: Partial<KubeconfigUser> = {}): Kubeconfig {
  return {
    path: '/k',
    contextName: 'prod',
    namespace: undefined,
    cluster: {
      name: 'c',
      server: 'https://k8s.example.test:6443',
      caPem: undefined,
      insecureSkipTlsVerify: false,
      tlsServerName: undefined,
      proxyUrl: undefined,
      ...cluster,
    },
    user: { name: 'admin', kind: 'token', ...NO_CREDENTIALS, token: 'ttttt', ...user },
  };
}

describe('isLoopback', () => {
  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'kind.localhost',
    '127.0.0.1',
    '127.8.9.1',
    '0.0.0.0',
    '::1',
    '[::1]',
    '::',
    '::ffff:127.0.0.1',
    '[::ffff:7f00:1]',
  ])('%s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });
  it.each(['localhost.example.test', '10.0.0.1', '128.0.0.1', '127.example.test', '2001:db8::1', '::2', 'mylocalhost'])('not %s', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});

describe('checkPortable', () => {
  const check = (value: Kubeconfig, loopbackAllowed = false) => checkPortable({ kubeconfig: value, now: NOW, loopbackAllowed });
  it.each([
    ['a token', kubeconfig(), 'pass'],
    ['an exec plug-in', kubeconfig({}, { kind: 'exec' }), 'fail'],
    ['an auth provider', kubeconfig({}, { kind: 'auth-provider' }), 'fail'],
    ['no user', kubeconfig({}, { kind: 'anonymous' }), 'fail'],
    ['a loopback server', kubeconfig({ server: 'https://127.0.0.1:6443' }), 'fail'],
    ['an IPv6 loopback server', kubeconfig({ server: 'https://[::1]:6443' }), 'fail'],
    ['plain http', kubeconfig({ server: 'http://k8s.example.test' }), 'warn'],
    ['no verification', kubeconfig({ insecureSkipTlsVerify: true }), 'warn'],
    ['a proxy', kubeconfig({ proxyUrl: 'http://proxy:3128' }), 'warn'],
  ])('%s', (_, value, status) => {
    expect(check(value).status).toBe(status);
  });
  it('accepts a loopback server where the VCH runs on this machine', () => {
    expect(check(kubeconfig({ server: 'https://127.0.0.1:6443' }), true).status).toBe('pass');
  });
});

describe('checkCertificate', () => {
  it.each([
    ['valid', 0, 365, 'pass'],
    ['about to end', -10, 12, 'warn'],
    ['ended', -10, 5, 'fail'],
    ['not yet valid', 5, 5, 'fail'],
  ])('%s', async (_, startDays, validDays, status) => {
    const authority = await createAuthority({ commonName: 'ca', now: NOW - 100 * DAY_MS });
    const client = await authority.issueClient({ commonName: 'admin', now: NOW + startDays * DAY_MS, validDays });
    const value = kubeconfig({}, { kind: 'certificate', certificatePem: client.certificate, keyPem: client.key });
    expect(checkCertificate({ kubeconfig: value, now: NOW, loopbackAllowed: false })).toMatchObject(
      status === 'fail' ? { status, code: 'KUBE_UNAUTHENTICATED' } : { status },
    );
  });
  it('says so when the text is no certificate', () => {
    const value = kubeconfig({}, { kind: 'certificate', certificatePem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' });
    expect(checkCertificate({ kubeconfig: value, now: NOW, loopbackAllowed: false })).toMatchObject({ status: 'fail', code: 'KUBECONFIG_INVALID' });
  });
});

describe('refuseFailures', () => {
  const about = { name: 'x', title: 'X' };
  const thrown = (checks: Parameters<typeof refuseFailures>[0]): VickError => {
    try {
      refuseFailures(checks, 'create vch web');
    } catch (error) {
      return error as VickError;
    }
    throw new Error('nothing was thrown');
  };
  it('lets passes and warnings through', () => {
    expect(() => refuseFailures([passed(about), warned(about, 'careful')], 'x')).not.toThrow();
  });
  it('keeps the code of a single failure, and of several of one kind', () => {
    expect(thrown([failed(about, 'KUBE_TLS', 'bad', 'do this')])).toMatchObject({ code: 'KUBE_TLS', message: 'bad', hint: 'do this' });
    expect(thrown([failed(about, 'KUBE_FORBIDDEN', 'a'), failed(about, 'KUBE_FORBIDDEN', 'b')])).toMatchObject({ code: 'KUBE_FORBIDDEN', exitCode: 4 });
  });
  it('is PREFLIGHT for failures of different kinds, each on its line', () => {
    const error = thrown([failed(about, 'KUBE_TLS', 'a', 'first'), passed(about), failed(about, 'VIC_MACHINE_NOT_FOUND', 'b')]);
    expect(error).toMatchObject({ code: 'PREFLIGHT', exitCode: 6 });
    expect(error.message).toBe('create vch web cannot start: 2 checks failed\n  KUBE_TLS: a\n    first\n  VIC_MACHINE_NOT_FOUND: b');
  });
});

describe('the code of several failures', () => {
  const about = { name: 'x', title: 'X' };
  it.each([
    [['VCH_EXISTS', 'KUBE_CONFLICT'], 'VCH_EXISTS', 3],
    [['KUBE_TLS', 'KUBE_FORBIDDEN', 'KUBE_CONFLICT'], 'KUBE_FORBIDDEN', 4],
    [['VCH_EXISTS', 'VIC_TARGET_LOGIN'], 'VIC_TARGET_LOGIN', 4],
    [['VCH_EXISTS', 'VIC_MACHINE_TOO_OLD'], 'PREFLIGHT', 6],
  ] as const)('%s is %s', (codes, code, exitCode) => {
    expect(() => {
      refuseFailures(
        codes.map((each) => failed(about, each, each)),
        'create vch web',
      );
    }).toThrow(expect.objectContaining({ code, exitCode }));
  });
});

describe('permissions', () => {
  it('asks about pods with the field selector, without which a node identity gets no true answer', () => {
    const list = permissionsForNode({ nodeName: 'kubelet-web', patchesNode: true }).find(
      (permission) => permission.resource === 'pods' && permission.verb === 'list',
    );
    expect(accessReview(list!).spec.resourceAttributes).toEqual({
      verb: 'list',
      group: '',
      resource: 'pods',
      fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['kubelet-web'] }] },
    });
  });
  it('needs the right to patch the node only where labels or taints were asked for', () => {
    const severity = (patchesNode: boolean) =>
      permissionsForNode({ nodeName: 'n', patchesNode }).find((permission) => renderPermission(permission) === 'patch nodes "n"')?.severity;
    expect([severity(true), severity(false)]).toEqual(['fatal', 'degraded']);
  });
});
