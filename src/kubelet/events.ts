/**
 * Events for people: repeated ones are counted up, floods are cut, and a failed write disturbs nothing
 * (client-go/tools/record/events_cache.go).
 */
import { isVickError, type VickError } from '../errors/vick-error.ts';
import { rfc3339, type Clock } from '../platform/clock.ts';
import type { Event, JsonObject, Node, Pod } from '../platform/kubernetes-objects.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import type { Cluster } from './cluster.ts';

export interface EventRecorder {
  pod(pod: Pod, event: EventText, container?: string): void;
  node(node: Node, event: EventText): void;
}

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorderOptions {
  readonly cluster: Pick<Cluster, 'createEvent' | 'patchEvent'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly nodeName: string;
  readonly signal: AbortSignal;
}

type Reference = Event['involvedObject'];

/** One that waits to be written. */
interface Told {
  readonly object: Reference;
  readonly text: EventText;
  readonly time: string;
  /** The same for every attempt, so that none makes a second one. */
  readonly name: string;
}

interface Known {
  readonly namespace: string;
  readonly name: string;
  count: number;
  written: boolean;
}

const REMEMBERED = 1_000;
const WAITING = 1_000;
/** Per object: a burst of 25, then one in five minutes, as upstream's spam filter. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Of all objects: as a kubelet's eventBurst and eventRecordQPS. */
const BURST_OF_ALL = 100;
const EACH_MS = 20;
const MESSAGE_LIMIT = 1_024;
/** A server that cannot be reached, or cannot do it now, is asked again (client-go/tools/record/event.go). */
const ATTEMPTS = 12;
const RETRY_MS = 10_000;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const known = new Map<string, Known>();
  const buckets = new Map<string, { tokens: number; at: number }>();
  let chain: Promise<void> = Promise.resolve();
  let waiting = 0;
  let room = BURST_OF_ALL;
  let roomAt = options.clock.now();

  /** People read events, and nothing waits for one: a flood of them leaves the API server to those who do. */
  const turn = async (): Promise<void> => {
    const now = options.clock.now();
    room = Math.min(BURST_OF_ALL, room + (now - roomAt) / EACH_MS) - 1;
    roomAt = now;
    if (room < 0) await options.clock.sleep(-room * EACH_MS, options.signal);
  };

  const record = (involvedObject: Reference, text: EventText): void => {
    if (options.signal.aborted || waiting >= WAITING || !allowed(buckets, involvedObject.uid ?? '', options.clock.now())) return;
    waiting += 1;
    const event: Told = { object: involvedObject, text, time: rfc3339(options.clock.now()), name: `${involvedObject.name ?? ''}.${options.random.hex(8)}` };
    chain = chain
      .then(turn)
      .then(() => patiently(options, () => write(options, known, event)))
      .catch((error: unknown) => {
        options.log.debug('event was not written', { reason: text.reason, error });
      })
      .finally(() => {
        waiting -= 1;
      });
  };

  return {
    pod: (pod, text, container) => {
      const { namespace = 'default', name = '', uid = '', resourceVersion } = pod.metadata ?? {};
      const fieldPath = container === undefined ? {} : { fieldPath: `spec.${listOf(pod, container)}{${container}}` };
      record({ apiVersion: 'v1', kind: 'Pod', namespace, name, uid, ...(resourceVersion === undefined ? {} : { resourceVersion }), ...fieldPath }, text);
    },
    node: (node, text) => {
      record({ kind: 'Node', name: options.nodeName, uid: node.metadata?.uid ?? options.nodeName }, text);
    },
  };
}

/** The list of the spec that a container stands in. */
function listOf({ spec }: Pod, container: string): 'containers' | 'initContainers' | 'ephemeralContainers' {
  const among = (list: readonly { readonly name: string }[] | undefined): boolean => list?.some(({ name }) => name === container) === true;
  if (among(spec?.initContainers)) return 'initContainers';
  return among(spec?.ephemeralContainers) ? 'ephemeralContainers' : 'containers';
}

async function patiently({ clock, signal }: EventRecorderOptions, attempt: () => Promise<void>): Promise<void> {
  for (let count = 1; ; count += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (count >= ATTEMPTS || !isVickError(error) || !isPassing(error)) throw error;
    }
    await clock.sleep(RETRY_MS, signal);
  }
}

function isPassing({ code, details }: VickError): boolean {
  const status = details?.['httpStatus'];
  return code === 'KUBE_UNREACHABLE' || (typeof status === 'number' && (status === 429 || status >= 500));
}

async function write(options: EventRecorderOptions, known: Map<string, Known>, { object, text, time: now, name }: Told): Promise<void> {
  const key = [object.uid, object.fieldPath, text.type, text.reason, text.message].join('\n');
  const before = known.get(key);
  if (before?.written === true) {
    const patch: JsonObject = { count: before.count + 1, lastTimestamp: now };
    try {
      await options.cluster.patchEvent({ namespace: before.namespace, name: before.name }, patch, options.signal);
      before.count += 1;
      return;
    } catch (error) {
      if (isVickError(error) && isPassing(error)) throw error;
      // The event has expired, or was removed: tell it anew.
      known.delete(key);
    }
  }
  const namespace = object.namespace ?? 'default';
  const entry: Known = { namespace, name, count: (before?.count ?? 0) + 1, written: false };
  await create(options, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: object,
    reason: text.reason,
    message: text.message.slice(0, MESSAGE_LIMIT),
    type: text.type,
    source: { component: 'kubelet', host: options.nodeName },
    reportingComponent: 'kubelet',
    reportingInstance: options.nodeName,
    firstTimestamp: now,
    lastTimestamp: now,
    count: entry.count,
  });
  entry.written = true;
  known.set(key, entry);
  for (const oldest of known.keys()) {
    if (known.size <= REMEMBERED) break;
    known.delete(oldest);
  }
}

async function create({ cluster, signal }: EventRecorderOptions, event: Event): Promise<void> {
  try {
    await cluster.createEvent(event, signal);
  } catch (error) {
    // An earlier attempt has come through; only its answer was lost.
    if (!isVickError(error) || error.code !== 'KUBE_CONFLICT') throw error;
  }
}

function allowed(buckets: Map<string, { tokens: number; at: number }>, uid: string, now: number): boolean {
  const before = buckets.get(uid);
  const tokens = before === undefined ? BURST : Math.min(BURST, before.tokens + (now - before.at) / REFILL_MS);
  buckets.delete(uid);
  buckets.set(uid, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
  for (const oldest of buckets.keys()) {
    if (buckets.size <= REMEMBERED) break;
    buckets.delete(oldest);
  }
  return tokens >= 1;
}
