/** Which paths below a volume's root can be mounted (pkg/volume/validation). Pure. */
import { posix } from 'node:path';

/** A mount's path below the root of its volume, cleaned; undefined for the root itself. Throws Error when it leads out. */
export function cleanSubPath(path: string): string | undefined {
  if (posix.isAbsolute(path)) throw new Error(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..') || path.includes('\0')) throw new Error(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  const cleaned = posix.normalize(path).replace(/\/$/, '');
  return cleaned === '.' ? undefined : cleaned;
}
