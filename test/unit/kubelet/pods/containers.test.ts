import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CRASH_LIMITS, delayAfter, raise, type BackOff } from '../../../../src/kubelet/pods/back-off.ts';
import { containerRequests, type ContainerSources } from '../../../../src/kubelet/pods/container-requests.ts';
import { expand } from '../../../../src/kubelet/pods/expand.ts';
import { statusPatch } from '../../../../src/kubelet/pods/status-patch.ts';
import type { Container, Pod, PodStatus } from '../../../../src/platform/kubernetes-objects.ts';
import { mergeStatus } from '../../../support/kubelet/merge-status.ts';

const SOURCES: ContainerSources = {
  ...{ nodeName: 'n1', hostIPs: ['192.0.2.1'], podIPs: [], allocatable: undefined, services: () => Promise.resolve([]) },
  objects: { configMap: () => Promise.resolve(undefined), secret: () => Promise.resolve(undefined) },
};
const pod = (spec: object, container: Partial<Container> = {}): Pod => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', labels: { app: 'web' }, annotations: { 'a/b': 'note' } },
  spec: { containers: [{ name: 'main', image: 'busybox:1.36', ...container }], ...spec },
});

describe('$(VAR)', () => {
  const known: Readonly<Record<string, string>> = { A: '1', B: '$(A)', EMPTY: '' };
  it.each([
    ['plain', 'plain'],
    ['$(A)', '1'],
    ['x$(A)y$(A)', 'x1y1'],
    ['$(B)', '$(A)'],
    ['$(EMPTY)|', '|'],
    ['$(NOPE)', '$(NOPE)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$$$$(A)', '$$(A)'],
    ['$A ${A}', '$A ${A}'],
    ['$(A', '$(A'],
    ['$', '$'],
    ['a$', 'a$'],
    ['$()', '$()'],
  ])('%s becomes %s', (text, expected) => {
    expect(expand(text, (name) => known[name])).toBe(expected);
  });

  it('leaves text without a dollar sign as it is', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('$')),
        (text) => expand(text, () => 'x') === text,
      ),
    );
  });
});

describe('containers as the back end gets them', () => {
  it('resolves env in order, the downward API, command and args, and adds HOSTNAME', async () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const env = [
      { name: 'LATER', value: '$(NAME)' },
      field('NAME', 'metadata.name'),
      field('APP', "metadata.labels['app']"),
      field('NOTE', "metadata.annotations['a/b']"),
      field('NODE', 'spec.nodeName'),
      field('HOST', 'status.hostIP'),
      { name: 'BOTH', value: '$(NAME)-$(APP)-$$(APP)' },
      { name: 'APP', value: 'twice' },
    ];
    const [request] = await containerRequests(pod({}, { env, command: ['run', '$(BOTH)'], args: ['$(MISSING)', '$(APP)'] }), SOURCES);
    expect(request).toMatchObject({ command: ['run', 'web-web-$(APP)'], args: ['$(MISSING)', 'twice'], imagePullPolicy: 'IfNotPresent', role: 'main' });
    expect(Object.fromEntries(request!.env.map(({ name, value }) => [name, value]))).toEqual({
      ...{ HOSTNAME: 'web', LATER: '$(NAME)', NAME: 'web', APP: 'twice', NOTE: 'note', NODE: 'n1', HOST: '192.0.2.1', BOTH: 'web-web-$(APP)' },
    });
  });

  it.each<[string, Partial<Container>]>([
    ['a ConfigMap key', { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] }],
    ['a Secret key', { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }],
    ['a resource field', { env: [{ name: 'X', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] }],
    ['a whole ConfigMap', { envFrom: [{ configMapRef: { name: 'c' } }] }],
    ['an address that is not known yet', { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] }],
  ])('refuses %s visibly', async (_title, container) => {
    await expect(containerRequests(pod({}, container), SOURCES)).rejects.toThrow(
      expect.objectContaining({ reason: 'CreateContainerConfigError', container: 'main' }),
    );
  });

  it.each([
    ['busybox', 'Always'],
    ['busybox:latest', 'Always'],
    ['busybox:1.36', 'IfNotPresent'],
    ['registry:5000/busybox', 'Always'],
    ['busybox@sha256:00', 'IfNotPresent'],
  ])('%s is pulled %s by default', async (image, policy) => {
    expect((await containerRequests(pod({}, { image }), SOURCES))[0]?.imagePullPolicy).toBe(policy);
  });
});

describe('restart back-off', () => {
  it('is nothing, then 10 s doubling to 300 s, and forgotten after 600 s', () => {
    let backOff: BackOff | undefined;
    let now = 0;
    const delays: number[] = [];
    for (let restart = 0; restart < 8; restart += 1) {
      const delay = delayAfter(backOff, now, CRASH_LIMITS);
      delays.push(delay / 1000);
      now += delay;
      backOff = raise(backOff, now, CRASH_LIMITS);
    }
    expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
    expect(delayAfter(backOff, now + 600_000, CRASH_LIMITS)).toBe(300_000);
    expect(delayAfter(backOff, now + 600_001, CRASH_LIMITS)).toBe(0);
    expect(raise(backOff, now + 600_001, CRASH_LIMITS).delayMs).toBe(10_000);
  });
});

describe('the patch from one status to another', () => {
  const address = fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1');
  const condition = fc.record(
    { type: fc.constantFrom('Ready', 'Initialized'), status: fc.constantFrom('True', 'False'), reason: fc.constantFrom('A', 'B') },
    { requiredKeys: ['type', 'status'] },
  );
  const anyStatus: fc.Arbitrary<PodStatus> = fc
    .record(
      {
        phase: fc.constantFrom('Pending', 'Running'),
        reason: fc.constantFrom('X', 'Y'),
        message: fc.constantFrom('x', 'y'),
        ips: fc.uniqueArray(address, { minLength: 1, maxLength: 2 }),
        conditions: fc.uniqueArray(condition, { selector: ({ type }) => type }),
        restarts: fc.nat(3),
      },
      { requiredKeys: ['phase', 'ips', 'conditions', 'restarts'] },
    )
    .map(({ ips, restarts, ...rest }) => ({
      ...rest,
      podIP: ips[0]!,
      podIPs: ips.map((ip) => ({ ip })),
      containerStatuses: [{ name: 'a', image: 'i', imageID: '', ready: true, restartCount: restarts }],
    }));

  it('applied by the server gives what was wanted, and nothing is sent for what is there already', () => {
    fc.assert(
      fc.property(anyStatus, anyStatus, (current, desired) => {
        const patch = statusPatch(current, desired);
        const merged = patch === undefined ? current : mergeStatus(current, patch);
        expect(statusPatch(merged, desired)).toBeUndefined();
        expect(merged.podIPs).toEqual(desired.podIPs);
        for (const wanted of desired.conditions ?? []) expect(merged.conditions).toContainEqual(wanted);
        expect(statusPatch(desired, desired)).toBeUndefined();
      }),
    );
  });

  it('leaves conditions of others out, and takes a null time for an absent one', () => {
    const current: PodStatus = {
      conditions: [
        { type: 'theirs', status: 'True' },
        { type: 'Ready', status: 'True', lastProbeTime: null as unknown as string },
      ],
    };
    expect(statusPatch(current, { conditions: [{ type: 'Ready', status: 'True' }] })).toBeUndefined();
    expect(statusPatch(current, { conditions: [{ type: 'Ready', status: 'False' }] })).toEqual({ conditions: [{ type: 'Ready', status: 'False' }] });
  });
});
