/**
 * A file that names every process a long-running program has started, so that whoever finds the program dead can end
 * what it left behind. Start times guard against process ids that were given to somebody else meanwhile.
 */
import { PassThrough, pipeline, type Readable } from 'node:stream';
import type { FileSystem } from './fs.ts';
import type { ProcessTable, Spawner } from './runner.ts';

interface ListedProcess {
  readonly pid: number;
  /** Clock ticks after boot at which it started (field 22 of /proc/PID/stat); undefined where there is no /proc. */
  readonly startTicks: string | undefined;
}

/** `spawner`, writing down each process it starts. Ended ones stay in the file: their start time no longer matches. */
export function recordingSpawner(spawner: Spawner, fs: FileSystem, file: string): Spawner {
  return {
    spawn: async (options) => {
      const started = await spawner.spawn(options);
      // Before anything is waited for: Node reads away the output of a process that has ended and has no reader yet.
      const child = { ...started, stdout: kept(started.stdout), stderr: kept(started.stderr) };
      const ticks = await startTicks(child.pid, fs);
      await fs.appendFile(file, `${child.pid} ${ticks ?? '-'}\n`, { mode: 0o600 });
      return child;
    },
  };
}

/** What comes from `source`, for a reader who may come late. To destroy it is to destroy the source. */
function kept(source: Readable | undefined): Readable | undefined {
  if (source === undefined) return undefined;
  const held = new PassThrough();
  pipeline(source, held, () => undefined);
  return held;
}

/**
 * Ids of what is left of the processes of `file`: those that are alive, and everything in their sessions, also when the
 * one that led the session is dead. Each recorded process leads a session of its own (see Spawner), and the kernel gives
 * a session's id to nobody else while somebody is in it.
 */
export async function survivors(file: string, fs: FileSystem, processes: ProcessTable): Promise<readonly number[]> {
  const recorded = parse(await fs.readTextIfExists(file));
  const running = await table(fs);
  if (running === undefined) return recorded.map(({ pid }) => pid).filter((pid) => processes.isAlive(pid));
  const now = new Map(running.map((process) => [process.pid, process]));
  // An id that another process has now says nothing of the one that was recorded.
  const sessions = new Set(recorded.filter(({ pid, startTicks }) => !now.has(pid) || now.get(pid)?.startTicks === startTicks).map(({ pid }) => pid));
  return running.filter(({ pid, session }) => (sessions.has(pid) || sessions.has(session)) && processes.isAlive(pid)).map(({ pid }) => pid);
}

interface RunningProcess extends ListedProcess {
  readonly session: number;
}

/** Every process of this computer; undefined where there is no /proc. */
async function table(fs: FileSystem): Promise<readonly RunningProcess[] | undefined> {
  if ((await fs.info('/proc/self/stat').catch(() => undefined)) === undefined) return undefined;
  const pids = (await fs.list('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const fields = await statFields(pid, fs);
      return fields === undefined ? undefined : { pid, startTicks: fields[19], session: Number(fields[3]) };
    }),
  );
  return found.filter((process) => process !== undefined);
}

function parse(text: string | undefined): readonly ListedProcess[] {
  return (text ?? '')
    .split('\n')
    .map((line) => /^(\d+) (\d+|-)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ pid: Number(match[1]), startTicks: match[2] === '-' ? undefined : match[2] }));
}

/** When a process started, in clock ticks after boot; undefined where it is gone or there is no /proc. */
export async function startTicks(pid: number, fs: Pick<FileSystem, 'readTextIfExists'>): Promise<string | undefined> {
  return (await statFields(pid, fs))?.[19];
}

/** The fields of /proc/PID/stat after the command's name, which is in brackets and may hold anything. */
async function statFields(pid: number, fs: Pick<FileSystem, 'readTextIfExists'>): Promise<readonly string[] | undefined> {
  const stat = await fs.readTextIfExists(`/proc/${pid}/stat`).catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}
