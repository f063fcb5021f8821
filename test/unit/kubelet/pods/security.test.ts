import { describe, expect, it } from 'vitest';
import { commonUser, effectiveSecurity } from '../../../../src/kubelet/pods/security.ts';
import type { Container, Pod } from '../../../../src/platform/kubernetes-objects.ts';

type SecurityContext = NonNullable<Container['securityContext']>;

function pod(whole: NonNullable<NonNullable<Pod['spec']>['securityContext']>, ...containers: readonly SecurityContext[]): Pod {
  return { spec: { securityContext: whole, containers: containers.map((securityContext, index) => ({ name: `c${String(index)}`, securityContext })) } };
}

describe('the security of a container', () => {
  it('is its own over that of its pod', () => {
    const whole = { runAsUser: 1000, runAsGroup: 1001, runAsNonRoot: true, fsGroup: 2000, supplementalGroups: [3000, 2000] };
    expect(effectiveSecurity(pod(whole), {})).toMatchObject({
      runAsUser: 1000,
      runAsGroup: 1001,
      runAsNonRoot: true,
      fsGroup: 2000,
      supplementalGroups: [2000, 3000],
    });
    expect(effectiveSecurity(pod(whole), { securityContext: { runAsUser: 0, runAsNonRoot: false } })).toMatchObject({
      runAsUser: 0,
      runAsGroup: 1001,
      runAsNonRoot: false,
    });
  });

  it('asks for nothing when nothing is set', () => {
    expect(effectiveSecurity({ spec: { containers: [] } }, {})).toEqual({
      ...{ runAsNonRoot: false, supplementalGroups: [], privileged: false, readOnlyRootFilesystem: false },
      ...{ allowPrivilegeEscalation: true, addCapabilities: [], dropCapabilities: [] },
    });
  });

  it('names capabilities as runtimes do, however they are written', () => {
    const securityContext = { capabilities: { add: ['CAP_NET_ADMIN', 'sys_time'], drop: ['ALL'] }, allowPrivilegeEscalation: false };
    expect(effectiveSecurity(pod({}), { securityContext })).toMatchObject({
      ...{ addCapabilities: ['NET_ADMIN', 'SYS_TIME'], dropCapabilities: ['ALL'], allowPrivilegeEscalation: false },
    });
  });

  it.each<[string, Pod, number | undefined]>([
    ['the one of the pod', pod({ runAsUser: 7 }, {}, {}), 7],
    ['the one that all containers name', pod({}, { runAsUser: 5 }, { runAsUser: 5 }), 5],
    ['root', pod({}, { runAsUser: 0 }), 0],
    ['nobody when one differs', pod({ runAsUser: 7 }, {}, { runAsUser: 8 }), undefined],
    ['nobody when one does not say', pod({}, { runAsUser: 5 }, {}), undefined],
    ['nobody when an init container differs', { spec: { ...pod({}, { runAsUser: 5 }).spec!, initContainers: [{ name: 'i' }] } }, undefined],
  ])('gives a token to %s', (_title, given, user) => {
    expect(commonUser(given)).toBe(user);
  });
});
