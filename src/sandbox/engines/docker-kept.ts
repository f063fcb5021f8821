/**
 * What programs make in the folders that were written empty to a disk (those of volumes that begin empty): taken out of a
 * container before it is removed, and put into the one that follows it.
 */
import { posix } from 'node:path';
import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { readArchive, type ArchiveEntry, type ArchiveMember } from '../../platform/tar.ts';
import type { WrittenDisk } from './disk-folder.ts';

export interface KeptTools {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly log: Log;
}

/** One task with its disk; its container of each life is another one. */
export interface KeptTask {
  readonly id: string;
  readonly disk: WrittenDisk;
}

/** A folder with more than this begins empty again. */
const KEPT_BYTES = 64 * 1024 * 1024;
const WITHIN_MS = 15_000;

/** Ends what runs in the container, if there is anything to keep. Never rejects: what cannot be kept is told in the log. */
export async function keepFolders({ engine, clock, log }: KeptTools, container: string, { id, disk }: KeptTask): Promise<void> {
  const over = new AbortController();
  const late = new AbortController();
  void clock.sleep(WITHIN_MS, over.signal).then(
    () => {
      late.abort(new Error('the engine takes too long'));
    },
    () => undefined,
  );
  try {
    const folders = emptyFolders(await disk.entries());
    // One that does not run any more cannot be killed, in the words of some engines.
    if (folders.length > 0) await engine.killContainer(container, 'SIGKILL', late.signal).catch(() => undefined);
    for (const path of folders) {
      const archive = await engine.getArchive(container, `/${path}`, KEPT_BYTES, late.signal);
      if (archive === undefined) continue;
      if (archive.length < KEPT_BYTES) await disk.keep(`${id} ${path}`, archive);
      else log.warn('a folder is too large to be kept for the next life of a container', { container, folder: `/${path}` });
    }
  } catch (error) {
    log.warn('folders are not kept for the next life of a container', { container, why: messageOf(error) });
  } finally {
    over.abort();
  }
}

export async function restoreFolders(engine: ContainerEngine, container: string, { id, disk }: KeptTask, signal: AbortSignal): Promise<void> {
  for (const path of emptyFolders(await disk.entries())) {
    const archive = await disk.kept(`${id} ${path}`);
    if (archive !== undefined) await engine.putArchive(container, posix.dirname(`/${path}`), archive, signal);
  }
}

/** What is kept, of several tasks that of the first. */
export async function keptMembers(disk: WrittenDisk, tasks: readonly string[]): Promise<readonly ArchiveMember[]> {
  const found: ArchiveMember[] = [];
  for (const path of emptyFolders(await disk.entries())) {
    const archives = await Promise.all(tasks.map((id) => disk.kept(`${id} ${path}`)));
    const archive = archives.find((one) => one !== undefined);
    // Its members begin with the last name of the folder.
    for (const member of archive === undefined ? [] : readArchive(archive)) found.push({ ...member, path: posix.join(posix.dirname(path), member.path) });
  }
  return found.map((member) => ({ ...member, path: member.path.replace(/\/$/, ''), mode: member.mode & 0o7777 }));
}

function emptyFolders(entries: readonly ArchiveEntry[]): readonly string[] {
  const parents = new Set(entries.map(({ path }) => posix.dirname(path)));
  return entries.filter(({ kind, path }) => kind === 'folder' && !parents.has(path)).map(({ path }) => path);
}
