import { beforeEach, describe, expect, it } from 'vitest';
import type { ImageFacts } from '../../../../../src/kubelet/capabilities.ts';
import type { EventText } from '../../../../../src/kubelet/events.ts';
import { ImageManager } from '../../../../../src/kubelet/pods/images/image-manager.ts';
import type { PullSecret } from '../../../../../src/kubelet/pods/images/pull-secrets.ts';
import { isProviderFailure, ProviderFailure } from '../../../../../src/kubelet/provider.ts';
import type { Pod } from '../../../../../src/platform/kubernetes-objects.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';
import { MemoryImages } from '../../../../support/kubelet/memory-images.ts';
import { steadyRandom } from '../../../../support/kubelet/world.ts';

interface Told extends EventText {
  readonly container: string | undefined;
}

let clock: FakeClock;
let images: MemoryImages;
let events: Told[];
let secrets: Map<string, PullSecret | Error>;
let manager: ImageManager;
const never = new AbortController().signal;

beforeEach(() => {
  clock = new FakeClock();
  images = new MemoryImages();
  events = [];
  secrets = new Map();
  manager = newManager();
});

function newManager(parallelism?: number): ImageManager {
  return new ImageManager({
    ...{ images, clock, random: steadyRandom() },
    events: { pod: (_pod, event, container) => events.push({ ...event, container }), node: () => undefined },
    readSecret: (namespace, name) => {
      const found = secrets.get(`${namespace}/${name}`);
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
    },
    ...(parallelism === undefined ? {} : { parallelism }),
  });
}

function pod(uid = 'uid-1', ...pullSecrets: readonly string[]): Pod {
  return { metadata: { namespace: 'default', name: 'web', uid }, spec: { containers: [], imagePullSecrets: pullSecrets.map((name) => ({ name })) } };
}

function loginSecret(location: string, user: string, password: string): PullSecret {
  const config = JSON.stringify({ auths: { [location]: { username: user, password } } });
  return { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(config).toString('base64') } };
}

const ensure = (image: string, policy?: string, of = pod()): Promise<ImageFacts> =>
  manager.ensure(of, { name: 'main', image, ...(policy === undefined ? {} : { imagePullPolicy: policy }) }, never);

async function failure(work: Promise<unknown>): Promise<ProviderFailure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isProviderFailure(error)) throw new Error(`no provider failure: ${String(error)}`);
  return error;
}

const pulls = (): readonly string[] => images.calls.filter((call) => call.startsWith('pull'));
const told = (): readonly string[] => events.map(({ reason, message }) => `${reason}: ${message}`);

describe('pull policies', () => {
  it.each([
    ['Always', true, 1, 'Pulling image "app:1"'],
    ['Always', false, 1, 'Pulling image "app:1"'],
    ['IfNotPresent', true, 0, 'Container image "app:1" already present on machine'],
    ['IfNotPresent', false, 1, 'Pulling image "app:1"'],
    ['Never', true, 0, 'Container image "app:1" already present on machine'],
    [undefined, true, 0, 'Container image "app:1" already present on machine'],
  ])('%s, present: %s, pulls %i times', async (policy, present, times, message) => {
    const facts = images.publish('app:1');
    if (present) images.local.set('app:1', facts);
    expect(await ensure('app:1', policy)).toEqual(facts);
    expect(pulls()).toHaveLength(times);
    expect(events[0]).toMatchObject({ type: 'Normal', message, container: 'main' });
  });

  it('never pulls what must not be pulled', async () => {
    const error = await failure(ensure('app:1', 'Never'));
    expect(error).toMatchObject({
      reason: 'ErrImageNeverPull',
      container: 'main',
      message: 'Container image "app:1" is not present with pull policy of Never',
    });
    expect(pulls()).toEqual([]);
  });

  it('asks for latest where no tag is given, and pulls that always', async () => {
    images.publish('busybox:latest');
    await ensure('busybox');
    await ensure('busybox');
    expect(pulls()).toEqual(['pull busybox:latest', 'pull busybox:latest']);
    expect(told()[0]).toBe('Pulling: Pulling image "busybox"');
  });

  it.each(['', 'No Image', 'app:', 'app:1@sha256:12', 'f'.repeat(64)])('refuses %j as a name', async (image) => {
    const error = await failure(ensure(image));
    expect(error.reason).toBe('InvalidImageName');
    expect(error.message).toContain('invalid reference format');
    expect(images.calls).toEqual([]);
  });

  it('tells how long it took, with and without waiting, and how large the image is', async () => {
    manager = newManager(1);
    images.publish('first:1');
    images.publish('second:1', { sizeBytes: 4_321 });
    const open = images.hold();
    const both = Promise.all([ensure('first:1'), ensure('second:1', undefined, pod('uid-2'))]);
    await clock.advance(62_500);
    open();
    await both;
    expect(told().at(-1)).toBe('Pulled: Successfully pulled image "second:1" in 0s (1m2.5s including waiting). Image size: 4321 bytes.');
    expect(told()).toContain('Pulled: Successfully pulled image "first:1" in 1m2.5s (1m2.5s including waiting).');
  });
});

describe('failures', () => {
  it('repeats a failed pull after 10 s, 20 s, 40 s … 300 s and not before', async () => {
    const waits = [10, 20, 40, 80, 160, 300, 300];
    for (const seconds of waits) {
      expect((await failure(ensure('gone:1'))).reason).toBe('ErrImagePull');
      const before = pulls().length;
      await clock.advance(seconds * 1_000 - 1);
      const again = await failure(ensure('gone:1'));
      expect(again.message).toContain('manifest unknown');
      expect(pulls()).toHaveLength(before);
      await clock.advance(1);
    }
    images.publish('gone:1');
    expect((await ensure('gone:1')).tags).toEqual(['gone:1']);
  });

  it('keeps back-offs by pod and image', async () => {
    await failure(ensure('gone:1'));
    await failure(ensure('gone:1', undefined, pod('uid-2')));
    await failure(ensure('gone:2'));
    expect(pulls()).toEqual(['pull gone:1', 'pull gone:1', 'pull gone:2']);
    manager.forget('uid-1');
    await failure(ensure('gone:1'));
    expect(pulls()).toHaveLength(4);
  });

  it('begins with 10 s again when nothing failed for ten minutes', async () => {
    for (let count = 0; count < 4; count += 1) {
      await failure(ensure('gone:1'));
      await clock.advance(80_000);
    }
    await clock.advance(601_000);
    await failure(ensure('gone:1'));
    await clock.advance(10_000);
    await failure(ensure('gone:1'));
    expect(pulls()).toHaveLength(6);
  });

  it.each([
    [new ProviderFailure('RegistryUnavailable', 'no route to host'), 'RegistryUnavailable', 'no route to host'],
    [new Error('the stream was cut'), 'ErrImagePull', 'the stream was cut'],
  ])('tells of %s', async (error, reason, message) => {
    images.pullErrors.push(error);
    expect(await failure(ensure('app:1'))).toMatchObject({ reason, message, container: 'main' });
  });

  it('tells when it cannot look', async () => {
    images.inspectErrors.push(new Error('the store is locked'));
    expect(await failure(ensure('app:1'))).toMatchObject({ reason: 'ImageInspectError', message: 'Failed to inspect image "app:1": the store is locked' });
  });

  it('leaves at once when it is called off, and takes that for no failure', async () => {
    images.publish('app:1');
    const open = images.hold();
    const abort = new AbortController();
    const work = manager.ensure(pod(), { name: 'main', image: 'app:1' }, abort.signal);
    await clock.advance(0);
    abort.abort(new Error('deleted'));
    await expect(work).rejects.toThrow('deleted');
    await clock.advance(0);
    expect(images.active).toBe(0);
    open();
    await ensure('app:1');
  });
});

describe('many pods', () => {
  it('shares one pull among those who want the same', async () => {
    images.publish('app:1');
    const open = images.hold();
    const all = Promise.all(['a', 'b', 'c'].map((uid) => ensure('app:1', 'Always', pod(uid))));
    await clock.advance(3_000);
    open();
    await all;
    expect(pulls()).toEqual(['pull app:1']);
    expect(events.filter(({ reason }) => reason === 'Pulled')).toHaveLength(3);
  });

  it('goes on with a shared pull while anybody waits for it', async () => {
    images.publish('app:1');
    const open = images.hold();
    const abort = new AbortController();
    const one = manager.ensure(pod('a'), { name: 'main', image: 'app:1' }, abort.signal);
    const two = ensure('app:1', undefined, pod('b'));
    await clock.advance(0);
    abort.abort(new Error('deleted'));
    await expect(one).rejects.toThrow('deleted');
    open();
    expect((await two).tags).toEqual(['app:1']);
    expect(pulls()).toHaveLength(1);
  });

  it('pulls no more than the limit at once, and all in the end; one that is called off in the queue takes no turn', async () => {
    manager = newManager(2);
    const names = Array.from({ length: 7 }, (_, index) => `app:${String(index)}`);
    for (const name of names) images.publish(name);
    const open = images.hold();
    const abort = new AbortController();
    const dropped = manager.ensure(pod('x'), { name: 'main', image: 'app:5' }, abort.signal);
    const all = Promise.all(names.filter((name) => name !== 'app:5').map((name) => ensure(name, undefined, pod(name))));
    await clock.advance(0);
    abort.abort(new Error('deleted'));
    await expect(dropped).rejects.toThrow('deleted');
    await clock.advance(0);
    expect(images.active).toBe(2);
    open();
    expect(await all).toHaveLength(6);
    expect(images.mostActive).toBe(2);
  });

  it('tells of progress now and then', async () => {
    images.publish('app:1');
    const open = images.hold();
    const work = ensure('app:1');
    for (let second = 0; second < 80; second += 1) {
      await clock.advance(1_000);
      images.report('Downloading', second * 1_048_576, 200 * 1_048_576);
    }
    open();
    await work;
    expect(told().filter((line) => line.includes('Still'))).toEqual([
      'Pulling: Still pulling image "app:1": Downloading (9.0 MiB of 200.0 MiB)',
      'Pulling: Still pulling image "app:1": Downloading (29.0 MiB of 200.0 MiB)',
      'Pulling: Still pulling image "app:1": Downloading (69.0 MiB of 200.0 MiB)',
    ]);
  });
});

describe('pull secrets', () => {
  beforeEach(() => {
    images.publish('reg.example/app:1', { logins: ['ann:right-password'] });
  });

  it('tries every login that fits until one is right', async () => {
    secrets.set('default/one', loginSecret('reg.example', 'ann', 'wrong-password'));
    secrets.set('default/two', loginSecret('*.example', 'ann', 'right-password'));
    await ensure('reg.example/app:1', undefined, pod('uid-1', 'one', 'two'));
    expect(pulls()).toHaveLength(2);
  });

  it('reads the old format too, and passes over secrets of other types', async () => {
    const config = Buffer.from(JSON.stringify({ 'reg.example': { username: 'ann', password: 'right-password' } })).toString('base64');
    secrets.set('default/old', { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': config } });
    secrets.set('default/opaque', { type: 'Opaque', data: { '.dockerconfigjson': config } });
    await ensure('reg.example/app:1', undefined, pod('uid-1', 'opaque', 'old'));
    expect(pulls()).toEqual(['pull reg.example/app:1 as ann']);
    expect(told().join()).not.toContain('FailedToRetrieve');
  });

  it('tells all that was wrong, and never a secret', async () => {
    secrets.set('default/one', loginSecret('reg.example', 'ann', 'wrong-password-1'));
    secrets.set('default/two', loginSecret('reg.example', 'bob', 'wrong-password-2'));
    const error = await failure(ensure('reg.example/app:1', undefined, pod('uid-1', 'one', 'two')));
    expect(error.message).toMatch(/^\[pull access denied.*ann.*, pull access denied.*bob.*\]$/);
    expect(`${error.message} ${told().join()}`).not.toContain('wrong-password');
  });

  it('goes on without a secret that is not there or cannot be used, and says so', async () => {
    images.publish('reg.example/open:1');
    secrets.set('default/broken', { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'bm9wZQ==' } });
    secrets.set('default/forbidden', new Error('forbidden'));
    await ensure('reg.example/open:1', undefined, pod('uid-1', 'missing', 'broken', 'forbidden'));
    expect(events).toContainEqual({
      type: 'Warning',
      reason: 'FailedToRetrieveImagePullSecret',
      message: 'Unable to retrieve some image pull secrets (missing, broken, forbidden); attempting to pull the image may not succeed.',
      container: undefined,
    });
  });

  it('lets no other pod use an image that was pulled with credentials, unless it has right ones', async () => {
    secrets.set('default/mine', loginSecret('reg.example', 'ann', 'right-password'));
    secrets.set('default/copy', loginSecret('reg.example', 'ann', 'right-password'));
    secrets.set('default/other', loginSecret('reg.example', 'eve', 'stolen-password'));
    await ensure('reg.example/app:1', 'IfNotPresent', pod('a', 'mine'));
    await ensure('reg.example/app:1', 'IfNotPresent', pod('b', 'copy'));
    expect(pulls()).toHaveLength(1);
    expect((await failure(ensure('reg.example/app:1', 'IfNotPresent', pod('c')))).reason).toBe('ErrImagePull');
    expect((await failure(ensure('reg.example/app:1', 'IfNotPresent', pod('d', 'other')))).reason).toBe('ErrImagePull');
    expect((await failure(ensure('reg.example/app:1', 'Never', pod('e')))).reason).toBe('ErrImageNeverPull');
    await ensure('reg.example/app:1', 'Never', pod('f', 'copy'));
  });

  it('lets everybody use what was there before, also after somebody has pulled it with credentials', async () => {
    images.local.set('reg.example/app:1', images.registry.get('reg.example/app:1')!.facts);
    secrets.set('default/mine', loginSecret('reg.example', 'ann', 'right-password'));
    await ensure('reg.example/app:1', 'Always', pod('a', 'mine'));
    await ensure('reg.example/app:1', 'IfNotPresent', pod('b'));
    expect(pulls()).toHaveLength(1);
  });

  it('does not share a pull between pods with different logins', async () => {
    secrets.set('default/mine', loginSecret('reg.example', 'ann', 'right-password'));
    const open = images.hold();
    const mine = ensure('reg.example/app:1', undefined, pod('a', 'mine'));
    const other = failure(ensure('reg.example/app:1', undefined, pod('b')));
    await clock.advance(0);
    open();
    expect((await mine).tags).toEqual(['reg.example/app:1']);
    expect((await other).reason).toBe('ErrImagePull');
  });
});
