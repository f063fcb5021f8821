import type { ServerResponse } from 'node:http';
import { ApiError } from '../api-error.ts';
import type { Engine } from '../engine.ts';
import { presentation, presentBookmark, presentObject, type Presentation } from '../http/present.ts';
import { isTrue } from '../http/request-info.ts';
import type { Representation } from '../http/negotiate.ts';
import type { Draft, ResourceKey } from '../resource.ts';
import { malformedRevision, matcher, namespaceOf } from '../rest/read.ts';
import { forbiddenOption } from '../rest/options.ts';
import type { ResourceRequest } from '../rest/request.ts';
import { badRequest } from '../status-errors.ts';
import { sameResource, type StoreEvent } from '../store/object-store.ts';

/** How long a watch lasts when the client does not say: 30–60 minutes, as with kube-apiserver's --min-request-timeout. */
const DEFAULT_TIMEOUT_MS = 1_800_000;

/** Time between bookmarks, as in the watch cache. */
const BOOKMARK_INTERVAL_MS = 60_000;

/** A client that leaves this much unread is cut off, so that it cannot fill the memory; it will list again. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

interface WatchPlan {
  readonly how: Presentation;
  readonly resource: ResourceKey;
  readonly namespace: string | undefined;
  readonly matches: (object: Draft) => boolean;
  /** Undefined: start with the present objects as ADDED. */
  readonly since: number | undefined;
  readonly bookmarks: boolean;
  /** Ends the initial objects with an annotated bookmark. */
  readonly marksInitialEnd: boolean;
  readonly timeoutMs: number;
}

/** Starts a watch: checks the request (throws ApiError), then streams events until the timeout, the client or `signal` ends it. */
export function startWatch(engine: Engine, request: ResourceRequest, response: ServerResponse, representation: Representation, signal: AbortSignal): void {
  const plan = planWatch(engine, request, representation);
  response.writeHead(200, { 'Cache-Control': 'no-cache, private', 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' });
  response.flushHeaders();
  new Watch(engine, plan, response, signal).start();
}

function planWatch(engine: Engine, request: ResourceRequest, representation: Representation): WatchPlan {
  const { definition, query } = request;
  const initial = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  if (initial !== null && match !== 'NotOlderThan') {
    throw forbiddenOption('ListOptions', 'resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (initial === null && match !== '') {
    throw forbiddenOption('ListOptions', 'resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  }
  const version = query.get('resourceVersion') ?? '';
  if (version !== '' && !/^\d+$/.test(version)) throw new ApiError(500, '', malformedRevision(version));
  const wantsInitial = initial === null ? version === '' || version === '0' : isTrue(initial);
  const shape = representation.shape === 'PartialObjectMetadataList' ? 'PartialObjectMetadata' : representation.shape;
  const bookmarks = query.get('allowWatchBookmarks') !== null && isTrue(query.get('allowWatchBookmarks'));
  return {
    how: presentation(definition, { ...representation, shape }, query, engine.clock.now()),
    resource: definition.viewOf?.of ?? definition,
    namespace: namespaceOf(request),
    matches: matcher(request),
    since: wantsInitial ? undefined : version === '' || version === '0' ? engine.store.revision : Number(version),
    bookmarks,
    marksInitialEnd: bookmarks && initial !== null && isTrue(initial),
    timeoutMs: timeoutOf(query),
  };
}

function timeoutOf(query: URLSearchParams): number {
  const text = query.get('timeoutSeconds') ?? '';
  if (text === '') return DEFAULT_TIMEOUT_MS;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text) > 0 ? Math.min(Number(text) * 1_000, 2 ** 31 - 1) : DEFAULT_TIMEOUT_MS;
}

class Watch {
  private readonly stops: (() => void)[] = [];
  private readonly engine: Engine;
  private readonly plan: WatchPlan;
  private readonly response: ServerResponse;
  private readonly signal: AbortSignal;
  private columnsSent = false;
  private ended = false;
  private seen = 0;

  constructor(engine: Engine, plan: WatchPlan, response: ServerResponse, signal: AbortSignal) {
    this.engine = engine;
    this.plan = plan;
    this.response = response;
    this.signal = signal;
  }

  start(): void {
    const { engine, plan } = this;
    const end = (): void => {
      this.end();
    };
    this.response.on('close', end);
    this.signal.addEventListener('abort', end, { once: true });
    this.stops.push(() => {
      this.signal.removeEventListener('abort', end);
    });
    if (this.signal.aborted) {
      this.end();
      return;
    }
    if (!this.replay()) return;
    this.stops.push(
      engine.store.subscribe((event) => {
        if (sameResource(event.key, plan.resource)) this.deliver(event);
      }),
    );
    this.stops.push(engine.clock.schedule(plan.timeoutMs, end));
    if (plan.bookmarks) this.scheduleBookmark();
  }

  /** What was there, or happened, before now. False when the wanted revision is too old: the watch ends with an ERROR. */
  private replay(): boolean {
    const { engine, plan } = this;
    if (plan.since === undefined) {
      const present = engine.store.list(plan.resource, plan.namespace).filter(plan.matches);
      for (const object of present) this.write('ADDED', this.present(object));
      this.seen = engine.store.revision;
      if (plan.marksInitialEnd) this.bookmark({ 'k8s.io/initial-events-end': 'true' });
      return true;
    }
    if (plan.since < engine.store.floor) {
      const message =
        plan.how.definition.uncached === true
          ? 'The resourceVersion for the provided watch is too old.'
          : `too old resource version: ${plan.since} (${engine.store.floor})`;
      this.write('ERROR', new ApiError(410, 'Expired', message).toStatus());
      this.end();
      return false;
    }
    this.seen = plan.since;
    for (const event of engine.store.eventsSince(plan.resource, plan.since)) this.deliver(event);
    return true;
  }

  /** An event as the selectors see it: an object that begins to match is ADDED, one that stops is DELETED. */
  private deliver(event: StoreEvent): void {
    const { plan } = this;
    if (event.resourceVersion <= this.seen) return;
    this.seen = event.resourceVersion;
    if (plan.namespace !== undefined && event.key.namespace !== plan.namespace) return;
    const before = event.previous !== undefined && plan.matches(event.previous);
    const after = event.type !== 'DELETED' && plan.matches(event.object);
    if (after) this.write(before ? 'MODIFIED' : 'ADDED', this.present(event.object));
    else if (before) this.write('DELETED', this.present(lastMatching(event)));
  }

  private scheduleBookmark(): void {
    this.stops.push(
      this.engine.clock.schedule(BOOKMARK_INTERVAL_MS, () => {
        this.seen = Math.max(this.seen, this.engine.store.revision);
        this.bookmark(undefined);
        if (!this.ended) this.scheduleBookmark();
      }),
    );
  }

  private bookmark(annotations: Readonly<Record<string, string>> | undefined): void {
    const object = presentBookmark(String(this.seen), annotations, this.plan.how, !this.columnsSent);
    this.columnsSent = true;
    this.write('BOOKMARK', object);
  }

  private present(object: Draft): object {
    const presented = presentObject(object, { ...this.plan.how, now: this.engine.clock.now() }, !this.columnsSent);
    this.columnsSent = true;
    return presented;
  }

  private write(type: string, object: object): void {
    if (this.ended) return;
    this.response.write(`${JSON.stringify({ type, object })}\n`);
    if (this.response.writableLength > MAX_BACKLOG_BYTES) this.response.destroy();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const stop of this.stops) stop();
    this.response.end();
  }
}

/** What a watcher with selectors last saw, at the revision of the change. */
function lastMatching(event: StoreEvent): Draft {
  const last = event.previous ?? event.object;
  return { ...last, metadata: { ...last.metadata, resourceVersion: String(event.resourceVersion) } };
}
