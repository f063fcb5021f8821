import { afterEach, describe, expect, it } from 'vitest';
import type { BuiltFiles } from '../../../../../src/kubelet/pods/volumes/build-files.ts';
import { VolumeKeeper } from '../../../../../src/kubelet/pods/volumes/keeper.ts';
import type { Pod } from '../../../../../src/platform/kubernetes-objects.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

const stops: AbortController[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort(new Error('the test is over'));
});

const pod = (resourceVersion: string, labels: Readonly<Record<string, string>> = {}): Pod => ({
  metadata: { uid: 'u', name: 'p', namespace: 'n', resourceVersion, labels },
  spec: {
    containers: [],
    volumes: [
      { name: 'config', configMap: { name: 'settings' } },
      { name: 'room', emptyDir: {} },
    ],
  },
});
const of = (content: string): BuiltFiles => ({ files: [{ path: 'a', content: Buffer.from(content), mode: 0o644 }] });
const prepared = (content: string): ReadonlyMap<string, BuiltFiles> => new Map([['config', of(content)]]);

function keeperOf() {
  const clock = new FakeClock();
  const stop = new AbortController();
  stops.push(stop);
  const updates: string[] = [];
  const problems: string[] = [];
  const world = { content: 'old', refreshAt: undefined as number | undefined, failure: undefined as Error | undefined };
  const keeper = new VolumeKeeper({
    ...{ clock, log: silentLog, signal: stop.signal, leftOut: () => new Set() },
    volumes: {
      update: ({ volume }, [file]) => {
        updates.push(`${volume}=${Buffer.from(file?.content ?? []).toString()}`);
        return world.failure === undefined ? Promise.resolve() : Promise.reject(world.failure);
      },
    },
    build: () => Promise.resolve({ ...of(world.content), ...(world.refreshAt === undefined ? {} : { refreshAt: world.refreshAt }) }),
    onProblem: (_, { volume, message }) => problems.push(`${volume}: ${message}`),
  });
  return { clock, keeper, updates, problems, world };
}

describe('files of volumes of pods that run', () => {
  it('are given to the provider when they have changed, and not before', async () => {
    const { clock, keeper, updates, world } = keeperOf();
    keeper.prepared(pod('1'), prepared('old'));
    keeper.keep(pod('1'));
    keeper.keep(pod('2', { changed: 'label' }));
    await clock.advance(600_000);
    expect(updates).toEqual([]);
    world.content = 'new';
    keeper.touch('u');
    await clock.advance(1);
    keeper.touch('u');
    await clock.advance(600_000);
    expect(updates).toEqual(['config=new']);
  });

  it('are given once of a pod from before', async () => {
    const { clock, keeper, updates } = keeperOf();
    keeper.keep(pod('1'));
    await clock.advance(600_000);
    expect(updates).toEqual(['config=old']);
  });

  it('are given again, less and less often, until they are written, and what is wrong is told', async () => {
    const { clock, keeper, updates, problems, world } = keeperOf();
    world.failure = new Error('no room');
    keeper.keep(pod('1'));
    await clock.advance(10 * 60_000);
    const attempts = updates.length;
    expect(attempts).toBeGreaterThan(5);
    expect(attempts).toBeLessThan(15);
    expect(problems).toEqual(updates.map(() => 'config: no room'));
    world.failure = undefined;
    await clock.advance(10 * 60_000);
    expect(updates).toHaveLength(attempts + 1);
  });

  it('are looked at again when a token among them is to be renewed', async () => {
    const { clock, keeper, updates, world } = keeperOf();
    world.refreshAt = clock.now() + 3_000_000;
    keeper.keep(pod('1'));
    await clock.advance(1);
    world.content = 'renewed';
    world.refreshAt = clock.now() + 6_000_000;
    await clock.advance(2_000_000);
    expect(updates).toEqual(['config=old']);
    await clock.advance(1_500_000);
    expect(updates).toEqual(['config=old', 'config=renewed']);
  });

  it('reach the rest of a pod of which a part was made anew with newer ones', async () => {
    const { clock, keeper, updates, world } = keeperOf();
    keeper.prepared(pod('1'), prepared('old'));
    keeper.keep(pod('1'));
    world.content = 'new';
    world.failure = new Error('not now');
    keeper.touch('u');
    await clock.advance(1);
    world.failure = undefined;
    keeper.prepared(pod('1'), prepared('new'));
    await clock.advance(600_000);
    expect(updates).toEqual(['config=new']);
    keeper.keep(pod('2'));
    await clock.advance(1);
    expect(updates).toEqual(['config=new', 'config=new']);
  });

  it('are not given twice where a part was made anew with the same', async () => {
    const { clock, keeper, updates } = keeperOf();
    keeper.prepared(pod('1'), prepared('old'));
    keeper.keep(pod('1'));
    keeper.prepared(pod('1'), prepared('old'));
    keeper.keep(pod('2'));
    await clock.advance(600_000);
    expect(updates).toEqual([]);
  });
});
