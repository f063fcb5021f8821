import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerInfo } from '../../../../src/clients/port-layer/port.ts';
import { healthOf, problemsOf } from '../../../../src/operations/status/health.ts';
import { isWrong, lineUp, type LinedUp } from '../../../../src/operations/status/line-up.ts';
import { requestedBy } from '../../../../src/operations/status/usage.ts';
import type { VchParts } from '../../../../src/operations/status/vch-parts.ts';
import type { Pod } from '../../../../src/platform/kubernetes-objects.ts';

const uid = fc.constantFrom('u1', 'u2', 'u3', 'u4');
const phase = fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed');
const podOf = (id: string, status: string): Pod => ({ metadata: { uid: id, namespace: 'ns', name: `pod-${id}` }, status: { phase: status } });
const pods = fc.uniqueArray(fc.tuple(uid, phase), { selector: ([id]) => id }).map((all) => all.map(([id, status]) => podOf(id, status)));
const vm = fc.record({
  id: fc.stringMatching(/^[0-9a-f]{12}$/),
  uid: fc.option(uid, { nil: undefined }),
  state: fc.constantFrom('Running', 'Stopped', 'Created', 'Removed', ''),
});
const containers = fc.uniqueArray(vm, { selector: ({ id }) => id, maxLength: 6 }).map((all) => all.map(infoOf));

function infoOf({ id, uid: pod, state }: { readonly id: string; readonly uid: string | undefined; readonly state: string }): ContainerInfo {
  const annotations: Record<string, string> = pod === undefined ? {} : { 'vick.dev/uid': pod, 'vick.dev/namespace': 'ns', 'vick.dev/name': `pod-${pod}` };
  return { id, name: `vm-${id}`, state, createdAt: 0, annotations } as unknown as ContainerInfo;
}

const marks = (rows: readonly LinedUp[], mark: LinedUp['mark']): readonly LinedUp[] => rows.filter((row) => row.mark === mark);

describe('lining up pods', () => {
  it('shows every pod and every VM that is not removed exactly once, and a foreign one is never wrong', () => {
    fc.assert(
      fc.property(pods, fc.option(pods, { nil: undefined }), containers, (kubernetes, kubelet, infos) => {
        const rows = lineUp({ kubernetes, kubelet, containers: infos });
        const shown = rows.flatMap(({ vm: found }) => found?.id ?? []);
        const there = infos.filter(({ state }) => state !== 'Removed').map(({ id }) => id);
        expect(shown.toSorted()).toEqual(there.toSorted());
        expect(
          rows
            .filter(({ kubernetes: status }) => status !== undefined)
            .map((row) => row.uid)
            .toSorted(),
        ).toEqual(kubernetes.map(({ metadata }) => metadata?.uid ?? '').toSorted());
        expect(marks(rows, 'foreign').map((row) => row.vm?.id)).toEqual(
          expect.arrayContaining(infos.filter(({ annotations, state }) => Object.keys(annotations).length === 0 && state !== 'Removed').map(({ id }) => id)),
        );
        expect(marks(rows, 'foreign').some(isWrong)).toBe(false);
        // Every pod that the kubelet alone has is told of.
        for (const { metadata } of kubelet ?? []) expect(rows.some((row) => row.uid === metadata?.uid)).toBe(true);
      }),
    );
  });

  it('calls nothing missing that nobody has looked for', () => {
    fc.assert(
      fc.property(pods, (kubernetes) => {
        const rows = lineUp({ kubernetes, kubelet: undefined, containers: undefined });
        expect(rows.filter(isWrong)).toEqual([]);
        expect(marks(rows, 'unknown')).toHaveLength(kubernetes.filter(({ status }) => status?.phase === 'Running').length);
      }),
    );
  });

  it('takes the running one of two VMs of a pod for its own', () => {
    const infos = [infoOf({ id: 'aaaaaaaaaaaa', uid: 'u1', state: 'Stopped' }), infoOf({ id: 'bbbbbbbbbbbb', uid: 'u1', state: 'Running' })];
    const rows = lineUp({ kubernetes: [podOf('u1', 'Running')], kubelet: undefined, containers: infos });
    expect(rows.map((row) => [row.mark, row.vm?.id])).toEqual([
      ['ok', 'bbbbbbbbbbbb'],
      ['duplicate', 'aaaaaaaaaaaa'],
    ]);
  });

  it('shows the VMs of a pod’s containers behind each other, and only a second one of a container as a duplicate', () => {
    const part = (id: string, container: string, role: string, state: string): ContainerInfo => {
      const containers = [{ name: container, role }];
      const annotations = {
        'vick.dev/container': container,
        'vick.dev/containers': JSON.stringify({ version: 2, hostname: 'p', containers, part: { order: ['i', 'a', 'b'] } }),
      };
      const info = infoOf({ id, uid: 'u1', state });
      return { ...info, annotations: { ...info.annotations, ...annotations } };
    };
    const infos = [
      ...[part('aaaaaaaaaaaa', 'b', 'main', 'Running'), part('bbbbbbbbbbbb', 'a', 'main', 'Running'), part('cccccccccccc', 'i', 'init', 'Stopped')],
      part('dddddddddddd', 'b', 'main', 'Created'),
    ];
    const rows = lineUp({ kubernetes: [podOf('u1', 'Running')], kubelet: undefined, containers: infos });
    expect(rows.map(({ container, kubernetes, mark, vm: found }) => [container, kubernetes, mark, found?.id])).toEqual([
      ['a', 'Running', 'ok', 'bbbbbbbbbbbb'],
      ['i', undefined, 'ok', 'cccccccccccc'],
      ['b', undefined, 'ok', 'aaaaaaaaaaaa'],
      ['b', undefined, 'duplicate', 'dddddddddddd'],
    ]);
  });

  it('waits for the VM of a pod that is ended or being deleted', () => {
    const deleted: Pod = { metadata: { uid: 'u1', namespace: 'ns', name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: 'Running' } };
    expect(lineUp({ kubernetes: [deleted], kubelet: undefined, containers: [] })[0]).toMatchObject({ kubernetes: 'Terminating', mark: 'pending' });
  });
});

describe('health', () => {
  const notAsked = { state: 'not-asked', why: 'x' } as const;
  const parts = (more: Partial<VchParts> = {}): VchParts => ({ portLayer: notAsked, personality: notAsked, kubelet: notAsked, certificates: [], ...more });
  const certificate = (daysLeft: number) => ({ of: 'docker-api', subject: 'CN=x', notAfter: 0, daysLeft });
  const judge = (more: Partial<Parameters<typeof problemsOf>[0]>): readonly string[] =>
    problemsOf({ ready: true, parts: parts(), vsphere: notAsked, lineUp: undefined, ...more });

  it.each<[string, Parameters<typeof judge>[0], readonly string[]]>([
    ['nothing was asked', {}, []],
    ['a certificate is good for long', { parts: parts({ certificates: [certificate(14)] }) }, []],
    ['a certificate ends soon', { parts: parts({ certificates: [certificate(13)] }) }, ['the certificate of docker-api expires in 13 days']],
    ['a certificate has ended', { parts: parts({ certificates: [certificate(-1)] }) }, ['the certificate of docker-api has expired']],
    ['vSphere has no such VCH', { vsphere: { state: 'failed', why: 'there is no VCH web' } }, ['vSphere: there is no VCH web']],
    ['the port layer does not answer', { parts: parts({ portLayer: { state: 'failed', why: 'refused' } }) }, ['port layer: refused']],
    ['the kubelet is sick', { parts: parts({ kubelet: { state: 'ok', value: { healthy: false } } }) }, ['the kubelet says that it is not healthy']],
    ['the node is not Ready', { ready: false }, ['the node is not Ready']],
  ])('says what is wrong when %s', (_what, more, problems) => {
    expect(judge(more)).toEqual(problems);
  });

  it('is failed for a node that is not Ready, degraded for anything else, and ok for no nodes', () => {
    expect(healthOf([])).toBe('ok');
    expect(healthOf([{ ready: true, problems: [] }])).toBe('ok');
    expect(healthOf([{ ready: true, problems: ['x'] }])).toBe('degraded');
    expect(
      healthOf([
        { ready: true, problems: ['x'] },
        { ready: false, problems: [] },
      ]),
    ).toBe('failed');
  });
});

describe('what pods ask for', () => {
  const asking = (requests: Record<string, string>, status = 'Running'): Pod => ({
    spec: { containers: [{ name: 'c', resources: { requests } }] },
    status: { phase: status },
  });

  it('adds up those that have not ended', () => {
    expect(requestedBy([])).toEqual({ cpu: '0', memory: '0', pods: '0' });
    expect(requestedBy([asking({ cpu: '250m', memory: '64Mi' }), asking({ cpu: '1750m', memory: '1Gi' }), asking({ cpu: '8' }, 'Succeeded')])).toEqual({
      cpu: '2',
      memory: '1088Mi',
      pods: '2',
    });
    expect(requestedBy([asking({ cpu: '1500m' }), asking({})])).toMatchObject({ cpu: '1500m', pods: '2' });
  });
});
