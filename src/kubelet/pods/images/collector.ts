/** Removes images that no container uses once they take too much room (pkg/kubelet/images/image_gc_manager.go). */
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { ImageFacts, ImageService } from '../../capabilities.ts';

export interface CollectorOptions {
  readonly images: ImageService;
  readonly clock: Clock;
  readonly log: Log;
  readonly thresholds: CollectorThresholds;
  /** An image that was first seen less than this ago stays. */
  readonly minimumAgeMs: number;
  /** Ids and imageIDs of all images that containers of this node use or will use soon. */
  readonly inUse: () => ReadonlySet<string>;
  /** What all images may take, in bytes. Undefined or absent: unknown, and thresholds in percent do nothing. */
  readonly capacityBytes?: (signal: AbortSignal) => Promise<number | undefined>;
}

/** Above `high` unused images are removed, the longest unused first, until no more than `low` is taken. */
type CollectorThresholds =
  { readonly unit: 'bytes'; readonly high: number; readonly low: number } | { readonly unit: 'percent'; readonly high: number; readonly low: number };

export interface Collection {
  readonly removed: readonly string[];
  readonly freedBytes: number;
  /** How much more than `low` is still taken; 0 when the aim was reached. */
  readonly missingBytes: number;
}

interface Seen {
  readonly firstSeen: number;
  lastUsed: number;
}

const NOTHING: Collection = { removed: [], freedBytes: 0, missingBytes: 0 };

export class ImageCollector {
  private readonly options: CollectorOptions;
  private readonly seen = new Map<string, Seen>();

  constructor(options: CollectorOptions) {
    const { high, low, unit } = options.thresholds;
    if (!(low >= 0 && low <= high) || (unit === 'percent' && high > 100)) throw new RangeError('image thresholds: 0 <= low <= high (<= 100 percent)');
    this.options = options;
  }

  /** One look at the images. Throws when they cannot be listed; an image that cannot be removed is passed over. */
  async collect(signal: AbortSignal): Promise<Collection> {
    const { images, clock, log, minimumAgeMs } = this.options;
    if (images.remove === undefined) return NOTHING;
    const present = await images.list(signal);
    const now = clock.now();
    this.note(present, now);
    const limits = await this.limits(signal);
    const taken = present.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
    if (limits === undefined || taken <= limits.high) return NOTHING;
    const candidates = present
      .map((image) => ({ image, seen: this.seen.get(image.id) ?? { firstSeen: now, lastUsed: now } }))
      .filter(({ image, seen }) => !this.isUsed(image) && now - seen.firstSeen >= minimumAgeMs)
      .sort((a, b) => a.seen.lastUsed - b.seen.lastUsed || a.seen.firstSeen - b.seen.firstSeen);
    const removed: string[] = [];
    let freedBytes = 0;
    for (const { image } of candidates) {
      if (taken - freedBytes <= limits.low) break;
      // A container may have come to need it while others were removed.
      if (this.isUsed(image)) continue;
      try {
        await images.remove(image.id, signal);
      } catch (error) {
        signal.throwIfAborted();
        log.warn('an unused image cannot be removed', { image: image.id, error });
        continue;
      }
      this.seen.delete(image.id);
      removed.push(image.id);
      freedBytes += image.sizeBytes ?? 0;
    }
    return { removed, freedBytes, missingBytes: Math.max(0, taken - freedBytes - limits.low) };
  }

  private note(present: readonly ImageFacts[], now: number): void {
    const ids = new Set(present.map(({ id }) => id));
    for (const id of this.seen.keys()) if (!ids.has(id)) this.seen.delete(id);
    for (const image of present) {
      const seen = this.seen.get(image.id) ?? { firstSeen: now, lastUsed: 0 };
      if (this.isUsed(image)) seen.lastUsed = now;
      this.seen.set(image.id, seen);
    }
  }

  private isUsed({ id, imageID }: ImageFacts): boolean {
    const used = this.options.inUse();
    return used.has(id) || used.has(imageID);
  }

  private async limits(signal: AbortSignal): Promise<{ readonly high: number; readonly low: number } | undefined> {
    const { thresholds, capacityBytes } = this.options;
    if (thresholds.unit === 'bytes') return thresholds;
    const capacity = await capacityBytes?.(signal);
    if (capacity === undefined) return undefined;
    return { high: (capacity * thresholds.high) / 100, low: (capacity * thresholds.low) / 100 };
  }
}
