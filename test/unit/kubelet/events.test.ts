import { beforeEach, expect, it } from 'vitest';
import { VickError } from '../../../src/errors/vick-error.ts';
import { createEventRecorder, type EventRecorder } from '../../../src/kubelet/events.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { Pod } from '../../../src/platform/kubernetes-objects.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryCluster } from '../../support/kubelet/memory-cluster.ts';
import { steadyRandom } from '../../support/kubelet/world.ts';

const pod: Pod = { metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' } };
let clock: FakeClock;
let cluster: MemoryCluster;
let recorder: EventRecorder;
beforeEach(() => {
  clock = new FakeClock();
  cluster = new MemoryCluster(clock);
  recorder = createEventRecorder({ cluster, clock, random: steadyRandom(), log: silentLog, nodeName: 'n1', signal: new AbortController().signal });
});
const tell = (message: string, reason = 'Started'): void => {
  recorder.pod(pod, { type: 'Normal', reason, message }, 'main');
};

it('writes what kubectl describe looks for', async () => {
  tell('Started container main');
  await clock.advance(0);
  expect(cluster.events).toEqual([
    expect.objectContaining({
      metadata: { name: 'web.00000001', namespace: 'shop' },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7', fieldPath: 'spec.containers{main}' },
      source: { component: 'kubelet', host: 'n1' },
      reason: 'Started',
      count: 1,
      firstTimestamp: '2026-11-23T12:00:00Z',
    }),
  ]);
});

it('counts the same event up instead of writing it again', async () => {
  tell('again');
  await clock.advance(5_000);
  tell('again');
  await clock.advance(0);
  expect(cluster.events).toEqual([expect.objectContaining({ count: 2, firstTimestamp: '2026-11-23T12:00:00Z', lastTimestamp: '2026-11-23T12:00:05Z' })]);
});

it('tells it anew when the API has dropped it, and goes on after a refused write', async () => {
  tell('again');
  await clock.advance(0);
  cluster.events.length = 0;
  tell('again');
  await clock.advance(0);
  expect(cluster.events).toHaveLength(1);
  cluster.failNext('createEvent', 'KUBE_FORBIDDEN');
  tell('refused');
  tell('written');
  await clock.advance(0);
  expect(cluster.events.map(({ message }) => message)).toEqual(['again', 'written']);
});

it('cuts a flood about one object, and refills slowly', async () => {
  for (let count = 0; count < 100; count += 1) tell(`line ${String(count)}`);
  await clock.advance(0);
  expect(cluster.events).toHaveLength(25);
  await clock.advance(300_000);
  tell('later');
  tell('and one more');
  await clock.advance(0);
  expect(cluster.events).toHaveLength(26);
});

it('uses the real UID of the node, and the default namespace', async () => {
  recorder.node({ metadata: { name: 'n1', uid: 'node-uid' } }, { type: 'Normal', reason: 'NodeReady', message: 'Node n1 status is now: NodeReady' });
  await clock.advance(0);
  expect(cluster.events[0]).toMatchObject({ metadata: { namespace: 'default' }, involvedObject: { kind: 'Node', name: 'n1', uid: 'node-uid' } });
});

it('leaves the API server to others in a flood about many objects: a hundred at once, then fifty a second', async () => {
  for (let index = 0; index < 160; index += 1) {
    recorder.pod({ metadata: { name: `p${String(index)}`, namespace: 'shop', uid: `u${String(index)}` } }, { type: 'Normal', reason: 'Started', message: 'x' });
  }
  // Each write settles before the next.
  for (let round = 0; round < 60; round += 1) await clock.advance(0);
  expect(cluster.events).toHaveLength(100);
  await clock.advance(1_000);
  expect(cluster.events).toHaveLength(150);
  await clock.advance(1_000);
  expect(cluster.events).toHaveLength(160);
});

it.each([
  ['cannot be reached', new VickError('KUBE_UNREACHABLE', 'reset')],
  ['has too much to do', new VickError('KUBE_API', 'later', { details: { httpStatus: 429 } })],
])('waits for a server that %s, and tells what happened when it happened, once', async (_name, error) => {
  let failures = 2;
  const flaky = createEventRecorder({
    ...{ clock, random: steadyRandom(), log: silentLog, nodeName: 'n1', signal: new AbortController().signal },
    cluster: {
      patchEvent: (...args) => (failures-- > 0 ? Promise.reject(error) : cluster.patchEvent(...args)),
      // The first attempt comes through, and its answer is lost.
      createEvent: async (event, signal) => {
        const written = await cluster.createEvent(event, signal);
        if (failures-- > 0) throw error;
        return written;
      },
    },
  });
  const again = (): void => flaky.pod(pod, { type: 'Normal', reason: 'Started', message: 'again' });
  again();
  await clock.advance(1_000);
  again();
  await clock.advance(60_000);
  failures = 2;
  again();
  await clock.advance(60_000);
  expect(cluster.events).toEqual([expect.objectContaining({ count: 3, firstTimestamp: '2026-11-23T12:00:00Z', lastTimestamp: '2026-11-23T12:01:01Z' })]);
});
