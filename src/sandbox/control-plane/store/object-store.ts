import type { Draft, ObjectKey, ResourceKey } from '../resource.ts';

/** One committed change. `object` is the state after it (for DELETED: the last state), with the change's resourceVersion. */
export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resourceVersion: number;
  readonly key: ObjectKey;
  readonly object: Draft;
  /** The state before it; undefined for ADDED. */
  readonly previous: Draft | undefined;
}

/** How many changes are kept for watches and consistent lists; older revisions are "too old" (410). */
const HISTORY = 20_000;

/** Revision of an empty store: small literal revisions (1, 400) are in the past, as they are in a cluster that has lived a while. */
const FIRST_REVISION = 1_000;

/**
 * Objects in memory under one global, monotonic revision, with a history window. Knows no resource and no rule.
 * Stored objects are never changed in place: readers may keep them, writers hand in new ones.
 */
export class ObjectStore {
  private readonly tables = new Map<string, Map<string, Draft>>();
  private readonly listeners = new Set<(event: StoreEvent) => void>();
  private readonly pending: StoreEvent[] = [];
  private history: StoreEvent[] = [];
  private current = FIRST_REVISION;
  private oldest = FIRST_REVISION;
  private delivering = false;

  /** The revision of the latest change. */
  get revision(): number {
    return this.current;
  }

  /** Changes after this revision are known; before it nothing can be replayed. */
  get floor(): number {
    return this.oldest;
  }

  get(key: ObjectKey): Draft | undefined {
    return this.tables.get(tableOf(key))?.get(rowOf(key));
  }

  /** Objects of a resource in key order (namespace, then name), now or as they were at `revision` (within the history). */
  list(resource: ResourceKey, namespace?: string, revision = this.current): readonly Draft[] {
    const rows = this.rowsAt(resource, revision);
    const prefix = namespace === undefined ? '' : `${namespace}/`;
    const keys = [...rows.keys()].filter((row) => row.startsWith(prefix));
    return keys.sort(byBytes).flatMap((row) => rows.get(row) ?? []);
  }

  /** Stores `object` under `key` with the next revision and returns it as stored. */
  put(key: ObjectKey, object: Draft): Draft {
    const previous = this.get(key);
    const revision = this.current + 1;
    const stored: Draft = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    let rows = this.tables.get(tableOf(key));
    if (rows === undefined) this.tables.set(tableOf(key), (rows = new Map<string, Draft>()));
    rows.set(rowOf(key), stored);
    this.commit({ type: previous === undefined ? 'ADDED' : 'MODIFIED', resourceVersion: revision, key, object: stored, previous });
    return stored;
  }

  /** Removes the object; returns its last state with the deletion's revision, or undefined when it was absent. */
  remove(key: ObjectKey): Draft | undefined {
    const previous = this.get(key);
    if (previous === undefined) return undefined;
    const revision = this.current + 1;
    const object: Draft = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } };
    this.tables.get(tableOf(key))?.delete(rowOf(key));
    this.commit({ type: 'DELETED', resourceVersion: revision, key, object, previous });
    return object;
  }

  /** Changes of a resource after `revision`, oldest first. The caller checks `floor`. */
  eventsSince(resource: ResourceKey, revision: number): readonly StoreEvent[] {
    return this.history.slice(this.indexAfter(revision)).filter((event) => sameResource(event.key, resource));
  }

  /** Calls `listener` for every change, in order, also for changes made by listeners. Returns how to stop. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private commit(event: StoreEvent): void {
    this.current = event.resourceVersion;
    this.history.push(event);
    if (this.history.length > HISTORY) {
      const dropped = this.history.length - HISTORY / 2;
      this.oldest = this.history[dropped - 1]?.resourceVersion ?? this.oldest;
      this.history = this.history.slice(dropped);
    }
    this.pending.push(event);
    this.deliver();
  }

  private deliver(): void {
    if (this.delivering) return;
    this.delivering = true;
    try {
      for (let event = this.pending.shift(); event !== undefined; event = this.pending.shift()) {
        for (const listener of [...this.listeners]) listener(event);
      }
    } finally {
      this.delivering = false;
    }
  }

  /** The rows of a resource as of `revision`: the present ones with every later change undone. */
  private rowsAt(resource: ResourceKey, revision: number): Map<string, Draft> {
    const rows = new Map(this.tables.get(tableOf(resource)));
    if (revision >= this.current) return rows;
    for (const event of this.eventsSince(resource, revision).toReversed()) {
      if (event.previous === undefined) rows.delete(rowOf(event.key));
      else rows.set(rowOf(event.key), event.previous);
    }
    return rows;
  }

  /** Index of the first change after `revision` (binary search: the history is ordered). */
  private indexAfter(revision: number): number {
    let low = 0;
    let high = this.history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.history[middle]?.resourceVersion ?? Infinity) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function sameResource(one: ResourceKey, other: ResourceKey): boolean {
  return one.resource === other.resource && one.group === other.group;
}

function tableOf(key: ResourceKey): string {
  return `${key.group}/${key.resource}`;
}

function rowOf(key: ObjectKey): string {
  return `${key.namespace ?? ''}/${key.name}`;
}

function byBytes(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
