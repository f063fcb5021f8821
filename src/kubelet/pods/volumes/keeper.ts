/**
 * Keeps file volumes of running pods as their sources are: a changed ConfigMap or Secret, changed labels, a token that
 * is to be renewed. What cannot be put together or written is tried again, and until then the volume keeps what it has.
 */
import { createHash } from 'node:crypto';
import { messageOf } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Pod, Volume } from '../../../platform/kubernetes-objects.ts';
import type { Log } from '../../../platform/log.ts';
import type { VolumeService } from '../../capabilities.ts';
import { KeyedQueue } from '../../keyed-queue.ts';
import type { VolumeFile } from '../../provider.ts';
import { isFileVolume, type BuiltFiles } from './build-files.ts';
import { VolumeFailure, type VolumeProblem } from './failure.ts';

export interface VolumeKeeperOptions {
  readonly volumes: VolumeService;
  readonly clock: Clock;
  readonly log: Log;
  readonly build: (pod: Pod, volume: Volume) => Promise<BuiltFiles>;
  /** Volumes of a pod that its provider was not given. */
  readonly leftOut: (pod: Pod) => ReadonlySet<string>;
  /** A running pod's volume could not be brought up to date. */
  readonly onProblem: (pod: Pod, problem: VolumeProblem) => void;
  readonly signal: AbortSignal;
}

interface Kept {
  pod: Pod;
  /** The back end has the pod: its volumes can be written. */
  there: boolean;
  dirty: boolean;
  /** Digests of what was written, by volume. */
  readonly written: Map<string, string>;
  refreshAt: number;
}

const RETRY = { firstMs: 1_000, maximumMs: 120_000 };

export class VolumeKeeper {
  private readonly options: VolumeKeeperOptions;
  private readonly kept = new Map<string, Kept>();
  private readonly queue: KeyedQueue;

  constructor(options: VolumeKeeperOptions) {
    this.options = options;
    this.queue = new KeyedQueue({
      clock: options.clock,
      retry: RETRY,
      work: (uid) => this.refresh(uid),
      onError: (uid, error) => options.log.debug('volumes were not brought up to date', { pod: uid, error }),
    });
    options.signal.addEventListener('abort', () => this.queue.stop(), { once: true });
  }

  /** The pod, or a part of it that was lost, is about to be created with these files. */
  prepared(pod: Pod, built: ReadonlyMap<string, BuiltFiles>): void {
    const uid = pod.metadata?.uid ?? '';
    if (built.size === 0) return;
    const digests = [...built].map(([name, { files }]) => [name, digest(files)] as const);
    const before = this.kept.get(uid);
    // The rest of the pod may have older ones.
    const written = new Map(digests.filter(([name, wanted]) => before?.there !== true || before.written.get(name) === wanted));
    this.kept.set(uid, { pod, there: false, dirty: written.size < built.size, written, refreshAt: refreshOf(built.values()) });
  }

  /** The back end has the pod, which is this now. Without `prepared` (a pod from before) all its files are written once. */
  keep(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const known = this.kept.get(uid);
    if (known === undefined) {
      if (this.fileVolumes(pod).length === 0) return;
      this.kept.set(uid, { pod, there: true, dirty: true, written: new Map(), refreshAt: Number.POSITIVE_INFINITY });
      this.queue.add(uid);
      return;
    }
    const changed = !known.there || known.pod.metadata?.resourceVersion !== pod.metadata?.resourceVersion;
    const before = known.pod;
    known.pod = pod;
    known.there = true;
    if (!changed) return;
    if (known.dirty || metadataOf(before) !== metadataOf(pod)) this.queue.add(uid);
    else if (Number.isFinite(known.refreshAt)) this.queue.addAt(uid, known.refreshAt);
  }

  /** Something that this pod's volumes are made of is another one now. */
  touch(uid: string): void {
    const known = this.kept.get(uid);
    if (known === undefined) return;
    known.dirty = true;
    if (known.there) this.queue.add(uid);
  }

  forget(uid: string): void {
    this.kept.delete(uid);
    this.queue.forget(uid);
  }

  private async refresh(uid: string): Promise<void> {
    const known = this.kept.get(uid);
    if (known?.there !== true) return;
    const { pod } = known;
    known.dirty = false;
    const built = new Map<string, BuiltFiles>();
    const problems: VolumeProblem[] = [];
    for (const volume of this.fileVolumes(pod)) {
      try {
        const files = await this.options.build(pod, volume);
        built.set(volume.name, files);
        await this.write(uid, known, volume.name, files);
      } catch (error) {
        if (this.options.signal.aborted || this.kept.get(uid) !== known) return;
        problems.push({ volume: volume.name, message: messageOf(error) });
      }
    }
    known.refreshAt = refreshOf(built.values());
    if (Number.isFinite(known.refreshAt)) this.queue.addAt(uid, known.refreshAt);
    for (const problem of problems) this.options.onProblem(pod, problem);
    if (problems.length > 0) throw new VolumeFailure(problems);
  }

  private async write(uid: string, known: Kept, volume: string, { files }: BuiltFiles): Promise<void> {
    const wanted = digest(files);
    if (known.written.get(volume) === wanted || this.kept.get(uid) !== known) return;
    await this.options.volumes.update({ uid, volume }, files, this.options.signal);
    known.written.set(volume, wanted);
  }

  private fileVolumes(pod: Pod): readonly Volume[] {
    const leftOut = this.options.leftOut(pod);
    return (pod.spec?.volumes ?? []).filter((volume) => isFileVolume(volume) && !leftOut.has(volume.name));
  }
}

function refreshOf(built: Iterable<BuiltFiles>): number {
  return Math.min(...[...built].map(({ refreshAt }) => refreshAt ?? Number.POSITIVE_INFINITY));
}

function metadataOf({ metadata }: Pod): string {
  return JSON.stringify([metadata?.labels, metadata?.annotations]);
}

function digest(files: readonly VolumeFile[]): string {
  const hash = createHash('sha256');
  for (const { path, content, mode, uid } of files) {
    hash.update(JSON.stringify([path, mode, uid ?? null, content.byteLength]));
    hash.update(content);
  }
  return hash.digest('base64');
}
