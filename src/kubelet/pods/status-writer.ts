/**
 * Brings pod statuses to the API: one write at a time per pod, only the newest status, nothing that the API holds
 * already, and the same status not twice within 10 s (the API's copy here may be older than the last write).
 */
import { isVickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { JsonObject, Pod, PodStatus } from '../../platform/kubernetes-objects.ts';
import type { Cluster, PodRef } from '../cluster.ts';
import { KeyedQueue } from '../keyed-queue.ts';
import type { Limiter } from '../../platform/limiter.ts';
import { sameJson } from '../same-json.ts';
import { statusPatch } from './status-patch.ts';

export interface StatusWriterOptions {
  readonly cluster: Pick<Cluster, 'patchPodStatus' | 'getPod'>;
  readonly clock: Clock;
  readonly log: Log;
  /** How many requests may be under way. */
  readonly limit: Limiter;
  /** The API holds this pod now. */
  readonly onWritten: (uid: string, pod: Pod) => void;
  /** The API has no pod of this UID any more. */
  readonly onGone: (uid: string) => void;
}

interface Entry {
  pod: Pod;
  desired: PodStatus;
  sent: PodStatus | undefined;
  sentAt: number;
  /** What is to be written, worked out for `pod` and `desired`. */
  patch: JsonObject | undefined;
  /** What the API server has left out of its answer to the last write: it does not know these fields. */
  untaken: JsonObject | undefined;
}

const REPEAT_MS = 10_000;

export class StatusWriter {
  private readonly entries = new Map<string, Entry>();
  private readonly options: StatusWriterOptions;
  private readonly queue: KeyedQueue;
  private readonly abort = new AbortController();

  constructor(options: StatusWriterOptions) {
    this.options = options;
    this.queue = new KeyedQueue({
      clock: options.clock,
      work: (uid) => this.write(uid),
      onError: (uid, error) => options.log.warn('pod status was not written', { pod: uid, error }),
      // A kubelet looks after its statuses every 10 s (pkg/kubelet/status/status_manager.go, syncPeriod).
      retry: { firstMs: 500, maximumMs: 10_000 },
    });
  }

  /** `pod` is the newest object known from the API, `desired` what its status should say. */
  submit(pod: Pod, desired: PodStatus): void {
    const uid = pod.metadata?.uid ?? '';
    const known = this.entries.get(uid);
    const entry: Entry = known ?? { pod, desired, sent: undefined, sentAt: 0, patch: undefined, untaken: undefined };
    entry.pod = pod;
    entry.desired = desired;
    entry.patch = patchOf(entry);
    this.entries.set(uid, entry);
    if (entry.patch === undefined) return;
    if (entry.sent !== undefined && sameJson(entry.sent, desired) && this.options.clock.now() < entry.sentAt + REPEAT_MS) {
      this.queue.addAt(uid, entry.sentAt + REPEAT_MS);
    } else {
      this.queue.add(uid);
    }
  }

  forget(uid: string): void {
    this.entries.delete(uid);
    this.queue.forget(uid);
  }

  /** Writes what is left once, waits at most `limitMs`, and stops. */
  async close(limitMs: number): Promise<void> {
    for (const [uid, entry] of this.entries) if (entry.patch !== undefined) this.queue.add(uid);
    this.queue.stop();
    const cancel = this.options.clock.schedule(limitMs, () => {
      this.abort.abort(new Error('the kubelet has stopped'));
    });
    await this.queue.idle();
    cancel();
  }

  private async write(uid: string): Promise<void> {
    await this.options.limit(() => this.writeNewest(uid));
  }

  private async writeNewest(uid: string): Promise<void> {
    const entry = this.entries.get(uid);
    if (entry === undefined) return;
    const { pod, desired, patch } = entry;
    if (patch === undefined) return;
    const ref: PodRef = { namespace: pod.metadata?.namespace ?? '', name: pod.metadata?.name ?? '', uid };
    try {
      const written = await this.options.cluster.patchPodStatus(ref, patch, this.abort.signal);
      const untaken = statusPatch(written.status ?? {}, desired);
      Object.assign(entry, { pod: entry.pod === pod ? written : entry.pod, sent: desired, sentAt: this.options.clock.now(), untaken });
      entry.patch = patchOf(entry);
      this.options.onWritten(uid, written);
    } catch (error) {
      if (!(await this.isGone(ref, error))) throw error;
      this.forget(uid);
      this.options.onGone(uid);
    }
  }

  /** A patch that names another UID than the object's is refused as invalid, or as a conflict. */
  private async isGone(ref: PodRef, error: unknown): Promise<boolean> {
    if (!isVickError(error)) return false;
    if (error.code === 'KUBE_NOT_FOUND') return true;
    if (error.code !== 'KUBE_CONFLICT' && error.code !== 'KUBE_INVALID') return false;
    try {
      const found = await this.options.cluster.getPod(ref, this.abort.signal);
      return found.metadata?.uid !== ref.uid;
    } catch (second) {
      return isVickError(second) && second.code === 'KUBE_NOT_FOUND';
    }
  }
}

/** Undefined when there is nothing to write, or nothing that the server would keep. */
function patchOf({ pod, desired, untaken }: Entry): JsonObject | undefined {
  const patch = statusPatch(pod.status ?? {}, desired);
  return untaken !== undefined && sameJson(patch, untaken) ? undefined : patch;
}
