import { createHash } from 'node:crypto';
import type { VolumeFile } from '../../../kubelet/provider.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { DiskUpdate } from './plan-update.ts';

/** A volume on one disk of a VM, and what it should have. */
export interface Attempt {
  readonly vmId: string;
  readonly layerId: string;
  readonly volume: string;
  /** The same for the same files. */
  readonly key: string;
  /** It is the token that nobody asked for. */
  readonly injected: boolean;
}

/**
 * What could not be written, so that a VCH is not asked for the same in vain again and again: each attempt changes a VM.
 * In an image without a shell nothing can be replaced while its VM is on. That is told once for each change, and of the
 * token that nobody asked for once, and the files wait for the next start of the VM.
 */
export interface Unwritten {
  /** Why it is not to be tried again so soon. */
  pause(attempt: Attempt): Error | undefined;
  /** A shell could not do it. */
  failed(attempt: Attempt, message: string): void;
  done(attempt: Attempt): void;
  hasNoShell(layerId: string): boolean;
  noShell(layerId: string): void;
  /** Throws what is to be said of an image without a shell, unless that was said. `files`: to be written before the VM starts again. */
  leave(attempt: Attempt, files?: readonly VolumeFile[]): void;
  /** Volumes that wait for the next start of a VM. */
  waiting(vmId: string): readonly (readonly [string, readonly VolumeFile[]])[];
  /** There are newer files, or these were written. */
  supersede(vmId: string, volume: string): void;
  forget(vmId: string): void;
}

interface Failure {
  readonly key: string;
  readonly message: string;
  readonly count: number;
  /** Monotonic milliseconds. */
  readonly until: number;
}

interface Kept {
  readonly failures: Map<string, Failure>;
  readonly told: Map<string, string>;
  readonly waiting: Map<string, readonly VolumeFile[]>;
}

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 30 * 60_000;
const NO_SHELL = 'its files stay as they are until the pod VM starts again, because the image has no /bin/sh, by which alone they could be replaced';

export function createUnwritten(clock: Clock): Unwritten {
  const shellless = new Set<string>();
  const byVm = new Map<string, Kept>();
  const kept = (vmId: string): Kept => {
    const there = byVm.get(vmId) ?? {
      failures: new Map<string, Failure>(),
      told: new Map<string, string>(),
      waiting: new Map<string, readonly VolumeFile[]>(),
    };
    byVm.set(vmId, there);
    return there;
  };
  const placeOf = ({ layerId, volume }: Attempt): string => `${layerId}/${volume}`;
  return {
    pause: (attempt) => {
      const failure = byVm.get(attempt.vmId)?.failures.get(placeOf(attempt));
      return failure?.key === attempt.key && clock.monotonic() < failure.until ? new Error(failure.message) : undefined;
    },
    failed: (attempt, message) => {
      const { failures } = kept(attempt.vmId);
      const before = failures.get(placeOf(attempt));
      const count = before?.key === attempt.key ? before.count + 1 : 1;
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** (count - 1), LONGEST_PAUSE_MS);
      failures.set(placeOf(attempt), { key: attempt.key, message, count, until: clock.monotonic() + pause });
    },
    done: (attempt) => {
      const there = byVm.get(attempt.vmId);
      there?.failures.delete(placeOf(attempt));
      if (!attempt.injected) there?.told.delete(placeOf(attempt));
    },
    hasNoShell: (layerId) => shellless.has(layerId),
    noShell: (layerId) => {
      shellless.add(layerId);
    },
    leave: (attempt, files) => {
      const { told, waiting } = kept(attempt.vmId);
      if (files !== undefined) waiting.set(attempt.volume, files);
      const key = attempt.injected ? '' : attempt.key;
      if (told.get(placeOf(attempt)) === key) return;
      told.set(placeOf(attempt), key);
      throw new Error(NO_SHELL);
    },
    waiting: (vmId) => [...(byVm.get(vmId)?.waiting ?? [])],
    supersede: (vmId, volume) => {
      byVm.get(vmId)?.waiting.delete(volume);
    },
    forget: (vmId) => {
      byVm.delete(vmId);
    },
  };
}

/** Of what a disk is to have of a volume. */
export function fingerprint({ after, remove }: Pick<DiskUpdate, 'after' | 'remove'>): string {
  return createHash('sha256')
    .update(JSON.stringify([after.files, remove]))
    .digest('base64url');
}
