import type { ImageFacts, ImageService, PullCredentials, PullRequest } from '../../../src/kubelet/capabilities.ts';
import { ProviderFailure } from '../../../src/kubelet/provider.ts';

interface Stored {
  readonly facts: ImageFacts;
  /** `user:password` pairs that may pull it; empty for everybody. */
  readonly logins: readonly string[];
}

/** A registry and the images pulled from it, in memory. */
export class MemoryImages implements ImageService {
  readonly registry = new Map<string, Stored>();
  readonly local = new Map<string, ImageFacts>();
  /** `inspect <reference>`, `pull <reference> [as <user>]`, `remove <id>` in order. */
  readonly calls: string[] = [];
  /** Errors for the next pulls and inspections, first come first served. */
  readonly pullErrors: Error[] = [];
  readonly inspectErrors: Error[] = [];
  /** How many pulls are under way, and the most there ever were at once. */
  active = 0;
  mostActive = 0;
  private gate: Promise<void> | undefined;
  private progress: PullRequest['onProgress'];

  /** Puts an image into the registry. */
  publish(reference: string, more: Partial<ImageFacts> & { readonly logins?: readonly string[] } = {}): ImageFacts {
    const { logins = [], ...rest } = more;
    const digest = `${reference.split(':')[0] ?? ''}@sha256:${'0'.repeat(60)}${String(this.registry.size).padStart(4, '0')}`;
    const facts: ImageFacts = { id: `id-${reference}`, imageID: digest, digests: [digest], tags: [reference], user: '', ...rest };
    this.registry.set(reference, { facts, logins });
    return facts;
  }

  /** Pulls wait until the returned function is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => {
      this.gate = undefined;
      open();
    };
  }

  /** The pull that began last tells how far it is. */
  report(text: string, currentBytes?: number, totalBytes?: number): void {
    this.progress?.({ text, ...(currentBytes === undefined ? {} : { currentBytes }), ...(totalBytes === undefined ? {} : { totalBytes }) });
  }

  inspect(reference: string, signal: AbortSignal): Promise<ImageFacts | undefined> {
    signal.throwIfAborted();
    this.calls.push(`inspect ${reference}`);
    const error = this.inspectErrors.shift();
    return error === undefined ? Promise.resolve(this.local.get(reference)) : Promise.reject(error);
  }

  async pull({ reference, credentials, onProgress }: PullRequest, signal: AbortSignal): Promise<ImageFacts> {
    this.calls.push(`pull ${reference}${credentials === undefined ? '' : ` as ${credentials.username ?? ''}`}`);
    this.progress = onProgress;
    this.active += 1;
    this.mostActive = Math.max(this.active, this.mostActive);
    try {
      if (this.gate !== undefined) await Promise.race([this.gate, aborted(signal)]);
      signal.throwIfAborted();
      const error = this.pullErrors.shift();
      if (error !== undefined) throw error;
      return this.take(reference, credentials);
    } finally {
      this.active -= 1;
    }
  }

  list(): Promise<readonly ImageFacts[]> {
    return Promise.resolve([...this.local.values()]);
  }

  remove(id: string): Promise<void> {
    this.calls.push(`remove ${id}`);
    for (const [reference, facts] of this.local) if (facts.id === id) this.local.delete(reference);
    return Promise.resolve();
  }

  private take(reference: string, credentials: PullCredentials | undefined): ImageFacts {
    const stored = this.registry.get(reference);
    if (stored === undefined) throw new ProviderFailure('ErrImagePull', `manifest for ${reference} not found: manifest unknown`);
    const login = credentials === undefined ? '' : `${credentials.username ?? ''}:${credentials.password ?? ''}`;
    if (stored.logins.length > 0 && !stored.logins.includes(login)) {
      throw new ProviderFailure('ErrImagePull', `pull access denied for ${reference} (tried ${login})`);
    }
    this.local.set(reference, stored.facts);
    return stored.facts;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
