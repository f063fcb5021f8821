/**
 * ConfigMaps and Secrets that the pods of this node refer to, read one by one: a node identity may not list them. Each
 * object that a pod holds is watched by its name, once for all pods (pkg/kubelet/util/manager/watch_based_manager.go);
 * where that is refused or has too many watches, it is read again when it is old.
 */
import { isVickError } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { ConfigMap, Secret } from '../../../platform/kubernetes-objects.ts';
import type { Log } from '../../../platform/log.ts';
import type { Cluster, ObjectRef, ObjectUpdate } from '../../cluster.ts';
import type { ObjectReader } from '../env.ts';
import { keyOf } from './referenced-objects.ts';

export interface ReferencesOptions {
  readonly cluster: Pick<Cluster, 'getConfigMap' | 'getSecret' | 'watchObject'>;
  readonly clock: Clock;
  readonly log: Log;
  /** An object that was read before is another one now, is gone, or has come to be; these pods hold it. */
  readonly onChange: (uids: readonly string[]) => void;
  /** Ends all watches and reads. */
  readonly signal: AbortSignal;
  /** Each watch is a connection to the API server; beyond so many, objects are polled. Default 200. */
  readonly maximumWatches?: number;
}

/** How old an object may be that no watch keeps fresh. */
const TTL_MS = 60_000;
/** How long a read waits for the first answer of a watch that was just set up. */
const FIRST_ANSWER_MS = 1_000;

interface Entry {
  readonly ref: ObjectRef;
  readonly holders: Set<string>;
  watch: AbortController | undefined;
  /** The watch works: what is known is what is there. */
  live: boolean;
  known: { readonly object: ConfigMap | Secret | undefined; readonly at: number } | undefined;
  /** The version that was handed out last; a change of it is told. `absent` counts as one. */
  told: string | undefined;
  /** The watch has answered, be it with an error. */
  answered: boolean;
  waiting: (() => void)[];
}

export class References implements ObjectReader {
  private readonly options: ReferencesOptions;
  private readonly entries = new Map<string, Entry>();
  /** Keys of what each pod holds. */
  private readonly byPod = new Map<string, ReadonlySet<string>>();
  private watches = 0;

  constructor(options: ReferencesOptions) {
    this.options = options;
  }

  /** The pod refers to these objects and no others; they are followed until it holds them no more. */
  hold(uid: string, refs: readonly ObjectRef[]): void {
    const wanted = new Set(refs.map(keyOf));
    for (const key of this.byPod.get(uid) ?? []) if (!wanted.has(key)) this.drop(key, uid);
    if (wanted.size > 0) this.byPod.set(uid, wanted);
    else this.byPod.delete(uid);
    for (const ref of refs) {
      const key = keyOf(ref);
      const entry = this.entries.get(key) ?? newEntry(ref);
      this.entries.set(key, entry);
      entry.holders.add(uid);
      this.follow(entry);
    }
  }

  release(uid: string): void {
    for (const key of this.byPod.get(uid) ?? []) this.drop(key, uid);
    this.byPod.delete(uid);
  }

  async configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return await this.read({ kind: 'ConfigMap', namespace, name });
  }

  async secret(namespace: string, name: string): Promise<Secret | undefined> {
    return await this.read({ kind: 'Secret', namespace, name });
  }

  /** Reads again, for as long as the signal lets it, what is held and no watch keeps fresh. */
  async poll(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    while (!signal.aborted) {
      await clock.sleep(TTL_MS, signal);
      for (const entry of [...this.entries.values()]) {
        if (entry.live || entry.told === undefined || isFrozen(entry)) continue;
        this.follow(entry);
        await this.fetch(entry).catch((error: unknown) => this.options.log.debug('a referenced object could not be read', { object: keyOf(entry.ref), error }));
      }
    }
  }

  /** What is held, for tests and diagnosis: keys and whether a watch keeps them fresh. */
  held(): readonly { readonly key: string; readonly live: boolean; readonly pods: number }[] {
    return [...this.entries].map(([key, { live, holders }]) => ({ key, live, pods: holders.size }));
  }

  private async read(ref: ObjectRef): Promise<ConfigMap | Secret | undefined> {
    // What no pod holds, or holds no more, is read and forgotten.
    const entry = this.entries.get(keyOf(ref)) ?? newEntry(ref);
    if (entry.watch !== undefined && !entry.answered) await this.firstAnswer(entry);
    const object = await this.current(entry);
    entry.told = versionOf(object);
    return object;
  }

  private async current(entry: Entry): Promise<ConfigMap | Secret | undefined> {
    const { known, live } = entry;
    const fresh = known?.object !== undefined && (live || isFrozen(entry) || this.options.clock.now() - known.at < TTL_MS);
    // That an object is missing is never taken from memory: it may have been created this very moment.
    if (fresh) return known.object;
    try {
      return await this.fetch(entry);
    } catch (error) {
      if (known?.object === undefined) throw error;
      this.options.log.debug('a referenced object cannot be read, the one known is used', { object: keyOf(entry.ref), error });
      return known.object;
    }
  }

  private async fetch(entry: Entry): Promise<ConfigMap | Secret | undefined> {
    const { cluster, signal } = this.options;
    try {
      this.learn(entry, entry.ref.kind === 'Secret' ? await cluster.getSecret(entry.ref, signal) : await cluster.getConfigMap(entry.ref, signal));
    } catch (error) {
      if (!isVickError(error) || error.code !== 'KUBE_NOT_FOUND') throw error;
      this.learn(entry, undefined);
    }
    return entry.known?.object;
  }

  private follow(entry: Entry): void {
    const { cluster, signal, maximumWatches = 200 } = this.options;
    if (entry.watch !== undefined || isFrozen(entry) || signal.aborted || this.watches >= maximumWatches) return;
    const watch = new AbortController();
    entry.watch = watch;
    this.watches += 1;
    void cluster
      .watchObject(entry.ref, (update) => this.take(entry, watch, update), AbortSignal.any([signal, watch.signal]))
      .catch((error: unknown) => {
        if (!signal.aborted && !watch.signal.aborted) this.options.log.warn('a watch has ended', { object: keyOf(entry.ref), error });
      })
      .finally(() => this.unfollow(entry, watch));
  }

  private take(entry: Entry, watch: AbortController, update: ObjectUpdate): void {
    if (entry.watch !== watch || watch.signal.aborted) return;
    entry.live = update.kind === 'known';
    if (update.kind === 'known') this.learn(entry, update.object);
    entry.answered = true;
    for (const wake of entry.waiting.splice(0)) wake();
  }

  private learn(entry: Entry, object: ConfigMap | Secret | undefined): void {
    entry.known = { object, at: this.options.clock.now() };
    if (isFrozen(entry)) this.unfollow(entry, entry.watch);
    const version = versionOf(object);
    if (entry.told === undefined || entry.told === version) return;
    entry.told = version;
    this.options.onChange([...entry.holders]);
  }

  private async firstAnswer(entry: Entry): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.schedule(FIRST_ANSWER_MS, resolve);
      entry.waiting.push(() => {
        cancel();
        resolve();
      });
    });
  }

  private drop(key: string, uid: string): void {
    const entry = this.entries.get(key);
    if (entry?.holders.delete(uid) !== true || entry.holders.size > 0) return;
    this.entries.delete(key);
    this.unfollow(entry, entry.watch);
  }

  private unfollow(entry: Entry, watch: AbortController | undefined): void {
    if (watch === undefined || entry.watch !== watch) return;
    entry.watch = undefined;
    entry.live = false;
    this.watches -= 1;
    watch.abort(new Error('the object is no longer followed'));
    for (const wake of entry.waiting.splice(0)) wake();
  }
}

function newEntry(ref: ObjectRef): Entry {
  return { ref, holders: new Set(), watch: undefined, live: false, known: undefined, told: undefined, answered: false, waiting: [] };
}

/** An immutable object keeps its content for as long as it lives (kubernetes.io/docs/concepts/configuration/configmap). */
function isFrozen({ known }: Entry): boolean {
  return known?.object?.immutable === true;
}

function versionOf(object: ConfigMap | Secret | undefined): string {
  return object === undefined ? 'absent' : `${object.metadata?.uid ?? ''}@${object.metadata?.resourceVersion ?? ''}`;
}
