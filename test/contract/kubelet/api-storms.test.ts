/** An API server that refuses for a while: what it asked for is heeded, nothing is lost, and all is told afterwards. */
import { afterEach, describe, expect, it } from 'vitest';
import { paths } from '../../../src/clients/kubernetes/paths.ts';
import type { Event, Lease, Node, Pod } from '../../../src/platform/kubernetes-objects.ts';
import type { Trouble } from '../../support/storm-proxy.ts';
import { NODE, startStormWorld, type StormWorld } from './storm-world.ts';

let world: StormWorld;

afterEach(async () => {
  await world.stop();
}, 60_000);

const PODS = 20;
/** How long after its end nothing is left of a storm. */
const PATIENCE_MS = 15_000;
const LEASE = paths.lease('kube-node-lease', NODE);

function pod(name: string, more: object = {}): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name } },
    spec: {
      ...{ nodeName: NODE, serviceAccountName: 'default', terminationGracePeriodSeconds: 2 },
      containers: [{ name: 'main', image: 'busybox:1.36', command: ['run'], envFrom: [{ configMapRef: { name: 'settings' } }] }],
      ...more,
    },
  };
}

const create = async (name: string): Promise<string> => (await world.post<Pod>(paths.pods('default'), pod(name))).metadata?.uid ?? '';
const read = (name: string): Promise<Pod> => world.get<Pod>(paths.pod('default', name));
const pods = async (): Promise<readonly Pod[]> => (await world.get<{ items: Pod[] }>(paths.pods('default'))).items;
const allRunning = async (count: number): Promise<boolean> => {
  const found = await pods();
  return found.length === count && found.every(({ status }) => status?.phase === 'Running');
};
const renewedAt = async (): Promise<number> => Date.parse(String((await world.get<Lease>(LEASE)).spec?.renewTime));
const isReady = async (): Promise<boolean> =>
  (await world.get<Node>(paths.node(NODE))).status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

/** The first ten pods say what became of their containers. */
const restarted = async (): Promise<boolean> => {
  const statuses = await Promise.all(Array.from({ length: 10 }, async (_, index) => (await read(`p${String(index)}`)).status?.containerStatuses?.[0]));
  return statuses.every((status) => status?.restartCount === 1 && status.ready && status.lastState?.terminated?.exitCode === 3);
};

/** Twenty running pods whose containers read a ConfigMap and have a token. */
async function start(): Promise<readonly string[]> {
  world = await startStormWorld();
  await world.post(paths.configMaps('default'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { color: 'blue' } });
  const uids: string[] = [];
  for (let index = 0; index < PODS; index += 1) uids.push(await create(`p${String(index)}`));
  await world.until(() => allRunning(PODS), 30_000);
  return uids;
}

/** How many requests came in the busiest second. */
function busiest(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
}

const STORMS: readonly (readonly [string, Trouble])[] = [
  ['429 with Retry-After', { code: 429, retryAfter: '5' }],
  ['429 with Retry-After: 0', { code: 429, retryAfter: '0' }],
  ['429 without a word', { code: 429 }],
  ['503 with Retry-After', { code: 503, retryAfter: '3' }],
  ['500', { code: 500 }],
  ['connections cut before the request', { reset: 'before' }],
  ['connections cut after the request', { reset: 'after' }],
];

describe('a storm over every request', () => {
  it.each(STORMS)(
    '%s: is not answered by another one, and loses nothing',
    async (_name, trouble) => {
      const uids = await start();
      const begun = world.door.asked.length;
      // Watches that are open stay open: the kubelet learns of changes that it cannot answer.
      world.door.decide = () => trouble;
      for (const uid of uids.slice(0, 10)) world.backend.exit(uid, 'main', 3);
      await world.advance(5_000);
      for (const index of [10, 11]) await world.delete(paths.pod('default', `p${String(index)}`));
      const late = [await create('late0'), await create('late1')];
      await world.patch(paths.configMap('default', 'settings'), { data: { color: 'red' } });
      await world.advance(25_000);
      const during = world.door.asked.slice(begun).map(({ at }) => at);
      world.door.decide = () => undefined;

      expect(during.length).toBeGreaterThan(0);
      // Ten statuses, a lease and the events of a second; afterwards each is repeated more and more rarely.
      expect(busiest(during)).toBeLessThan(50);
      expect(during.length).toBeLessThan(200);

      const end = world.clock.now();
      await world.until(async () => (await allRunning(PODS)) && (await restarted()) && (await isReady()) && (await renewedAt()) >= end, PATIENCE_MS);
      expect([...world.backend.pods.keys()].sort()).toEqual([...uids.slice(0, 10), ...uids.slice(12), ...late].sort());
      expect(new Set(world.backend.calls.filter((call) => call.startsWith('create ')))).toHaveLength(world.backend.pods.size + 2);
      for (const uid of late) expect(world.backend.container(uid, 'main').request.env).toContainEqual({ name: 'color', value: 'red' });
      const reasons = async (): Promise<readonly string[]> =>
        (await world.get<{ items: Event[] }>(paths.events('default'))).items
          .filter(({ involvedObject }) => involvedObject.uid === late[0])
          .map(({ reason }) => reason ?? '')
          .sort();
      await world.until(async () => (await reasons()).includes('Started'), 60_000);
      expect(await reasons()).toEqual([...new Set(await reasons())]);
    },
    120_000,
  );
});

describe('a storm that is there before the kubelet', () => {
  it.each(STORMS)(
    '%s: is waited out',
    async (_name, trouble) => {
      world = await startStormWorld({ trouble, ms: 40_000 });
      const times = world.door.asked.filter(({ refused }) => refused).map(({ at }) => at);
      expect(times.length).toBeGreaterThan(1);
      expect(busiest(times)).toBeLessThan(20);
      expect(times.length).toBeLessThan(60);
      await create('web');
      await world.post(paths.configMaps('default'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { color: 'blue' } });
      await world.until(async () => (await allRunning(1)) && (await isReady()), 20_000);
    },
    120_000,
  );
});

/** What makes the kubelet send requests of a kind. */
const OCCASIONS: Readonly<Record<string, (uids: readonly string[]) => Promise<void> | void>> = {
  'PATCH pods/status': (uids) => {
    for (const uid of uids) world.backend.exit(uid, 'main', 3);
  },
  'DELETE pods': async () => {
    for (const { metadata } of await pods()) await world.delete(paths.pod('default', metadata?.name ?? ''));
  },
  'PUT leases': () => undefined,
  'PATCH nodes/status': () => {
    world.backend.nodeCapacity = { ...world.backend.nodeCapacity, capacity: { cpu: '9', memory: '8Gi', pods: '100' } };
  },
  'POST nodes': () => world.delete(paths.node(NODE)),
  'POST events': createMore,
  'PATCH events': (uids) => {
    for (const uid of uids) world.backend.exit(uid, 'main', 3);
  },
  'POST serviceaccounts/token': createMore,
  'LIST configmaps': createOthers,
  'WATCH configmaps': createOthers,
  'WATCH pods': () => world.door.cutWatches(),
  'WATCH nodes': () => world.door.cutWatches(),
  'WATCH services': () => world.door.cutWatches(),
};

async function createMore(): Promise<void> {
  for (let index = 0; index < 20; index += 1) await create(`more${String(index)}`);
}

/** Pods that each refer to a ConfigMap of their own. */
async function createOthers(): Promise<void> {
  for (let index = 0; index < 10; index += 1) {
    const name = `other${String(index)}`;
    await world.post(paths.configMaps('default'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { color: name } });
    const containers = [{ name: 'main', image: 'busybox:1.36', command: ['run'], envFrom: [{ configMapRef: { name } }] }];
    await world.post(paths.pods('default'), pod(name, { containers }));
  }
}

describe('a storm over requests of one kind', () => {
  it.each(Object.entries(OCCASIONS))(
    '%s: one of them asks again when the time has come, and the others go on',
    async (kind, occasion) => {
      const uids = await start();
      world.door.decide = (asked) => (asked === kind ? { code: 429, retryAfter: '7' } : undefined);
      const begun = world.clock.now();
      await occasion(uids);
      await world.advance(30_000);
      const [during, others] = [true, false].map((of) => world.door.asked.filter((asked) => asked.at >= begun && (asked.kind === kind) === of));
      const times = [...new Set((during ?? []).map(({ at }) => at))];
      expect(times.length).toBeGreaterThan(1);
      expect(
        times
          .slice(1)
          .map((at, index) => at - (times[index] ?? 0))
          .filter((pause) => pause < 7_000),
      ).toEqual([]);
      // Those of the first moment were on their way together; later ones go alone.
      expect(during?.filter(({ at }) => at === times[0]).length).toBeLessThanOrEqual(16);
      for (const at of times.slice(1)) expect(during?.filter((asked) => asked.at === at)).toHaveLength(1);
      expect(others?.filter(({ refused }) => refused)).toEqual([]);
      if (!['PUT leases', 'POST nodes'].includes(kind)) expect(world.clock.now() - (await renewedAt())).toBeLessThan(10_500);

      world.door.decide = () => undefined;
      await create('after');
      const settled = async (): Promise<boolean> => {
        const found = await pods();
        const node = await world.get<Node>(paths.node(NODE)).catch(() => undefined);
        const started = found.some(({ metadata, status }) => metadata?.name === 'after' && status?.phase === 'Running');
        const whole = found.every(({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase === 'Running');
        return started && whole && found.length === world.backend.pods.size && node?.status?.capacity?.['cpu'] === world.backend.nodeCapacity.capacity['cpu'];
      };
      const end = world.clock.now();
      await world.until(async () => (await settled()) && (await renewedAt()) >= end, PATIENCE_MS);
      if (kind === 'PATCH pods/status') expect(await restarted()).toBe(true);
    },
    120_000,
  );
});
