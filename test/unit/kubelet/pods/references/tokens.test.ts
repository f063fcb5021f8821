import { beforeEach, describe, expect, it } from 'vitest';
import { ServiceDirectory } from '../../../../../src/kubelet/pods/references/services.ts';
import { TokenManager, type TokenWish } from '../../../../../src/kubelet/pods/references/tokens.ts';
import type { ServiceUpdate } from '../../../../../src/kubelet/cluster.ts';
import { VickError } from '../../../../../src/errors/vick-error.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';
import { MemoryCluster } from '../../../../support/kubelet/memory-cluster.ts';
import { steadyRandom } from '../../../../support/kubelet/world.ts';

const HOUR = 3_600_000;
const never = new AbortController().signal;

let clock: FakeClock;
let cluster: MemoryCluster;
let tokens: TokenManager;

beforeEach(() => {
  clock = new FakeClock();
  cluster = new MemoryCluster(clock);
  tokens = new TokenManager({ cluster, clock, random: steadyRandom(), log: silentLog, signal: never });
});

const wish = (more: Partial<TokenWish> = {}): TokenWish => ({
  pod: { namespace: 'shop', name: 'web', uid: 'u1' },
  ...{ serviceAccount: 'runner', audience: undefined, expirationSeconds: 3600 },
  ...more,
});
const get = async (more: Partial<TokenWish> = {}): Promise<string> => (await tokens.token(wish(more))).token;

describe('service account tokens', () => {
  it('are bound to the pod and asked for once', async () => {
    expect([await get(), await get()]).toEqual(['token-1', 'token-1']);
    expect(cluster.tokens).toEqual([
      expect.objectContaining({ account: { namespace: 'shop', name: 'runner' }, audiences: [], expirationSeconds: 3600, boundTo: wish().pod }),
    ]);
  });

  it('are one for each audience, life and pod', async () => {
    const all = [await get(), await get({ audience: 'vault' }), await get({ expirationSeconds: 600 }), await get({ pod: { ...wish().pod, uid: 'u2' } })];
    expect(new Set(all).size).toBe(4);
    expect(cluster.tokens[1]?.audiences).toEqual(['vault']);
  });

  it('are renewed at 80 % of their life, a little earlier by chance', async () => {
    const { refreshAt } = await tokens.token(wish());
    // The middle of the range: five of at most ten seconds.
    expect(refreshAt - clock.now()).toBe(HOUR * 0.8 - 5_000);
    await clock.advance(HOUR * 0.8 - 5_001);
    expect(await get()).toBe('token-1');
    await clock.advance(1);
    expect(await get()).toBe('token-2');
  });

  it('are renewed after 24 hours however long they live', async () => {
    const { refreshAt } = await tokens.token(wish({ expirationSeconds: 7 * 24 * 3600 }));
    expect(refreshAt - clock.now()).toBe(24 * HOUR - 5_000);
  });

  it('are used until they end when they cannot be renewed, and never after that', async () => {
    await get();
    await clock.advance(HOUR * 0.9);
    cluster.failNext('createToken', 'KUBE_UNREACHABLE', 2);
    const kept = await tokens.token(wish());
    expect(kept.token).toBe('token-1');
    expect(kept.refreshAt).toBe(clock.now() + 30_000);
    await clock.advance(HOUR * 0.1);
    await expect(get()).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
    expect(await get()).toBe('token-2');
  });

  it('are dropped with their pod, also one that comes after it', async () => {
    await get();
    tokens.forget('u1');
    expect(await get()).toBe('token-2');
    const late = get({ audience: 'late' });
    tokens.forget('u1');
    await late;
    expect(await get({ audience: 'late' })).toBe('token-4');
  });

  it('do not make a node ask all the time when its clock is ahead', async () => {
    const ahead = { createToken: () => Promise.resolve({ token: 't', expiresAt: clock.now() - HOUR }) };
    const manager = new TokenManager({ cluster: ahead, clock, random: steadyRandom(), log: silentLog, signal: never });
    expect((await manager.token(wish())).refreshAt).toBeGreaterThanOrEqual(clock.now() + 30_000);
  });
});

describe('services', () => {
  let tell: (update: ServiceUpdate) => void;
  let directory: ServiceDirectory;
  const named = (name: string): { readonly metadata: { readonly name: string; readonly namespace: string } } => ({ metadata: { name, namespace: 'shop' } });
  const names = async (): Promise<readonly (string | undefined)[]> => (await directory.list()).map(({ metadata }) => metadata?.name);

  beforeEach(() => {
    const watchServices = async (onUpdate: (update: ServiceUpdate) => void): Promise<void> => {
      tell = onUpdate;
      await Promise.resolve();
    };
    directory = new ServiceDirectory({ cluster: { watchServices }, clock, log: silentLog });
    void directory.run(never);
  });

  it('are waited for before the first container starts', async () => {
    const waiting = names();
    await clock.advance(5_000);
    tell({ kind: 'listed', services: [named('a'), named('b')] });
    expect(await waiting).toEqual(['a', 'b']);
    tell({ kind: 'deleted', service: named('a') });
    tell({ kind: 'changed', service: named('c') });
    expect(await names()).toEqual(['b', 'c']);
    tell({ kind: 'interrupted', error: new Error('the watch broke') });
    expect(await names()).toEqual(['b', 'c']);
    tell({ kind: 'listed', services: [] });
    expect(await names()).toEqual([]);
  });

  it('are not waited for without end', async () => {
    const waiting = directory.list();
    const refused = expect(waiting).rejects.toThrow('services have not yet been read at least once, cannot construct envvars');
    await clock.advance(10_000);
    await refused;
  });

  it('that may not be listed keep no container from starting', async () => {
    tell({ kind: 'interrupted', error: new VickError('KUBE_UNREACHABLE', 'gone') });
    const waiting = names();
    tell({ kind: 'interrupted', error: new VickError('KUBE_FORBIDDEN', 'services is forbidden') });
    expect(await waiting).toEqual([]);
    tell({ kind: 'listed', services: [named('a')] });
    expect(await names()).toEqual(['a']);
  });
});
