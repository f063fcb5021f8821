import { describe, expect, it } from 'vitest';
import { recordOf, type ContainerRecord, type PodHistory } from '../../../../src/kubelet/pods/history.ts';
import { remember, rememberFailedStart, rememberStart } from '../../../../src/kubelet/pods/remember.ts';
import { seedHistory } from '../../../../src/kubelet/pods/seed-history.ts';
import type { ObservedPod, ObservedState } from '../../../../src/kubelet/provider.ts';
import type { ContainerState, Pod } from '../../../../src/platform/kubernetes-objects.ts';

const T = Date.UTC(2026, 10, 23, 12);
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000', '');

function pod(restartPolicy: string, names: readonly string[] = ['a']): Pod {
  return { metadata: { uid: 'u' }, spec: { restartPolicy, containers: names.map((name) => ({ name })) } };
}
function seen(states: Readonly<Record<string, ObservedState>> | undefined): ObservedPod | undefined {
  if (states === undefined) return undefined;
  return { uid: 'u', ips: [], containers: Object.entries(states).map(([name, state]) => ({ name, id: 'x', state })) };
}
const after = (history: PodHistory, one: Pod, states: Readonly<Record<string, ObservedState>> | undefined, now = T): PodHistory =>
  remember({ pod: one, imagesOf: 'container', provider: 'memory', now }, history, seen(states));
const seeded = (state: ContainerState, lastState: ContainerState = {}, restartCount = 2): PodHistory =>
  seedHistory({
    status: { startTime: iso(T - 60_000), containerStatuses: [{ name: 'a', image: 'i', imageID: '', ready: false, restartCount, state, lastState }] },
  });
const exit = (exitCode: number, finishedAt: number, startedAt = T - 5_000): ObservedState => ({ kind: 'exited', exitCode, startedAt, finishedAt });

describe('what the API told, and what the back end shows now', () => {
  it.each<[string, PodHistory, ObservedState | undefined, Partial<ContainerRecord>]>([
    ['the same run goes on', seeded({ running: { startedAt: iso(T) } }), { kind: 'running', startedAt: T + 400 }, { restartCount: 2 }],
    ['another run', seeded({ running: { startedAt: iso(T) } }), { kind: 'running', startedAt: T + 1_400 }, { restartCount: 3 }],
    [
      'the run has ended',
      seeded({ running: { startedAt: iso(T) } }),
      exit(3, T + 9_000, T + 400),
      { restartCount: 2, run: expect.objectContaining({ exit: expect.objectContaining({ exitCode: 3 }) }) as never },
    ],
    [
      'a second, later end of the same run',
      after({ admitted: true, stopConfirmed: false, containers: {} }, pod('Always'), { a: exit(3, T + 300) }),
      exit(143, T + 9_000),
      { restartCount: 0, run: expect.objectContaining({ exit: expect.objectContaining({ exitCode: 3 }) }) as never },
    ],
    ['the exit that was told', seeded({ terminated: { exitCode: 3, finishedAt: iso(T) } }), exit(3, T + 300), { restartCount: 2 }],
    [
      'a run after the exit that was told',
      seeded({ terminated: { exitCode: 3, finishedAt: iso(T) } }),
      { kind: 'running', startedAt: T + 60_000 },
      { restartCount: 3, lastExit: expect.objectContaining({ exitCode: 3 }) as never },
    ],
    [
      'a run after a back-off',
      seeded({ waiting: { reason: 'CrashLoopBackOff' } }, { terminated: { exitCode: 5, finishedAt: iso(T) } }),
      { kind: 'running', startedAt: T + 60_000 },
      { restartCount: 3, lastExit: expect.objectContaining({ exitCode: 5 }) as never },
    ],
    [
      'a lost container',
      seeded({ running: { startedAt: iso(T) } }),
      undefined,
      { restartCount: 2, run: expect.objectContaining({ exit: expect.objectContaining({ exitCode: 137, reason: 'ContainerStatusUnknown' }) }) as never },
    ],
    [
      'a container without its run',
      seeded({ running: { startedAt: iso(T) } }),
      { kind: 'created' },
      { run: expect.objectContaining({ exit: expect.objectContaining({ exitCode: 137 }) }) as never },
    ],
    ['one that never ran', seeded({ waiting: { reason: 'ContainerCreating' } }, {}, 0), undefined, { restartCount: 0 }],
  ])('%s', (_title, history, state, expected) => {
    expect(recordOf(after(history, pod('Always'), state === undefined ? undefined : { a: state }), 'a')).toMatchObject(expected);
  });

  it('accepts the startTime as proof that the pod was admitted', () => {
    expect(seeded({}).admitted).toBe(true);
    expect(seedHistory(pod('Always')).admitted).toBe(false);
  });
});

describe('runs', () => {
  it('are counted by starts, also when two of them end at the same moment', () => {
    const one = pod('Always');
    let history = after(seedHistory(one), one, { a: exit(1, T, T) });
    history = after(rememberStart(history, ['a'], T), one, { a: exit(1, T, T) });
    expect(recordOf(history, 'a')).toMatchObject({ restartCount: 1, lastExit: { exitCode: 1 }, backOff: { delayMs: 10_000 } });
  });

  it('are counted once when their end is seen before their start has been answered', () => {
    const one = pod('OnFailure');
    const first = seedHistory(one);
    let history = rememberStart(after(first, one, { a: exit(1, T, T) }), ['a'], T, first);
    expect(recordOf(history, 'a')).toMatchObject({ restartCount: 0, run: { exit: { exitCode: 1 } } });
    const before = history;
    history = rememberStart(after(history, one, { a: exit(2, T + 1, T + 1) }), ['a'], T + 1, before);
    expect(recordOf(history, 'a')).toMatchObject({ restartCount: 1, lastExit: { exitCode: 1 }, run: { exit: { exitCode: 2 } } });
  });

  it('that were refused end with 128', () => {
    const history = rememberFailedStart(seedHistory(pod('Always')), ['a'], 'not found', T);
    expect(recordOf(history, 'a')).toMatchObject({ restartCount: 0, run: { exit: { exitCode: 128, reason: 'StartError', message: 'not found' } } });
  });

  it.each([
    ['Never', 1],
    ['Never', 0],
    ['OnFailure', 0],
  ])('that ended for good under %s with %i never change again', (policy, code) => {
    const one = pod(policy);
    const ended = after(seedHistory(one), one, { a: exit(code, T) });
    for (const state of [{ kind: 'running', startedAt: T + 5_000 } as const, exit(9, T + 9_000), { kind: 'unknown', message: '?' } as const]) {
      expect(recordOf(after(ended, one, { a: state }), 'a')).toEqual(recordOf(ended, 'a'));
    }
    expect(recordOf(after(ended, one, undefined), 'a')).toMatchObject(recordOf(ended, 'a'));
  });

  it('keep the same facts when the same answer comes again', () => {
    const one = pod('Always');
    const once = after(seedHistory(one), one, { a: { kind: 'unknown', message: 'gone' } });
    expect(after(once, one, { a: { kind: 'unknown', message: 'gone' } }, T + 60_000)).toEqual(once);
  });

  it('are not made up for what has not run when the others have ended', () => {
    const one = pod('Never', ['a', 'b']);
    expect(recordOf(after(seedHistory(one), one, { a: exit(0, T), b: { kind: 'created' } }), 'b').run).toBeUndefined();
  });
});
