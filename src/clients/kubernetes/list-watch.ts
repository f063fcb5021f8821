import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { KubernetesObject } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import { jitter, type Random } from '../../platform/random.ts';
import type { KubernetesApi } from './port.ts';

export interface ListWatchOptions {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The collection: `/api/v1/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Told before every new beginning: until the next list, what was told may be old. */
  readonly onInterrupted?: (error: unknown) => void;
}

export type ListUpdate<T> =
  { readonly kind: 'listed'; readonly items: readonly T[] } | { readonly kind: 'changed'; readonly item: T } | { readonly kind: 'deleted'; readonly item: T };

const PAGE = 500;
/** As client-go: a watch is asked to end after 5 to 10 minutes, so that connections are spread anew. */
const WATCH_SECONDS = 300;
/** Silence after the asked end: the connection is dead although TCP has not noticed (no FIN reached us). */
const STALE_MS = 30_000;
const BACKOFF = { firstMs: 800, factor: 2, capMs: 30_000 };

interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly unknown[];
}

/**
 * Follows a collection for ever: list, watch from there with bookmarks, list again after anything unexpected (410, a
 * watch that is refused, an answer that is not JSON), with a back-off that a watch resets once the server has accepted
 * it. One whose connection breaks after that goes on from where it was. Rejects only with the signal's reason. Kubernetes: "Efficient detection of changes", kubernetes.io/docs/reference/using-api/api-concepts.
 */
export async function listWatch<T extends KubernetesObject>(
  options: ListWatchOptions,
  onUpdate: (update: ListUpdate<T>) => void,
  signal: AbortSignal,
): Promise<never> {
  let waitMs = BACKOFF.firstMs;
  for (;;) {
    try {
      const { items, resourceVersion } = await listAll(options, signal);
      onUpdate({ kind: 'listed', items: items as readonly T[] });
      const onOpen = (): void => {
        waitMs = BACKOFF.firstMs;
      };
      await watchFrom(options, resourceVersion, { onUpdate, onOpen }, signal);
    } catch (error) {
      signal.throwIfAborted();
      options.onInterrupted?.(error);
      options.log.warn('list and watch begins anew', { path: options.path, why: messageOf(error) });
      await options.clock.sleep(jitter(options.random, waitMs, 0.5), signal);
      waitMs = Math.min(waitMs * BACKOFF.factor, BACKOFF.capMs);
    }
  }
}

async function listAll(options: ListWatchOptions, signal: AbortSignal): Promise<{ items: readonly unknown[]; resourceVersion: string }> {
  const items: unknown[] = [];
  let next: string | undefined;
  for (;;) {
    const query = { ...options.query, limit: PAGE, ...(next === undefined ? {} : { continue: next }) };
    const page: ListAnswer = await options.api.request({ method: 'GET', path: options.path, query }, signal);
    items.push(...(page.items ?? []));
    next = page.metadata?.continue;
    if (next === undefined || next === '') return { items, resourceVersion: page.metadata?.resourceVersion ?? '0' };
  }
}

/** One watch after another, each from where the last one ended; returns never, throws when a new list is needed. */
async function watchFrom<T extends KubernetesObject>(
  options: ListWatchOptions,
  from: string,
  { onUpdate, onOpen }: { readonly onUpdate: (update: ListUpdate<T>) => void; readonly onOpen: () => void },
  signal: AbortSignal,
): Promise<never> {
  let resourceVersion = from;
  for (;;) {
    const state = { accepted: false };
    const opened = (): void => {
      state.accepted = true;
      onOpen();
    };
    const started = options.clock.monotonic();
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + options.random.fraction()));
    const watchdog = new AbortController();
    const cancelWatchdog = options.clock.schedule(timeoutSeconds * 1000 + STALE_MS, () => {
      watchdog.abort(new Error('the watch fell silent'));
    });
    try {
      const query = { ...options.query, watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
      const events = options.api.watch<T>({ method: 'GET', path: options.path, query }, AbortSignal.any([signal, watchdog.signal]), opened);
      for await (const { type, object } of events) {
        resourceVersion = object.metadata?.resourceVersion ?? resourceVersion;
        if (type === 'DELETED') onUpdate({ kind: 'deleted', item: object });
        else if (type !== 'BOOKMARK') onUpdate({ kind: 'changed', item: object });
      }
    } catch (error) {
      // A list costs the server much more than a watch that continues.
      if (!state.accepted || !isVickError(error) || error.code !== 'KUBE_UNREACHABLE') throw error;
      options.log.debug('a watch was cut', { path: options.path, why: messageOf(error) });
    } finally {
      cancelWatchdog();
    }
    signal.throwIfAborted();
    // A server that ends watches at once must not be asked in a tight loop.
    if (options.clock.monotonic() - started < 1000) await options.clock.sleep(1000, signal);
  }
}
