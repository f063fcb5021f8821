/** Makes sure that a container's image is there, by its pull policy (pkg/kubelet/images/image_manager.go). */
import { createHmac } from 'node:crypto';
import { redact } from '../../../errors/redact.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import { defaultPullPolicy, parseReference } from '../../../platform/image-reference.ts';
import type { Container, Pod } from '../../../platform/kubernetes-objects.ts';
import type { Random } from '../../../platform/random.ts';
import type { ImageFacts, ImageService, PullCredentials } from '../../capabilities.ts';
import type { EventRecorder } from '../../events.ts';
import { isProviderFailure, ProviderFailure } from '../../provider.ts';
import { CRASH_LIMITS, delayAfter, raise, type BackOff } from '../back-off.ts';
import { credentialsFor } from './keyring.ts';
import { PullQueue } from './pull-queue.ts';
import { podLogins, type ReadPullSecret } from './pull-secrets.ts';
import { invalidName, neverPull, notForThisPod, present, pulled, pulling, stillPulling } from './wording.ts';

export interface ImageManagerOptions {
  readonly images: ImageService;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventRecorder;
  readonly readSecret: ReadPullSecret;
  /** How many images are pulled at the same time. */
  readonly parallelism?: number;
}

interface PodFailure {
  readonly failure: ProviderFailure;
  readonly failedAt: number;
  readonly backOff: BackOff;
}

type NamedContainer = Pick<Container, 'name' | 'image' | 'imagePullPolicy'>;

const PARALLELISM = 5;
/** The first word about a pull that goes on; the pause to the next doubles, so that other events find room. */
const PROGRESS_MS = 10_000;

export class ImageManager {
  private readonly options: ImageManagerOptions;
  private readonly queue: PullQueue;
  private readonly salt: string;
  /** By pod UID, then by image. */
  private readonly failures = new Map<string, Map<string, PodFailure>>();
  /**
   * Images that this process pulled with credentials, with the fingerprints of those that have proven right. Other pods
   * must prove theirs before they use the image (KEP-2535). What was there before this process is for everybody.
   */
  private readonly proven = new Map<string, Set<string>>();

  constructor(options: ImageManagerOptions) {
    this.options = options;
    this.queue = new PullQueue(options.clock, options.parallelism ?? PARALLELISM);
    this.salt = options.random.hex(16);
  }

  /**
   * Resolves once the image of the container is there. Throws ProviderFailure with the container's waiting reason; a
   * pull that failed is not repeated for this pod before its back-off (10 s, doubling to 300 s) is over.
   */
  async ensure(pod: Pod, container: NamedContainer, signal: AbortSignal): Promise<ImageFacts> {
    const { events } = this.options;
    const { name, image = '' } = container;
    const reference = withTag(image);
    if (reference === undefined) throw new ProviderFailure('InvalidImageName', invalidName(image), { container: name });
    const facts = await this.inspect(image, reference, name, signal);
    const policy = container.imagePullPolicy ?? defaultPullPolicy(image);
    if (policy !== 'Always' && facts !== undefined && (await this.mayUse(pod, image, facts, signal))) {
      events.pod(pod, { type: 'Normal', reason: 'Pulled', message: present(image) }, name);
      return facts;
    }
    if (policy === 'Never') {
      const message = facts === undefined ? neverPull(image) : notForThisPod(image);
      throw new ProviderFailure('ErrImageNeverPull', message, { container: name });
    }
    return this.pull(pod, name, image, reference, signal);
  }

  /** Drops what is remembered of a pod. */
  forget(uid: string): void {
    this.failures.delete(uid);
  }

  private async inspect(image: string, reference: string, container: string, signal: AbortSignal): Promise<ImageFacts | undefined> {
    try {
      return await this.options.images.inspect(reference, signal);
    } catch (error) {
      signal.throwIfAborted();
      const reason = isProviderFailure(error) ? error.reason : 'ImageInspectError';
      const message = isProviderFailure(error) ? error.message : `Failed to inspect image "${image}": ${messageOf(error)}`;
      throw new ProviderFailure(reason, redact(message), { container, cause: error });
    }
  }

  private async mayUse(pod: Pod, image: string, facts: ImageFacts, signal: AbortSignal): Promise<boolean> {
    const proven = this.proven.get(facts.id);
    if (proven === undefined) return true;
    const { logins } = await podLogins(pod, this.options.readSecret, signal);
    return credentialsFor(image, logins).some((credentials) => proven.has(this.fingerprint(credentials)));
  }

  private async pull(pod: Pod, container: string, image: string, reference: string, signal: AbortSignal): Promise<ImageFacts> {
    const { clock, events, readSecret } = this.options;
    const uid = pod.metadata?.uid ?? '';
    const before = this.failures.get(uid)?.get(image);
    if (before !== undefined && before.failedAt + delayAfter(before.backOff, before.failedAt, CRASH_LIMITS) > clock.now()) {
      throw new ProviderFailure(before.failure.reason, before.failure.message, { container });
    }
    const { logins, failed } = await podLogins(pod, readSecret, signal);
    if (failed.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${failed.map(({ name }) => name).join(', ')}); attempting to pull the image may not succeed.`;
      events.pod(pod, { type: 'Warning', reason: 'FailedToRetrieveImagePullSecret', message });
    }
    events.pod(pod, { type: 'Normal', reason: 'Pulling', message: pulling(image) }, container);
    const askedAt = clock.monotonic();
    try {
      const { facts, tookMs } = await this.enqueue(pod, container, image, reference, credentialsFor(image, logins), signal);
      events.pod(pod, { type: 'Normal', reason: 'Pulled', message: pulled(image, facts, tookMs, clock.monotonic() - askedAt) }, container);
      return facts;
    } catch (error) {
      signal.throwIfAborted();
      throw this.remember(uid, image, container, error);
    }
  }

  private enqueue(pod: Pod, container: string, image: string, reference: string, candidates: readonly PullCredentials[], signal: AbortSignal) {
    const { clock, events } = this.options;
    let pause = PROGRESS_MS;
    let nextWord = clock.monotonic() + pause;
    return this.queue.pull(
      {
        key: [reference, ...candidates.map((credentials) => this.fingerprint(credentials))].join('\n'),
        work: (ours, onProgress) => this.attempt(reference, candidates, onProgress, ours),
        onProgress: (progress) => {
          if (clock.monotonic() < nextWord) return;
          pause *= 2;
          nextWord = clock.monotonic() + pause;
          events.pod(pod, { type: 'Normal', reason: 'Pulling', message: redact(stillPulling(image, progress)) }, container);
        },
      },
      signal,
    );
  }

  /** One credential after the other; without any, anonymously. All failures are told when none was right. */
  private async attempt(
    reference: string,
    candidates: readonly PullCredentials[],
    onProgress: NonNullable<Parameters<ImageService['pull']>[0]['onProgress']>,
    signal: AbortSignal,
  ): Promise<ImageFacts> {
    const { images } = this.options;
    if (candidates.length === 0) {
      const facts = await images.pull({ reference, onProgress }, signal);
      this.proven.delete(facts.id);
      return facts;
    }
    const known = await images.inspect(reference, signal).catch(() => undefined);
    const errors: unknown[] = [];
    for (const credentials of candidates) {
      try {
        const facts = await images.pull({ reference, credentials, onProgress }, signal);
        // What everybody could use already stays so.
        const open = known?.id === facts.id && !this.proven.has(facts.id);
        if (!open) this.proven.set(facts.id, (this.proven.get(facts.id) ?? new Set()).add(this.fingerprint(credentials)));
        return facts;
      } catch (error) {
        signal.throwIfAborted();
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    const reason = errors.map((error) => (isProviderFailure(error) ? error.reason : 'ErrImagePull'))[0] ?? 'ErrImagePull';
    throw new ProviderFailure(reason, `[${[...new Set(errors.map(messageOf))].join(', ')}]`);
  }

  private remember(uid: string, image: string, container: string, error: unknown): ProviderFailure {
    const now = this.options.clock.now();
    const reason = isProviderFailure(error) ? error.reason : 'ErrImagePull';
    const failure = new ProviderFailure(reason, redact(messageOf(error)), { container, cause: error });
    const ofPod = this.failures.get(uid) ?? new Map<string, PodFailure>();
    ofPod.set(image, { failure, failedAt: now, backOff: raise(ofPod.get(image)?.backOff, now, CRASH_LIMITS) });
    this.failures.set(uid, ofPod);
    return failure;
  }

  private fingerprint({ server, username = '', password = '', identityToken = '' }: PullCredentials): string {
    return createHmac('sha256', this.salt)
      .update(JSON.stringify([server, username, password, identityToken]))
      .digest('hex');
  }
}

/** With `:latest` where neither tag nor digest is given; undefined for what is no image name. */
function withTag(image: string): string | undefined {
  const reference = parseReference(image);
  if (reference === undefined) return undefined;
  return reference.tag === undefined && reference.digest === undefined ? `${image}:latest` : image;
}
