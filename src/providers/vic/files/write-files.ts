import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import { ProviderFailure } from '../../../kubelet/provider.ts';
import { jitter } from '../../../platform/random.ts';
import { packArchive, type ArchiveEntry } from '../../../platform/tar.ts';
import { diskEntries, type Placement } from '../plan/plan-files.ts';
import type { PowerOptions } from '../vm/power.ts';

export interface DiskToWrite {
  /** As the disk was joined: unique in the VCH. */
  readonly deltaId: string;
  readonly layerId: string;
  readonly placements: readonly Placement[];
}

const BUDGET_MS = 60_000;
const FIRST_MS = 250;
const FACTOR = 4;
const CAP_MS = 10_000;
/** An internal error comes without a word; that the disk is in use for a moment is one of its many reasons. */
const TRIES_OF_INTERNAL_ERROR = 3;

/**
 * Writes what is planned onto the disks of a VM that is off. A VCH that does not write files (one on a simulated vSphere,
 * for example) is no reason to keep a pod from running for want of the token that admission has given it: then the rest is
 * written without, and `warn` is told. ProviderFailure for everything else; messages never tell what is in a file.
 */
export async function writeFiles(
  options: PowerOptions & { readonly warn?: (message: string) => void },
  disks: readonly DiskToWrite[],
  signal: AbortSignal,
): Promise<readonly DiskToWrite[]> {
  const written: DiskToWrite[] = [];
  let left: string | undefined;
  for (const disk of disks) {
    try {
      await importEntries(options, disk.deltaId, diskEntries(disk.placements), signal);
      written.push(disk);
    } catch (error) {
      signal.throwIfAborted();
      const asked = disk.placements.filter(({ injectedToken }) => !injectedToken);
      const without = asked.length < disk.placements.length && isRefusal(error);
      if (!without) throw asFailure(asked.length === 0 ? disk.placements : asked, error);
      left ??= importReason(error);
      if (asked.length > 0) written.push(...(await writeFiles(options, [{ ...disk, placements: asked }], signal)));
    }
  }
  if (left !== undefined) {
    options.warn?.(`automountServiceAccountToken: the pod runs without its service account token, because its VCH could not write the file: ${left}`);
  }
  return written;
}

/** Onto a disk of a VM that is off. Conflicts are repeated, and so is what may be one. */
export async function importEntries(
  { portLayer, clock, random, log }: PowerOptions,
  deltaId: string,
  entries: readonly ArchiveEntry[],
  signal: AbortSignal,
): Promise<void> {
  const archive = packArchive(entries, clock.now());
  const end = clock.monotonic() + BUDGET_MS;
  let internalErrors = 0;
  for (let pause = FIRST_MS; ; pause = Math.min(pause * FACTOR, CAP_MS)) {
    try {
      await portLayer.importArchive({ deviceId: deltaId, archive }, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      const wait = jitter(random, pause, 0.5);
      const passes = isConflict(error) || (isInternal(error) && (internalErrors += 1) < TRIES_OF_INTERNAL_ERROR);
      if (!passes || clock.monotonic() + wait > end) throw error;
      log.debug('files were not written onto a disk, which is tried again', { disk: deltaId, error: messageOf(error) });
      await clock.sleep(wait, signal);
    }
  }
}

function isConflict(error: unknown): boolean {
  const failure = portLayerFailure(error);
  return failure?.kind === 'conflict' || failure?.httpStatus === 423 || /\bin use\b|\block(ed)?\b|\bbusy\b/i.test(failure?.reason ?? '');
}

function isInternal(error: unknown): boolean {
  return portLayerFailure(error)?.httpStatus === 500;
}

/** The VCH answered that it does not do it, or that it could not. */
function isRefusal(error: unknown): boolean {
  const kind = portLayerFailure(error)?.kind;
  return kind === 'refused' || kind === 'absent';
}

function asFailure(placements: readonly Placement[], error: unknown): ProviderFailure {
  const names = [...new Set(placements.map(({ volume }) => `"${volume}"`))].sort().join(', ');
  const containers = [...new Set(placements.map(({ container }) => container))].join(', ');
  const message = `volume ${names} could not be written to the disk of ${containers}: ${importReason(error)}`;
  return new ProviderFailure('CreatePodSandboxError', message, { cause: error });
}

/** What the VCH said. */
export function importReason(error: unknown): string {
  const failure = portLayerFailure(error);
  if (failure?.httpStatus === undefined) return messageOf(error);
  const said = failure.reason === '' ? ', and gave no reason; its log has one' : `: ${failure.reason}`;
  return `the port layer answered HTTP ${String(failure.httpStatus)}${said}`;
}
