import { messageOf, VickError } from '../errors/vick-error.ts';
import type { FileSystem } from '../platform/fs.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/** Text of a file that a person has named. CONFIG_INVALID for what is no file or has no end, IO where it cannot be read. */
export async function readNamedFile(path: string, fs: Pick<FileSystem, 'info' | 'readText'>): Promise<string> {
  const info = await fs.info(path);
  if (info === undefined) throw new VickError('CONFIG_INVALID', `there is no file ${path}`, { hint: 'Check the path.' });
  if (info.kind === 'directory') throw new VickError('CONFIG_INVALID', `${path} is a folder`, { hint: 'Name each file.' });
  // A pipe of the shell is fine (`-f <(…)`); a device may never end.
  if (info.kind === 'other' && !/^\/(?:dev\/fd\/\d+|dev\/stdin|proc\/self\/fd\/\d+)$/.test(path)) {
    throw new VickError('CONFIG_INVALID', `${path} is not a file`, { hint: 'Name a file, or - for the standard input.' });
  }
  if (info.size > MAX_BYTES) throw new VickError('CONFIG_INVALID', `${path} is larger than ${MAX_BYTES / 1024 / 1024} MiB`, { hint: 'Check the path.' });
  try {
    return await fs.readText(path);
  } catch (error) {
    throw new VickError('IO', `${path} cannot be read: ${messageOf(error)}`, { cause: error, hint: `Check its permissions: ls -l ${path}` });
  }
}
