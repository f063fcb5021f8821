import { dirname } from 'node:path';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';

export interface LogFile {
  /** Takes a line with its end; writes in the background, in order. */
  write(line: string): void;
  /** Resolves when everything taken so far is in the file. */
  flush(): Promise<void>;
}

/** Beyond this a log becomes `<file>.1`: the disk of an endpoint VM is small, and nothing else rotates this file. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Opens (or makes, with its folder) a log file. KUBELET_CONFIG when it cannot be written. */
export async function openLogFile(fs: FileSystem, path: string, onLost: (message: string) => void): Promise<LogFile> {
  let bytes: number;
  try {
    await fs.makeDirectory(dirname(path), { mode: 0o755 });
    await fs.appendFile(path, '', { mode: 0o644 });
    bytes = (await fs.info(path))?.size ?? 0;
  } catch (error) {
    throw new VickError('KUBELET_CONFIG', `the log file ${path} cannot be written: ${messageOf(error)}`, {
      hint: 'Name another one with --log-file, or set LOCAL_VIRTUAL_KUBELET=true to log into the current folder.',
      cause: error,
    });
  }
  let pending = '';
  let work: Promise<void> | undefined;
  let lost = false;

  const drain = async (): Promise<void> => {
    while (pending !== '') {
      const text = pending;
      pending = '';
      try {
        if (bytes > MAX_BYTES) {
          await fs.rename(path, `${path}.1`);
          bytes = 0;
        }
        await fs.appendFile(path, text, { mode: 0o644 });
        bytes += Buffer.byteLength(text);
      } catch (error) {
        // A full disk must not end the kubelet; said once, where somebody may see it.
        if (!lost) onLost(`log lines are lost: ${messageOf(error)}`);
        lost = true;
      }
    }
    work = undefined;
  };

  return {
    write: (line) => {
      pending += line;
      work ??= drain();
    },
    flush: async () => {
      await work;
    },
  };
}
