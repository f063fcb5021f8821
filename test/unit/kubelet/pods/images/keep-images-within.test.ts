import { expect, it } from 'vitest';
import { keepImagesWithin } from '../../../../../src/kubelet/pods/images/keep-images-within.ts';
import type { Pod } from '../../../../../src/platform/kubernetes-objects.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';
import { MemoryImages } from '../../../../support/kubelet/memory-images.ts';

const MINUTE = 60_000;

const podOf = (image: string, phase: string, imageID = ''): Pod => ({
  metadata: { name: image, uid: image },
  spec: { containers: [{ name: 'c', image }] },
  status: { phase, containerStatuses: [{ name: 'c', image, imageID, ready: false, restartCount: 0 }] },
});

it('removes what no pod uses or waits for, minutes after it was first seen, and goes on after a failure', async () => {
  const clock = new FakeClock();
  const images = new MemoryImages();
  for (const [id, sizeBytes] of [
    ['runs', 50],
    ['waits', 50],
    ['over', 50],
    ['nobody', 50],
  ] as const) {
    images.local.set(`${id}:1`, { id, imageID: `x@${id}`, digests: [], tags: [`${id}:1`], sizeBytes });
  }
  const pods = [podOf('elsewhere:1', 'Running', 'x@runs'), podOf('waits:1', 'Pending'), podOf('over:1', 'Succeeded', 'x@over')];
  const stop = new AbortController();
  let silent = true;
  const service: typeof images = Object.assign(Object.create(images) as typeof images, {
    list: () => (silent ? Promise.reject(new Error('the engine does not answer')) : images.list()),
  });
  const keeping = keepImagesWithin({ images: service, pods: () => pods, limitBytes: 100, clock, log: silentLog }, stop.signal);
  await clock.advance(5 * MINUTE);
  silent = false;
  await clock.advance(5 * MINUTE);
  expect([...images.local.keys()]).toHaveLength(4);
  await clock.advance(5 * MINUTE);
  expect([...images.local.keys()]).toEqual(['runs:1', 'waits:1']);
  stop.abort(new Error('the test is over'));
  await keeping;
});
