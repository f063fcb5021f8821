import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { createLog, type Log, type LogLevel } from '../../platform/log.ts';

/** A log that appends to a file, in order. What cannot be written is lost: a log must not stop its service. */
export function fileLog(fs: FileSystem, clock: Clock, path: string, level: LogLevel): Log {
  let queue: Promise<void> = Promise.resolve();
  return createLog({
    clock,
    level,
    write: (line) => {
      queue = queue.then(() => fs.appendFile(path, line)).catch(() => undefined);
    },
  });
}
