/**
 * A file that names every process a long-running program has started, so that whoever finds the program dead can end
 * what it left behind. Start times guard against process ids that were given to somebody else meanwhile.
 */
import type { FileSystem } from './fs.ts';
import type { ProcessTable, Spawner } from './runner.ts';

export interface ListedProcess {
  readonly pid: number;
  /** Clock ticks after boot at which it started (field 22 of /proc/PID/stat); undefined where there is no /proc. */
  readonly startTicks: string | undefined;
}

/** `spawner`, writing down each process it starts. Ended ones stay in the file: their start time no longer matches. */
export function recordingSpawner(spawner: Spawner, fs: FileSystem, file: string): Spawner {
  return {
    spawn: async (options) => {
      const child = await spawner.spawn(options);
      const ticks = await startTicks(child.pid, fs);
      await fs.appendFile(file, `${child.pid} ${ticks ?? '-'}\n`, { mode: 0o600 });
      return child;
    },
  };
}

/** The processes of `file` that are still alive and still the ones that were started. */
export async function survivors(file: string, fs: FileSystem, processes: ProcessTable): Promise<readonly ListedProcess[]> {
  const alive: ListedProcess[] = [];
  for (const { pid, startTicks: written } of parse(await fs.readTextIfExists(file))) {
    if (processes.isAlive(pid) && (written === undefined || (await startTicks(pid, fs)) === written)) alive.push({ pid, startTicks: written });
  }
  return alive;
}

function parse(text: string | undefined): readonly ListedProcess[] {
  return (text ?? '')
    .split('\n')
    .map((line) => /^(\d+) (\d+|-)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ pid: Number(match[1]), startTicks: match[2] === '-' ? undefined : match[2] }));
}

/** The command's name is in brackets and may hold anything, so fields are counted from the last bracket. */
async function startTicks(pid: number, fs: FileSystem): Promise<string | undefined> {
  const stat = await fs.readTextIfExists(`/proc/${pid}/stat`).catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
