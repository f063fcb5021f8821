/** Which processes of this computer belong to a machine. Reads Linux' /proc; elsewhere there is nothing to read. */
import type { FileSystem } from '../../platform/fs.ts';

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly zombie: boolean;
  /** When it started; with the pid it names one process for good. */
  readonly startTicks: number;
  readonly cpuTicks: number;
  readonly residentPages: number;
}

/** Looks at all processes; remembers environments, which are the costly part and never change for one process. */
export class ProcessScanner {
  private readonly fs: FileSystem;
  private readonly root: string;
  private environments = new Map<string, readonly string[]>();
  private running: Promise<readonly ProcessFacts[]> | undefined;
  private next: Promise<readonly ProcessFacts[]> | undefined;

  constructor(fs: FileSystem, root = '/proc') {
    this.fs = fs;
    this.root = root;
  }

  /**
   * Every process that can be seen; empty where there is no /proc. One that ends while it is read is left out. Never older
   * than the call: callers that come while a reading is under way share the one after it, however many they are.
   */
  list(): Promise<readonly ProcessFacts[]> {
    if (this.running === undefined) {
      this.running = this.readAll().finally(() => {
        this.running = undefined;
      });
      return this.running;
    }
    this.next ??= this.running.then(() => {
      this.next = undefined;
      return this.list();
    });
    return this.next;
  }

  private async readAll(): Promise<readonly ProcessFacts[]> {
    const names = await this.fs.list(this.root).catch(() => []);
    const pids = names.filter((name) => /^\d+$/.test(name));
    const found = await Promise.all(pids.map((pid) => this.read(`${pid}/stat`).then((text) => (text === undefined ? undefined : parseStat(text)))));
    return found.filter((facts) => facts !== undefined);
  }

  /** Those of `processes` that were started with `marker` in their environment: descendants inherit it, whatever group they join. */
  async marked(processes: readonly ProcessFacts[], marker: string): Promise<readonly number[]> {
    const next = new Map<string, readonly string[]>();
    const found: number[] = [];
    await Promise.all(
      processes.map(async (one) => {
        if (one.zombie) return;
        const key = `${String(one.pid)}@${String(one.startTicks)}`;
        const known = this.environments.get(key) ?? (await this.read(`${String(one.pid)}/environ`))?.split('\0').filter((entry) => entry.startsWith('VICK_'));
        if (known === undefined) return;
        next.set(key, known);
        if (known.includes(marker)) found.push(one.pid);
      }),
    );
    this.environments = next;
    return found;
  }

  private read(path: string): Promise<string | undefined> {
    return this.fs.readTextIfExists(`${this.root}/${path}`).catch(() => undefined);
  }
}

/**
 * `leaders` (pids that lead a group of their own), what is in their groups and sessions, and the descendants of all
 * of these, without zombies.
 */
export function family(processes: readonly ProcessFacts[], leaders: ReadonlySet<number>): ReadonlySet<number> {
  const members = new Set<number>();
  for (const one of processes) {
    if (leaders.has(one.pid) || leaders.has(one.group) || leaders.has(one.session)) members.add(one.pid);
  }
  for (let size = -1; size !== members.size;) {
    size = members.size;
    for (const one of processes) if (members.has(one.parent)) members.add(one.pid);
  }
  return new Set(processes.filter((one) => members.has(one.pid) && !one.zombie).map((one) => one.pid));
}

/** One line of `/proc/<pid>/stat` (proc(5)). The command name may itself contain blanks and brackets. */
export function parseStat(text: string): ProcessFacts | undefined {
  const end = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(end + 2).split(' ');
  const at = (index: number): number => Number(fields[index - 3]);
  if (end < 0 || !Number.isInteger(pid) || fields.length < 22) return undefined;
  return {
    pid,
    parent: at(4),
    group: at(5),
    session: at(6),
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    startTicks: at(22),
    cpuTicks: at(14) + at(15),
    residentPages: at(24),
  };
}
