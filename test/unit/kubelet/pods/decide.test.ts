import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type DecideInput } from '../../../../src/kubelet/pods/decide.ts';
import type { PodHistory } from '../../../../src/kubelet/pods/history.ts';
import { computeStatus } from '../../../../src/kubelet/pods/status.ts';
import type { ObservedPod, ObservedState } from '../../../../src/kubelet/provider.ts';
import type { Pod, PodStatus } from '../../../../src/platform/kubernetes-objects.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const EMPTY: PodHistory = { admitted: true, startTime: NOW, containers: {}, stopConfirmed: false };

function pod(containers: readonly string[], more: { readonly spec?: object; readonly metadata?: object; readonly status?: object } = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'default', uid: 'u', generation: 1, ...more.metadata },
    spec: { containers: containers.map((name) => ({ name, image: 'i' })), ...more.spec },
    status: more.status ?? {},
  };
}
function observed(states: Readonly<Record<string, ObservedState>>): ObservedPod {
  return { uid: 'u', ips: ['10.0.0.9'], containers: Object.entries(states).map(([name, state]) => ({ name, id: `${name}-1`, state })) };
}
const created: ObservedState = { kind: 'created' };
const running: ObservedState = { kind: 'running', startedAt: NOW };
const exited = (exitCode: number): ObservedState => ({ kind: 'exited', exitCode, startedAt: NOW, finishedAt: NOW });
const ran = (exitCode: number, delayMs?: number): PodHistory['containers'][string] => ({
  restartCount: 0,
  run: { exit: { exitCode, finishedAt: NOW } },
  ...(delayMs === undefined ? {} : { backOff: { delayMs, raisedAt: NOW } }),
});
const input = (more: Partial<DecideInput>): DecideInput => ({
  pod: pod(['a']),
  imagesOf: 'container',
  observed: undefined,
  history: EMPTY,
  now: NOW,
  gone: false,
  reportedPhase: undefined,
  ...more,
});
const deleting = (grace: number): Pod => pod(['a'], { metadata: { deletionTimestamp: '2026-11-23T12:00:30Z', deletionGracePeriodSeconds: grace } });
const rejected: PodHistory = { ...EMPTY, rejection: { reason: 'OutOfcpu', message: 'full' } };
const trouble: NonNullable<PodHistory['trouble']> = { operation: 'create', message: 'no', failedAt: NOW, backOff: { delayMs: 10_000, raisedAt: NOW } };

describe('decide', () => {
  it.each<[string, Partial<DecideInput>, ReturnType<typeof decide>]>([
    ['an absent pod is created', {}, { action: { kind: 'create' } }],
    ['a created one is started', { observed: observed({ a: created }) }, { action: { kind: 'start', containers: ['a'], restart: false } }],
    ['a running one is left alone', { observed: observed({ a: running }) }, {}],
    ['a starting one is left alone', { observed: observed({ a: { kind: 'starting' } }) }, {}],
    ['a failed create is not repeated before its pause is over', { history: { ...EMPTY, trouble } }, { wakeAt: NOW + 10_000 }],
    ['… and is afterwards', { history: { ...EMPTY, trouble }, now: NOW + 10_000 }, { action: { kind: 'create' } }],
    [
      'the first restart is immediate',
      { observed: observed({ a: exited(0) }), history: { ...EMPTY, containers: { a: ran(0) } } },
      { action: { kind: 'start', containers: ['a'], restart: true } },
    ],
    ['the next waits', { observed: observed({ a: exited(1) }), history: { ...EMPTY, containers: { a: ran(1, 20_000) } } }, { wakeAt: NOW + 20_000 }],
    [
      'what ended well stays ended under OnFailure',
      { pod: pod(['a'], { spec: { restartPolicy: 'OnFailure' } }), observed: observed({ a: exited(0) }), history: { ...EMPTY, containers: { a: ran(0) } } },
      {},
    ],
    [
      'what failed stays ended under Never',
      { pod: pod(['a'], { spec: { restartPolicy: 'Never' } }), observed: observed({ a: exited(1) }), history: { ...EMPTY, containers: { a: ran(1) } } },
      {},
    ],
    ['a terminal pod is not started', { observed: observed({ a: created }), pod: pod(['a'], { status: { phase: 'Failed' } }) }, {}],
    [
      'a terminal pod that still runs is stopped',
      { observed: observed({ a: running }), reportedPhase: 'Succeeded' },
      { action: { kind: 'stop', by: NOW + 30_000, containers: ['a'], stages: [['a']], cause: 'terminal' } },
    ],
    ['a rejected pod is not created', { history: rejected }, {}],
    ['a deadline is waited for', { pod: pod(['a'], { spec: { activeDeadlineSeconds: 60 } }), observed: observed({ a: running }) }, { wakeAt: NOW + 60_000 }],
    [
      '… and kept',
      { pod: pod(['a'], { spec: { activeDeadlineSeconds: 60, terminationGracePeriodSeconds: 5 } }), observed: observed({ a: running }), now: NOW + 60_000 },
      { action: { kind: 'stop', by: NOW + 65_000, containers: ['a'], stages: [['a']], cause: 'deadline' } },
    ],
    [
      'a deleted pod is stopped with its grace',
      { pod: deleting(7), observed: observed({ a: running }) },
      { action: { kind: 'stop', by: NOW + 7_000, containers: ['a'], stages: [['a']], cause: 'deletion' } },
    ],
    [
      '… never less than 2 s',
      { pod: deleting(1), observed: observed({ a: running }) },
      { action: { kind: 'stop', by: NOW + 2_000, containers: ['a'], stages: [['a']], cause: 'deletion' } },
    ],
    [
      '… never later than was said before',
      { pod: deleting(300), observed: observed({ a: running }), history: { ...EMPTY, stopBy: NOW + 3_000 } },
      { action: { kind: 'stop', by: NOW + 3_000, containers: ['a'], stages: [['a']], cause: 'deletion' } },
    ],
    ['its end is told first', { pod: deleting(7), observed: observed({ a: exited(0) }) }, {}],
    ['then it is removed', { pod: deleting(7), observed: observed({ a: exited(0) }), reportedPhase: 'Succeeded' }, { action: { kind: 'remove' } }],
    ['then the API forgets it', { pod: deleting(7), reportedPhase: 'Succeeded' }, { action: { kind: 'deleteObject' } }],
    [
      'what the API no longer has is stopped',
      { gone: true, observed: observed({ a: running }) },
      { action: { kind: 'stop', by: NOW + 2_000, containers: ['a'], stages: [['a']], cause: 'deletion' } },
    ],
    ['… removed', { gone: true, observed: observed({ a: exited(0) }) }, { action: { kind: 'remove' } }],
    ['… and forgotten', { gone: true }, { action: { kind: 'forget' } }],
  ])('%s', (_title, more, expected) => {
    expect(decide(input(more))).toEqual(expected);
  });
});

describe('decide over init containers, sidecars and verdicts', () => {
  const inits = {
    spec: {
      initContainers: [
        { name: 'i', image: 'i' },
        { name: 's', image: 'i', restartPolicy: 'Always' },
        { name: 'j', image: 'i' },
      ],
    },
  };
  const ordered = pod(['a'], inits);
  const history = (containers: PodHistory['containers'], more: Partial<PodHistory> = {}): PodHistory => ({ ...EMPTY, ...more, containers });
  const alive = { restartCount: 0, run: { startedAt: NOW } };
  const probed = (probe: 'startupProbe' | 'livenessProbe'): Pod =>
    pod(['a'], { spec: { initContainers: [{ name: 's', image: 'i', restartPolicy: 'Always', [probe]: {} }], terminationGracePeriodSeconds: 40 } });
  const start = (...containers: string[]): ReturnType<typeof decide> => ({ action: { kind: 'start', containers, restart: false } });
  const waitsFor = { operation: 'start', message: 'no', failedAt: NOW, backOff: { delayMs: 10_000, raisedAt: NOW } } as const;

  it.each<[string, Partial<DecideInput>, ReturnType<typeof decide>]>([
    ['the first comes first', { pod: ordered, observed: observed({}) }, start('i')],
    ['nothing overtakes it', { pod: ordered, observed: observed({ i: running }), history: history({ i: alive }) }, {}],
    ['a sidecar follows', { pod: ordered, observed: observed({ i: exited(0) }), history: history({ i: ran(0) }) }, start('s')],
    [
      'what comes after a sidecar waits until that has started',
      { pod: ordered, observed: observed({ s: { kind: 'starting' } }), history: history({ i: ran(0) }) },
      {},
    ],
    ['… and no longer', { pod: ordered, observed: observed({ s: running }), history: history({ i: ran(0), s: alive }) }, start('j')],
    [
      'one that fails in a pod of policy Never ends the pod, sidecars with it',
      {
        pod: { ...ordered, spec: { ...ordered.spec!, restartPolicy: 'Never' } },
        ...{ observed: observed({ s: running, j: exited(1) }), history: history({ i: ran(0), s: alive, j: ran(1) }) },
      },
      { action: { kind: 'stop', by: NOW + 30_000, containers: ['s'], stages: [['s']], cause: 'terminal' } },
    ],
    [
      'a sidecar restarts while an init container waits for its image',
      { pod: ordered, observed: observed({ s: exited(0) }), history: history({ i: ran(0), s: ran(0), j: { restartCount: 0, trouble: waitsFor } }) },
      { action: { kind: 'start', containers: ['s'], restart: true } },
    ],
    [
      'trouble of one container does not hold another',
      { pod: pod(['a', 'b']), observed: observed({}), history: history({ a: { restartCount: 0, trouble: waitsFor } }) },
      { ...start('b'), wakeAt: NOW + 10_000 },
    ],
    [
      'a startup probe that has said nothing yet holds what follows',
      { pod: probed('startupProbe'), observed: observed({ s: running }), history: history({ s: alive }), verdicts: {} },
      {},
    ],
    [
      '… until it succeeds',
      { pod: probed('startupProbe'), observed: observed({ s: running }), history: history({ s: alive }), verdicts: { s: { started: true } } },
      start('a'),
    ],
    [
      'a failed liveness probe ends that container, with the grace of the probe',
      {
        pod: probed('livenessProbe'),
        ...{ observed: observed({ s: running, a: running }), history: history({ s: alive, a: alive }) },
        verdicts: { s: { failed: { probe: 'liveness', message: 'no', graceSeconds: 5 } } },
      },
      { action: { kind: 'kill', containers: ['s'], graceSeconds: 5, cause: 'liveness', message: 'Container s failed liveness probe, will be restarted' } },
    ],
    [
      '… else with that of the pod',
      {
        pod: probed('livenessProbe'),
        ...{ observed: observed({ s: running, a: running }), history: history({ s: alive, a: alive }) },
        verdicts: { a: { failed: { probe: 'startup', message: 'no' } } },
      },
      { action: { kind: 'kill', containers: ['a'], graceSeconds: 40, cause: 'startup', message: 'Container a failed startup probe, will be restarted' } },
    ],
    [
      'what a probe has ended runs again under OnFailure, whatever its exit code',
      {
        pod: pod(['a'], { spec: { restartPolicy: 'OnFailure' } }),
        ...{ observed: observed({ a: exited(0) }), history: history({ a: { ...ran(0), replaced: 'liveness' } }) },
      },
      { action: { kind: 'start', containers: ['a'], restart: true } },
    ],
    [
      '… and not under Never',
      {
        pod: pod(['a'], { spec: { restartPolicy: 'Never' } }),
        ...{ observed: observed({ a: exited(0) }), history: history({ a: { ...ran(0), replaced: 'liveness' } }) },
      },
      {},
    ],
    [
      'a new definition replaces what runs',
      { observed: observed({ a: running }), history: history({ a: { ...alive, image: 'old' } }) },
      { action: { kind: 'kill', containers: ['a'], graceSeconds: 30, cause: 'definition', message: 'Container a definition changed, will be restarted' } },
    ],
    ['… but not where images are of pods', { imagesOf: 'pod', observed: observed({ a: running }), history: history({ a: { ...alive, image: 'old' } }) }, {}],
    [
      'a pod whose sandbox was lost is cleared away',
      { observed: { ...observed({ a: exited(1) }), sandboxLost: true }, history: history({ a: ran(1) }) },
      { action: { kind: 'remove' } },
    ],
    [
      'a deadline is lowered while the pod runs',
      {
        pod: pod(['a'], { spec: { activeDeadlineSeconds: 10 } }),
        observed: observed({ a: running }),
        history: history({ a: alive }, { startTime: NOW - 11_000 }),
      },
      { action: { kind: 'stop', by: NOW + 30_000, containers: ['a'], stages: [['a']], cause: 'deadline' } },
    ],
    [
      'sidecars stop last, in reverse order',
      {
        pod: pod(['a'], {
          spec: { initContainers: ['s', 't'].map((name) => ({ name, image: 'i', restartPolicy: 'Always' })) },
          metadata: { deletionTimestamp: '2026-11-23T12:00:30Z', deletionGracePeriodSeconds: 9 },
        }),
        observed: observed({ s: running, t: running, a: running, debug: running }),
      },
      { action: { kind: 'stop', by: NOW + 9_000, containers: ['s', 't', 'a', 'debug'], stages: [['a', 'debug'], ['t'], ['s']], cause: 'deletion' } },
    ],
  ])('%s', (_title, more, expected) => {
    expect(decide(input(more))).toEqual(expected);
  });
});

const anyState = fc.constantFrom<ObservedState>(created, { kind: 'starting' }, running, exited(0), exited(1), { kind: 'unknown', message: '?' });
const anyRecord = fc.constantFrom<PodHistory['containers'][string]>(
  { restartCount: 0 },
  { restartCount: 1, run: { startedAt: NOW } },
  ran(0),
  ran(1),
  ran(1, 40_000),
);
const INITS = [
  { name: 'i', image: 'i' },
  { name: 's', image: 'i', restartPolicy: 'Always' },
];
const anyInput = fc
  .record({
    policy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    imagesOf: fc.constantFrom('container' as const, 'pod' as const),
    states: fc.option(fc.record({ a: anyState, b: anyState, i: anyState, s: anyState }), { nil: undefined }),
    records: fc.record({ a: anyRecord, b: anyRecord, i: anyRecord, s: anyRecord }),
    inits: fc.boolean(),
    failed: fc.boolean(),
    sandboxLost: fc.boolean(),
    deleted: fc.boolean(),
    gone: fc.boolean(),
    phase: fc.constantFrom(undefined, 'Pending', 'Running', 'Succeeded', 'Failed'),
    stopConfirmed: fc.boolean(),
    deadline: fc.constantFrom(undefined, 1, 1_000),
    later: fc.nat(700_000),
  })
  .map((facts): DecideInput => ({
    pod: pod(['a', 'b'], {
      spec: {
        restartPolicy: facts.policy,
        ...(facts.deadline === undefined ? {} : { activeDeadlineSeconds: facts.deadline }),
        ...(facts.inits ? { initContainers: INITS } : {}),
      },
      metadata: facts.deleted ? { deletionTimestamp: '2026-11-23T12:00:30Z', deletionGracePeriodSeconds: 30 } : {},
      status: facts.phase === undefined ? {} : { phase: facts.phase },
    }),
    imagesOf: facts.imagesOf,
    observed: facts.states === undefined ? undefined : { ...observed(facts.states), ...(facts.sandboxLost ? { sandboxLost: true } : {}) },
    verdicts: facts.failed ? { a: { failed: { probe: 'liveness', message: 'no' } } } : {},
    history: { ...EMPTY, containers: facts.records, stopConfirmed: facts.stopConfirmed },
    now: NOW + facts.later,
    gone: facts.gone,
    reportedPhase: facts.phase === 'Succeeded' || facts.phase === 'Failed' ? facts.phase : undefined,
  }));
const ends = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

describe('in every state', () => {
  it('nothing is created or started once the pod is to end', () => {
    fc.assert(
      fc.property(anyInput, (one) => {
        const { action } = decide(one);
        const over = one.gone || one.pod.metadata?.deletionTimestamp !== undefined || ends(one.reportedPhase);
        if (over) expect(['create', 'start', 'kill']).not.toContain(action?.kind);
        if ((action?.kind === 'remove' || action?.kind === 'deleteObject') && one.observed?.sandboxLost !== true) {
          expect(one.observed?.containers.some(({ state }) => state.kind === 'running' || state.kind === 'starting') ?? false).toBe(false);
        }
        if (action?.kind === 'create') expect(one.observed).toBeUndefined();
        const state = (name: string): string | undefined => one.observed?.containers.find((container) => container.name === name)?.state.kind;
        if (action?.kind === 'start') {
          expect(action.containers.filter((name) => state(name) === 'running' || state(name) === 'starting')).toEqual([]);
          // Together with others only what is no init container.
          if (one.pod.spec?.initContainers !== undefined && action.containers.includes('i')) expect(action.containers).toEqual(['i']);
        }
        if (action?.kind === 'kill') expect(action.containers.every((name) => state(name) === 'running' || state(name) === 'starting')).toBe(true);
        if (action?.kind === 'deleteObject') expect([one.observed, ends(one.reportedPhase)]).toEqual([undefined, true]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('the status has every container once, in order, and a terminal phase only when nothing can run', () => {
    fc.assert(
      fc.property(anyInput, fc.boolean(), (one, busy) => {
        const previous: PodStatus = one.pod.status ?? {};
        const status = computeStatus({ ...one, previous, addresses: [], busy });
        if (ends(previous.phase)) {
          expect(status.phase).toBe(previous.phase);
          return;
        }
        expect(status.containerStatuses?.map(({ name }) => name)).toEqual(['a', 'b']);
        expect(status.initContainerStatuses?.map(({ name }) => name)).toEqual(one.pod.spec?.initContainers?.map(({ name }) => name));
        for (const { state } of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]) {
          expect(Object.keys(state ?? {})).toHaveLength(1);
        }
        if (ends(status.phase)) {
          const seen = one.observed?.sandboxLost === true ? [] : (one.observed?.containers ?? []);
          const alive = seen.some(({ state }) => state.kind === 'running' || state.kind === 'starting');
          expect([alive, busy]).toEqual([false, false]);
          expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
        }
        expect(computeStatus({ ...one, previous: status, addresses: [], busy })).toEqual(status);
      }),
      { numRuns: 2_000 },
    );
  });
});
