/** Which paths may lie in a volume (pkg/volume/util/atomic_writer.go, validatePath; pkg/volume/validation). Pure. */
import { posix } from 'node:path';

const MAX_PATH = 4096;
const MAX_NAME = 255;

/** A file's path within a volume, cleaned. Throws Error for what would leave the volume or collide with its bookkeeping. */
export function cleanFilePath(path: string): string {
  if (path === '') throw new Error('invalid path: must not be empty: ""');
  if (posix.isAbsolute(path)) throw new Error(`invalid path: must be relative path: ${path}`);
  if (path.includes('\0')) throw new Error('invalid path: must not contain a zero byte');
  if (Buffer.byteLength(path) > MAX_PATH) throw new Error(`invalid path: must be less than or equal to ${String(MAX_PATH)} characters`);
  const parts = path.split('/');
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`);
  if (parts.some((part) => Buffer.byteLength(part) > MAX_NAME)) {
    throw new Error(`invalid path: filenames must be less than or equal to ${String(MAX_NAME)} characters`);
  }
  const cleaned = posix.normalize(path).replace(/\/$/, '');
  if (cleaned.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`);
  if (cleaned === '.') throw new Error(`invalid path: names no file: ${path}`);
  return cleaned;
}

/** A mount's path below the root of its volume, cleaned; undefined for the root itself. Throws Error when it leads out. */
export function cleanSubPath(path: string): string | undefined {
  if (posix.isAbsolute(path)) throw new Error(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..') || path.includes('\0')) throw new Error(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  const cleaned = posix.normalize(path).replace(/\/$/, '');
  return cleaned === '.' ? undefined : cleaned;
}
