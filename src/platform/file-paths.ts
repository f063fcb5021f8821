/** Which paths a file may have in a folder that is written as a whole (pkg/volume/util/atomic_writer.go, validatePath). Pure. */
import { posix } from 'node:path';

const MAX_PATH = 4096;
const MAX_NAME = 255;

/** A file's path within the folder, cleaned. Throws Error for what would leave it or collide with its bookkeeping. */
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
