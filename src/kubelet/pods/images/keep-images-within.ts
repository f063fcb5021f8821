/** Keeps a node's images within a limit for as long as the kubelet runs (pkg/kubelet/kubelet.go StartGarbageCollection). */
import type { Clock } from '../../../platform/clock.ts';
import type { Pod } from '../../../platform/kubernetes-objects.ts';
import type { Log } from '../../../platform/log.ts';
import type { ImageService } from '../../capabilities.ts';
import { podContainers } from '../pod-containers.ts';
import { ImageCollector } from './collector.ts';

export interface ImageLimit {
  readonly images: ImageService;
  /** The pods of this node. */
  readonly pods: () => readonly Pod[];
  /** Above it unused images are removed until four fifths of it are taken. */
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** ImageGCPeriod and the default of imageMinimumGCAge (pkg/kubelet/kubelet.go, apis/config/v1beta1/defaults.go). */
const PERIOD_MS = 5 * 60_000;
const MINIMUM_AGE_MS = 2 * 60_000;
const LOW = 0.8;

/** Runs until the signal aborts. What cannot be asked or removed now is tried again at the next look. */
export async function keepImagesWithin(options: ImageLimit, signal: AbortSignal): Promise<void> {
  const { images, pods, limitBytes, clock, log } = options;
  let used: ReadonlySet<string> = new Set();
  const thresholds = { unit: 'bytes', high: limitBytes, low: limitBytes * LOW } as const;
  const collector = new ImageCollector({ images, clock, log, thresholds, minimumAgeMs: MINIMUM_AGE_MS, inUse: () => used });
  const look = async (): Promise<void> => {
    used = await imagesOf(pods(), images, signal);
    const { removed, freedBytes, missingBytes } = await collector.collect(signal);
    if (removed.length > 0) log.info('unused images were removed', { images: removed.join(','), freedBytes });
    if (missingBytes > 0) log.warn('images take more room than they may, and no more of them are unused', { missingBytes });
  };
  for (;;) {
    await look().catch((error: unknown) => {
      if (!signal.aborted) log.warn('images could not be looked through', { error });
    });
    if (signal.aborted) return;
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
}

/** What containers run on, and what those of pods that are not over will run on. */
async function imagesOf(pods: readonly Pod[], images: ImageService, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const active = pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  const references = new Set(active.flatMap((pod) => podContainers(pod).map(({ spec }) => spec.image ?? '')));
  references.delete('');
  // A reference that is none keeps no image; its pod says so.
  const wanted = await Promise.all([...references].map((reference) => images.inspect(reference, signal).catch(() => undefined)));
  signal.throwIfAborted();
  const statuses = active.flatMap(({ status }) => [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ]);
  return new Set([...wanted.flatMap((image) => (image === undefined ? [] : [image.id])), ...statuses.map(({ imageID }) => imageID)]);
}
