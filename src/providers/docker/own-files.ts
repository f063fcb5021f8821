import { join } from 'node:path';
import { packArchive, type ArchiveEntry } from '../../platform/tar.ts';
import type { DockerContext } from './context.ts';
import { POD_FOLDER } from './volumes.ts';

export interface OwnFile {
  /** Below the pod's own folder. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

/**
 * Writes a file of the pod's own: its hosts file, a place for a termination message. Where the engine's folders are this
 * machine's, at once; else through the archive endpoint of the sandbox, for which an engine starts a process each time.
 * The folder's name holds the pod's UID, so one that is here is no other's; containers see single files of it.
 */
export async function writeOwnFile(
  { engine, files, clock, facts }: Pick<DockerContext, 'engine' | 'files' | 'clock' | 'facts'>,
  { sandbox, folder }: { readonly sandbox: string; readonly folder: string },
  { path, mode, content }: OwnFile,
  signal: AbortSignal,
): Promise<void> {
  const parents = path.split('/').slice(0, -1);
  if (files !== undefined && engine.local && !facts.rootless) {
    try {
      // Absent: an engine in a container or a VM of this machine.
      if ((await files.info(folder))?.kind === 'directory') {
        if (parents.length > 0) await files.makeDirectory(join(folder, ...parents), { mode: 0o755 });
        await files.writeFile(join(folder, path), content, { mode });
        return;
      }
    } catch {
      // An ordinary user, or a folder that is not ours to write.
    }
    signal.throwIfAborted();
  }
  const folders = parents.map((_, depth): ArchiveEntry => ({ path: parents.slice(0, depth + 1).join('/'), kind: 'folder', mode: 0o755 }));
  await engine.putArchive(sandbox, POD_FOLDER, packArchive([...folders, { path, kind: 'file', mode, content }], clock.now()), signal);
}
