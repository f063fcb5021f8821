import { join } from 'node:path';
import type { FileSystem } from '../../platform/fs.ts';
import { LaunchError } from './port.ts';

/**
 * The file to execute for `path`, found as Go's os/exec finds it (`exec.LookPath`): a name with a slash is taken as it
 * is, any other name is looked up along `searchPaths`. Refusals carry the texts of the container VM's guest agent.
 */
export async function findExecutable(
  fs: Pick<FileSystem, 'info' | 'isExecutable'>,
  path: string,
  searchPaths: readonly string[],
  base: string,
): Promise<string> {
  if (path.includes('/')) {
    const file = path.startsWith('/') ? path : join(base, path);
    const info = await fs.info(file);
    if (info === undefined) throw new LaunchError('no such file or directory');
    if (info.kind !== 'file' || !(await fs.isExecutable(file))) throw new LaunchError('permission denied');
    return file;
  }
  for (const folder of searchPaths) {
    const file = join(folder === '' ? base : folder, path);
    const info = path === '' ? undefined : await fs.info(file);
    if (info?.kind === 'file' && (await fs.isExecutable(file))) return file;
  }
  throw new LaunchError(`exec: "${path}": executable file not found in $PATH`);
}

/** The folders of `PATH` in `env` (the last one wins), followed by those of the host. */
export function searchPaths(env: readonly string[], hostPath: string): readonly string[] {
  const own = env.findLast((entry) => entry.startsWith('PATH='))?.slice('PATH='.length);
  return [...new Set([...split(own ?? ''), ...split(hostPath)])];
}

function split(path: string): readonly string[] {
  return path === '' ? [] : path.split(':');
}
