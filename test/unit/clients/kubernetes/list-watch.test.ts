import { expect, test } from 'vitest';
import { listWatch, type ListUpdate } from '../../../../src/clients/kubernetes/list-watch.ts';
import type { ApiRequest, KubernetesApi, WatchEvent } from '../../../../src/clients/kubernetes/port.ts';
import { VickError } from '../../../../src/errors/vick-error.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import type { Pod } from '../../../../src/platform/kubernetes-objects.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';

const pod = (name: string, resourceVersion: string): Pod => ({ metadata: { name, resourceVersion } });
const random = { fraction: () => 0.5, uuid: () => 'u', hex: () => 'h' };

/** `open`: the server accepts the watch; events say so by themselves. */
type Act = WatchEvent<Pod> | Error | 'open' | 'end';

/** A server whose lists and watches are scripted; it fails a test that asks for more than the script has. */
class ScriptedApi implements KubernetesApi {
  readonly server = 'https://scripted.example.test';
  readonly requests: ApiRequest[] = [];
  private readonly lists: (readonly Pod[] | Error)[];
  private readonly watches: (readonly Act[])[];

  constructor(lists: (readonly Pod[] | Error)[], watches: (readonly Act[])[]) {
    this.lists = lists;
    this.watches = watches;
  }

  request<T>(request: ApiRequest): Promise<T> {
    this.requests.push(request);
    const answer = this.lists.shift();
    if (answer === undefined) return Promise.reject(new Error('unexpected list'));
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ metadata: { resourceVersion: '100' }, items: answer } as T);
  }

  requestText(): Promise<string> {
    return Promise.reject(new Error('unexpected request'));
  }

  async *watch<T>(request: ApiRequest, signal: AbortSignal, onOpen?: () => void): AsyncIterable<WatchEvent<T>> {
    this.requests.push(request);
    for (const act of this.watches.shift() ?? []) {
      if (act === 'end') return;
      if (act instanceof Error) throw act;
      onOpen?.();
      if (act === 'open') continue;
      yield act as unknown as WatchEvent<T>;
    }
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function follow(api: ScriptedApi, steps: (clock: FakeClock) => Promise<void>): Promise<ListUpdate<Pod>[]> {
  const clock = new FakeClock();
  const stop = new AbortController();
  const updates: ListUpdate<Pod>[] = [];
  const done = listWatch<Pod>({ api, clock, random, log: silentLog, path: '/api/v1/pods' }, (update) => updates.push(update), stop.signal);
  await settle();
  await steps(clock);
  stop.abort(new Error('stopped'));
  await expect(done).rejects.toThrow('stopped');
  return updates;
}

test('lists, then hands on what the watch says, and goes on from the last version after a clean end', async () => {
  const api = new ScriptedApi(
    [[pod('a', '7')]],
    [[{ type: 'ADDED', object: pod('b', '101') }, { type: 'BOOKMARK', object: pod('', '150') }, 'end'], [{ type: 'DELETED', object: pod('a', '151') }]],
  );
  const updates = await follow(api, (clock) => clock.advance(1000));
  expect(updates).toEqual([
    { kind: 'listed', items: [pod('a', '7')] },
    { kind: 'changed', item: pod('b', '101') },
    { kind: 'deleted', item: pod('a', '151') },
  ]);
  expect(api.requests.filter((request) => request.query?.['watch'] === true).map((request) => request.query?.['resourceVersion'])).toEqual(['100', '150']);
});

test.each([
  ['410 Gone', new VickError('KUBE_API', 'too old resource version')],
  ['a reset connection', new VickError('KUBE_UNREACHABLE', 'ECONNRESET')],
  ['a line that is not JSON', new SyntaxError('Unexpected token')],
])('lists again after %s', async (_name, error) => {
  const api = new ScriptedApi([[pod('a', '1')], [pod('b', '2')]], [[error], []]);
  const updates = await follow(api, (clock) => clock.advance(2000));
  expect(updates.map((update) => (update.kind === 'listed' ? update.items.map((item) => item.metadata?.name) : update.kind))).toEqual([['a'], ['b']]);
});

test('backs off while the server is away, up to 30 s, and never gives up', async () => {
  const down = new VickError('KUBE_UNREACHABLE', 'connection refused');
  const api = new ScriptedApi([...Array.from({ length: 12 }, () => down), []], [[]]);
  const updates = await follow(api, async (clock) => {
    await clock.advance(60_000);
    expect(api.requests.length).toBeLessThan(9);
    await clock.advance(300_000);
  });
  expect(updates).toEqual([{ kind: 'listed', items: [] }]);
});

test('a watch that falls silent past its asked end is given up', async () => {
  const api = new ScriptedApi([[pod('a', '1')], [pod('b', '2')]], [[], []]);
  const updates = await follow(api, (clock) => clock.advance(500_000));
  expect(updates.map((update) => update.kind)).toEqual(['listed', 'listed']);
});

test('goes on where it was when the connection of a watch breaks, with a pause', async () => {
  const cut = new VickError('KUBE_UNREACHABLE', 'ECONNRESET');
  const api = new ScriptedApi(
    [[pod('a', '7')]],
    [[{ type: 'ADDED', object: pod('b', '101') }, cut], ['open', cut], [{ type: 'ADDED', object: pod('c', '102') }]],
  );
  const updates = await follow(api, async (clock) => {
    await clock.advance(999);
    expect(api.requests).toHaveLength(2);
    await clock.advance(1_001);
  });
  expect(updates.map((update) => (update.kind === 'changed' ? update.item.metadata?.name : update.kind))).toEqual(['listed', 'b', 'c']);
  expect(api.requests.slice(1).map((request) => request.query?.['resourceVersion'])).toEqual(['100', '101', '101']);
});

test('lists less and less often while watches are refused, and at once after one was accepted', async () => {
  const refused = new VickError('KUBE_API', 'internal error');
  const gone = new VickError('KUBE_API', 'too old resource version');
  const lists = Array.from({ length: 12 }, () => []);
  const api = new ScriptedApi(lists, [...Array.from({ length: 8 }, () => [refused]), ['open', gone], [refused], []]);
  const times: number[] = [];
  await follow(api, async (clock) => {
    for (let seen = 0, second = 0; second < 160; second += 1) {
      await clock.advance(1_000);
      for (const listed of api.requests.slice(seen)) if (listed.query?.['watch'] === undefined) times.push(second);
      seen = api.requests.length;
    }
  });
  const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  expect(pauses.slice(0, 8).every((pause, index) => pause >= Math.floor(Math.min(30, 0.8 * 2 ** index)))).toBe(true);
  expect(pauses.slice(8).every((pause) => pause <= 2)).toBe(true);
  expect(times).toHaveLength(11);
});
