import { afterEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { startControlPlane, type ControlPlane } from '../../../../src/sandbox/control-plane/server.ts';
import { ObjectStore } from '../../../../src/sandbox/control-plane/store/object-store.ts';
import { callApi, type ApiResponse } from '../../../support/control-plane-client.ts';
import { testDefinitions } from '../../../support/control-plane-definitions.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const JSON_TYPE = { 'Content-Type': 'application/json' };

let stop: () => Promise<void> = () => Promise.resolve();
afterEach(() => stop());

interface WatchedEvent {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name?: string; readonly labels?: unknown; readonly annotations?: unknown } };
}

interface Stand {
  readonly clock: FakeClock;
  readonly plane: ControlPlane;
  readonly call: (path: string, method?: string, body?: unknown) => Promise<ApiResponse>;
  /** Opens a watch; `seen` resolves when that many events are there, `ended` with all of them. */
  readonly watch: (query: string) => { seen(count: number): Promise<readonly WatchedEvent[]>; readonly ended: Promise<readonly WatchedEvent[]> };
}

async function stand(): Promise<Stand> {
  const clock = new FakeClock(Date.now());
  const plane = await startControlPlane({ clock, random: systemRandom, definitions: testDefinitions });
  stop = () => plane.stop();
  const identity = await plane.issueClientCertificate({ user: 'root', groups: ['system:masters'] });
  return {
    clock,
    plane,
    call: (path, method = 'GET', body) =>
      callApi(plane, path, {
        identity,
        method,
        headers: method === 'PATCH' ? { 'Content-Type': 'application/merge-patch+json' } : JSON_TYPE,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    watch: (query) => {
      let text = '';
      const waiting: (() => void)[] = [];
      const onText = (all: string): void => {
        text = all;
        for (const wake of waiting.splice(0)) wake();
      };
      const ended = callApi(plane, `${MAPS}?watch=true&${query}`, { identity, onText }).then((response) => events(response.text));
      const seen = async (count: number): Promise<readonly WatchedEvent[]> => {
        while (events(text).length < count) await new Promise<void>((resolve) => waiting.push(resolve));
        return events(text);
      };
      return { seen, ended };
    },
  };
}

const events = (text: string): readonly WatchedEvent[] =>
  text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as WatchedEvent);
const kinds = (list: readonly WatchedEvent[]): string[] => list.map((event) => `${event.type} ${event.object.metadata.name ?? ''}`.trim());

describe('a watch', () => {
  it('shows an object as its selector sees it', async () => {
    const { call, watch } = await stand();
    const stream = watch('labelSelector=w=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan');
    await stream.seen(1);
    await call(MAPS, 'POST', { metadata: { name: 'a' } });
    await call(`${MAPS}/a`, 'PATCH', { metadata: { labels: { w: '1' } } });
    await call(`${MAPS}/a`, 'PATCH', { data: { x: '1' } });
    await call(`${MAPS}/a`, 'PATCH', { metadata: { labels: { w: '2' } } });
    const seen = (await stream.seen(4)).slice(1);
    expect(kinds(seen)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect(seen[2]?.object.metadata.labels).toEqual({ w: '1' });
  });

  it('replays what happened since a revision, and says when that is too old', async () => {
    const { call, watch, clock } = await stand();
    const { body } = await call(MAPS);
    await call(MAPS, 'POST', { metadata: { name: 'a' } });
    await call(`${MAPS}/a`, 'DELETE');
    const stream = watch(`resourceVersion=${body.metadata.resourceVersion}&timeoutSeconds=5`);
    expect(kinds(await stream.seen(2))).toEqual(['ADDED a', 'DELETED a']);
    await clock.advance(5_000);
    expect(await stream.ended).toHaveLength(2);
    const [gone] = await watch('resourceVersion=1').ended;
    expect(gone).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  });

  it('marks its progress every minute when asked to', async () => {
    const { watch, clock } = await stand();
    const stream = watch('allowWatchBookmarks=true&timeoutSeconds=90&sendInitialEvents=true&resourceVersionMatch=NotOlderThan');
    const [initial] = await stream.seen(1);
    expect(initial?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    await clock.advance(60_000);
    expect((await stream.seen(2))[1]?.type).toBe('BOOKMARK');
    await clock.advance(30_000);
    expect(await stream.ended).toHaveLength(2);
  });

  it('ends when the control plane stops, and leaves no timer', async () => {
    const { watch, clock, plane } = await stand();
    const stream = watch('allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan');
    await stream.seen(1);
    expect(clock.pending).toBe(2);
    await plane.stop();
    await stream.ended.catch(() => undefined);
    expect(clock.pending).toBe(0);
  });
});

describe('a list', () => {
  it('comes in consistent parts, whatever is written between them', async () => {
    const { call } = await stand();
    for (const name of ['a', 'b', 'c']) await call(MAPS, 'POST', { metadata: { name } });
    const first = await call(`${MAPS}?limit=2`);
    expect(first.body.metadata.remainingItemCount).toBe(1);
    await call(`${MAPS}/c`, 'DELETE');
    await call(MAPS, 'POST', { metadata: { name: 'd' } });
    const second = await call(`${MAPS}?limit=2&continue=${first.body.metadata.continue}`);
    expect((second.body.items as WatchedEvent['object'][]).map((item) => item.metadata.name)).toEqual(['c']);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  it('of an old revision is 410, of a future one 504, of none 400', async () => {
    const { call } = await stand();
    expect((await call(`${MAPS}?resourceVersion=5&resourceVersionMatch=Exact`)).status).toBe(410);
    expect((await call(`${MAPS}?resourceVersion=99999999`)).body.details.causes[0].reason).toBe('ResourceVersionTooLarge');
    expect((await call(`${MAPS}?resourceVersion=abc`)).status).toBe(400);
  });
});

describe('the store', () => {
  it('remembers earlier revisions, in order', () => {
    const store = new ObjectStore();
    const key = { group: '', resource: 'things', name: 'a' };
    const first = store.put(key, { metadata: { name: 'a' }, v: 1 });
    store.put(key, { metadata: { name: 'a' }, v: 2 });
    store.remove(key);
    expect(store.list(key)).toEqual([]);
    expect(store.list(key, undefined, Number(first.metadata.resourceVersion))).toEqual([first]);
    expect(store.eventsSince(key, 0).map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('tells listeners of changes made by listeners after the one that caused them', () => {
    const store = new ObjectStore();
    const seen: string[] = [];
    store.subscribe((event) => {
      if (event.key.name === 'a') store.put({ group: '', resource: 'things', name: 'b' }, { metadata: {} });
    });
    store.subscribe((event) => seen.push(event.key.name));
    store.put({ group: '', resource: 'things', name: 'a' }, { metadata: {} });
    expect(seen).toEqual(['a', 'b']);
  });
});
