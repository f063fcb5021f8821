import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ImageFacts } from '../../../../../src/kubelet/capabilities.ts';
import { ImageCollector, type CollectorOptions } from '../../../../../src/kubelet/pods/images/collector.ts';
import { nodeImages } from '../../../../../src/kubelet/pods/images/node-images.ts';
import { verifyNonRoot } from '../../../../../src/kubelet/pods/images/non-root.ts';
import { goDuration } from '../../../../../src/kubelet/pods/images/wording.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';
import { MemoryImages } from '../../../../support/kubelet/memory-images.ts';
import { containerRequest } from '../../../../support/kubelet/pod-requests.ts';

const image = (id: string, sizeBytes: number, more: Partial<ImageFacts> = {}): ImageFacts => ({
  ...{ id, imageID: `x@${id}`, digests: [`x@sha256:${id}`], tags: [`${id}:1`], sizeBytes },
  ...more,
});

describe('images of a node', () => {
  it('tells the 50 largest, each by at most five names, digests first', () => {
    const many = Array.from({ length: 60 }, (_, index) => image(`i${String(index)}`, index));
    expect(nodeImages(many).map(({ sizeBytes }) => sizeBytes)).toEqual(Array.from({ length: 50 }, (_, index) => 59 - index));
    const tags = ['a:1', 'a:2', 'a:3', 'a:4', 'a:5'];
    expect(nodeImages([image('x', 7, { tags, digests: ['a@sha256:1'] })])).toEqual([{ names: ['a@sha256:1', 'a:1', 'a:2', 'a:3', 'a:4'], sizeBytes: 7 }]);
    expect(nodeImages([image('x', 7, { tags: [], digests: [] })])).toEqual([]);
  });

  it('does not depend on the order in which the back end lists them', () => {
    const list = fc.uniqueArray(fc.record({ id: fc.stringMatching(/^[a-z]{1,6}$/), size: fc.nat(3) }), { selector: ({ id }) => id });
    fc.assert(
      fc.property(
        list.chain((entries) => fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length }))),
        ([entries, shuffled]) => {
          const facts = (of: typeof entries): readonly ImageFacts[] => of.map(({ id, size }) => image(id, size));
          expect(nodeImages(facts(shuffled))).toEqual(nodeImages(facts(entries)));
        },
      ),
    );
  });
});

describe('durations', () => {
  it.each([
    [0, '0s'],
    [350, '350ms'],
    [1_000, '1s'],
    [1_234, '1.234s'],
    [62_500, '1m2.5s'],
    [3_600_000, '1h0m0s'],
    [3_661_001, '1h1m1.001s'],
    [-5, '0s'],
  ])('%i ms is %s', (ms, text) => {
    expect(goDuration(ms)).toBe(text);
  });
});

describe('containers that must not run as root', () => {
  const { security } = containerRequest();
  const pod = { metadata: { namespace: 'default', name: 'web', uid: 'u' } };
  const verify = (more: object, user: string | undefined): void => verifyNonRoot(pod, 'main', { ...security, ...more }, user);

  it.each([
    [{ runAsNonRoot: false }, ''],
    [{ runAsNonRoot: true, runAsUser: 5 }, ''],
    [{ runAsNonRoot: true }, '1000'],
    [{ runAsNonRoot: true }, '1000:0'],
  ])('%j with image user %j may run', (more, user) => {
    expect(() => verify(more, user)).not.toThrow();
  });

  it.each([
    [{ runAsNonRoot: true, runAsUser: 0 }, '1000', `container's runAsUser breaks non-root policy (pod: "web_default(u)", container: main)`],
    [{ runAsNonRoot: true }, '', 'container has runAsNonRoot and image will run as root (pod: "web_default(u)", container: main)'],
    [{ runAsNonRoot: true }, '0:5', 'container has runAsNonRoot and image will run as root (pod: "web_default(u)", container: main)'],
    [
      { runAsNonRoot: true },
      'nobody:x',
      'container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root (pod: "web_default(u)", container: main)',
    ],
    [
      { runAsNonRoot: true },
      undefined,
      'container has runAsNonRoot and the user of its image is not known, cannot verify user is non-root (pod: "web_default(u)", container: main)',
    ],
  ])('%j with image user %j may not', (more, user, message) => {
    expect(() => verify(more, user)).toThrow(expect.objectContaining({ reason: 'CreateContainerConfigError', message, container: 'main' }));
  });
});

describe('collecting images', () => {
  const signal = new AbortController().signal;
  let clock: FakeClock;
  let images: MemoryImages;
  let used: Set<string>;
  beforeEach(() => {
    clock = new FakeClock();
    images = new MemoryImages();
    used = new Set();
    for (const [id, size] of [
      ['a', 40],
      ['b', 30],
      ['c', 20],
    ] as const) {
      images.local.set(`${id}:1`, image(id, size));
    }
  });
  const collector = (more: Partial<CollectorOptions> = {}): ImageCollector =>
    new ImageCollector({
      ...{ images, clock, log: silentLog, minimumAgeMs: 0, inUse: () => used, thresholds: { unit: 'bytes', high: 80, low: 45 } },
      ...more,
    });

  it('removes the longest unused until the low mark, and nothing that is used', async () => {
    const one = collector({ thresholds: { unit: 'bytes', high: 100, low: 45 } });
    for (const id of ['c', 'a', 'b']) {
      used = new Set([id]);
      await one.collect(signal);
      await clock.advance(1_000);
    }
    images.local.set('d:1', image('d', 50));
    used = new Set(['x@d']);
    expect(await one.collect(signal)).toEqual({ removed: ['c', 'a', 'b'], freedBytes: 90, missingBytes: 5 });
  });

  it('does nothing below the high mark', async () => {
    expect(await collector({ thresholds: { unit: 'bytes', high: 90, low: 10 } }).collect(signal)).toEqual({ removed: [], freedBytes: 0, missingBytes: 0 });
    expect(images.local.size).toBe(3);
  });

  it('knows percents only where the capacity is known', async () => {
    const thresholds = { unit: 'percent', high: 85, low: 70 } as const;
    expect((await collector({ thresholds }).collect(signal)).removed).toEqual([]);
    const known = await collector({ thresholds, capacityBytes: () => Promise.resolve(100) }).collect(signal);
    expect(known.freedBytes).toBeGreaterThanOrEqual(20);
    expect(known.missingBytes).toBe(0);
  });

  it('leaves young images alone', async () => {
    const one = collector({ minimumAgeMs: 60_000 });
    expect((await one.collect(signal)).removed).toEqual([]);
    await clock.advance(60_000);
    expect((await one.collect(signal)).removed.length).toBeGreaterThan(0);
  });

  it('passes over what cannot be removed', async () => {
    images.remove = (id) => (id === 'a' ? Promise.reject(new Error('in use')) : Promise.resolve(void images.local.delete(`${id}:1`)));
    expect((await collector().collect(signal)).removed).toEqual(['b', 'c']);
  });

  it('refuses thresholds that make no sense', () => {
    expect(() => collector({ thresholds: { unit: 'bytes', high: 1, low: 2 } })).toThrow(RangeError);
    expect(() => collector({ thresholds: { unit: 'percent', high: 101, low: 2 } })).toThrow(RangeError);
  });
});
