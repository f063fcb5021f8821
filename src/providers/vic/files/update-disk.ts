import { PassThrough, Readable } from 'node:stream';
import { messageOf } from '../../../errors/vick-error.ts';
import type { VolumeFile } from '../../../kubelet/provider.ts';
import { deadline } from '../../../platform/http-exchange.ts';
import { LaunchFailure, type VmExec } from '../tasks/exec.ts';
import type { DiskRecord, FileRecord, FileRecords } from './file-records.ts';
import { withFolders } from '../plan/plan-files.ts';
import { planOff, planUpdate, type DiskUpdate } from './plan-update.ts';
import type { PodVm } from '../vm/pod-index.ts';
import type { PowerOptions } from '../vm/power.ts';
import { DEFAULT_PATH } from '../vm/process-config.ts';
import { fingerprint, type Attempt, type Unwritten } from './unwritten.ts';
import { CUT, UPDATE_SCRIPT, updateInput } from './update-script.ts';
import { importEntries, importReason } from './write-files.ts';

export interface DiskUpdateOptions extends PowerOptions {
  readonly records: FileRecords;
  readonly run: VmExec;
  readonly unwritten: Unwritten;
}

export interface DiskUpdateRequest {
  readonly vm: PodVm;
  readonly record: FileRecord;
  readonly layerId: string;
  readonly volume: string;
  readonly files: readonly VolumeFile[];
  /** Whether the VM runs; else it is off, and stays so meanwhile. */
  readonly on: boolean;
}

/** An attempt of which the next one promises no more. */
class VainAttempt extends Error {}

const SHELL = { path: '/bin/sh', args: ['-c', UPDATE_SCRIPT], env: [DEFAULT_PATH, 'LC_ALL=C'], workingDir: '/', user: '0', stopSignal: '' };
/** For the change of the VM, and for what the serial line carries: half of its nominal 14 KB/s. */
const RUN_MS = 60_000;
const BYTES_PER_MS = 7;
const SAID = 400;

/** Does what is to be done on one disk, if anything. The record tells, at every moment, of which files nothing is certain. */
export async function updateDisk(options: DiskUpdateOptions, request: DiskUpdateRequest, signal: AbortSignal): Promise<void> {
  const { vm, record, layerId, volume, files, on } = request;
  const disk = record.disks.find((one) => one.layerId === layerId);
  const plan = disk === undefined ? undefined : planUpdate(disk, volume, files, record.salt);
  if (disk === undefined || plan === undefined) return;
  const injected = disk.places.some((place) => place.volume === volume && place.injectedToken);
  const attempt: Attempt = { vmId: vm.info.id, layerId, volume, key: fingerprint(plan), injected };
  const done = on ? await updateOn(options, request, { disk, plan, attempt }, signal) : await updateOff(options, request, { disk, plan, attempt }, signal);
  if (done) options.unwritten.done(attempt);
}

interface Planned {
  readonly disk: DiskRecord;
  readonly plan: DiskUpdate;
  readonly attempt: Attempt;
}

async function updateOff(options: DiskUpdateOptions, request: DiskUpdateRequest, { disk, plan, attempt }: Planned, signal: AbortSignal): Promise<boolean> {
  const { unwritten } = options;
  const part = planOff(disk, plan);
  if (part.write.length > 0) {
    await keep(options, request, part.during, signal);
    try {
      await importEntries(options, disk.deltaId, withFolders(part.write.map(({ entry }) => entry)), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`its files could not be replaced on the disk of ${namesOf(disk)}: ${importReason(error)}`, { cause: error });
    }
    await keep(options, request, part.after, signal);
  }
  if (part.whole) return true;
  if (!unwritten.hasNoShell(disk.layerId)) {
    throw new Error('files can be removed, or given another mode, only while the pod VM is on; that will be done when it is');
  }
  unwritten.leave(attempt);
  return false;
}

async function updateOn(options: DiskUpdateOptions, request: DiskUpdateRequest, { disk, plan, attempt }: Planned, signal: AbortSignal): Promise<boolean> {
  const { unwritten } = options;
  const pause = unwritten.pause(attempt);
  if (pause !== undefined) throw pause;
  if (!unwritten.hasNoShell(disk.layerId)) {
    await keep(options, request, plan.during, signal);
    try {
      await runScript(options, request, { disk, plan }, signal);
      await keep(options, request, plan.after, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!isNoShell(error)) {
        if (isVain(error)) unwritten.failed(attempt, messageOf(error));
        throw error;
      }
      await keep(options, request, disk, signal);
      unwritten.noShell(disk.layerId);
    }
  }
  unwritten.leave(attempt, request.files);
  return false;
}

async function runScript(
  { clock, run }: DiskUpdateOptions,
  { vm }: DiskUpdateRequest,
  { disk, plan }: Omit<Planned, 'attempt'>,
  signal: AbortSignal,
): Promise<void> {
  const input = updateInput(plan);
  const container = vm.identity.containers.find(({ layerId }) => layerId === disk.layerId);
  if (container === undefined) throw new Error('the pod VM no longer tells whose root file system it has');
  const limit = deadline(clock, RUN_MS + input.byteLength / BYTES_PER_MS, signal);
  const stderr = new PassThrough();
  const said = firstBytes(stderr, SAID);
  try {
    const streams = { stdin: Readable.from([input]), stdout: new PassThrough().resume(), stderr, tty: false };
    const exitCode = await run({ vmId: vm.info.id, container }, SHELL, streams, limit.signal);
    stderr.end();
    if (exitCode === 0) return;
    const why = exitCode === CUT ? 'they did not reach it whole' : (await said) || `the shell of the image ended with ${String(exitCode)}`;
    const message = `its files could not be replaced in ${namesOf(disk)}: ${why}`;
    // More is a signal: somebody ended it, or the VM went off.
    throw exitCode > 0 && exitCode < 128 && exitCode !== CUT ? new VainAttempt(message) : new Error(message);
  } catch (error) {
    if (limit.expired()) throw new VainAttempt(`its files were not replaced in ${namesOf(disk)} in time: ${messageOf(error)}`, { cause: error });
    throw error;
  } finally {
    limit.dispose();
    stderr.end();
  }
}

/** Of what programs say, paths and reasons: no content is ever among their words. */
async function firstBytes(stream: AsyncIterable<unknown>, limit: number): Promise<string> {
  let text = '';
  for await (const chunk of stream) if (text.length < limit) text += Buffer.from(chunk as Uint8Array).toString();
  return text
    .slice(0, limit)
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ');
}

/** Nothing says that a VM is going off, or that a connection broke. */
function isVain(error: unknown): boolean {
  return error instanceof VainAttempt || (error instanceof LaunchFailure && !/powered off/i.test(error.message));
}

function isNoShell(error: unknown): boolean {
  return error instanceof LaunchFailure && /no such|not found|permission denied|exec format/i.test(error.message);
}

async function keep({ records }: DiskUpdateOptions, { vm, record }: DiskUpdateRequest, disk: DiskRecord, signal: AbortSignal): Promise<void> {
  const disks = record.disks.map((one) => (one.layerId === disk.layerId ? disk : one));
  await records.write(vm.info.id, { ...record, disks }, signal);
}

/** Of the containers that have it. */
function namesOf({ places }: DiskRecord): string {
  return [...new Set(places.map(({ container }) => container))].join(', ');
}
