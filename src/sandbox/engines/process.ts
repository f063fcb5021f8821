/** The `process` engine: a task is a real process of this computer, leader of its own process group. */
import { constants } from 'node:os';
import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { join, normalize } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ChildProcess, ProcessExit, ProcessTable, Spawner } from '../../platform/runner.ts';
import type { WrittenDisk } from './disk-folder.ts';
import { findExecutable, searchPaths } from './executable.ts';
import { hostFiles } from './host-files.ts';
import { LaunchError, type Engine, type EngineTask, type LaunchRequest, type Machine, type MachineUsage } from './port.ts';
import { ProcessRooms } from './process-rooms.ts';
import { family, ProcessScanner } from './process-tree.ts';
import { findRoomWay, type Rooms } from './room-way.ts';

export interface ProcessEngineOptions {
  readonly spawner: Spawner;
  readonly processes: ProcessTable;
  readonly fs: FileSystem;
  readonly clock: Clock;
  /** `PATH` of the host: where a program is looked up that the task's own `PATH` does not have. */
  readonly hostPath: string;
}

/** Name of the variable by which the processes of a machine are found again, whatever group or parent they chose. */
export const MACHINE_VARIABLE = 'VICK_SANDBOX_MACHINE';

const OFF = 'container VM has unexpectedly powered off';
/** How long output may trickle from what a program left behind before its streams are given up, ms. */
const DRAIN_MS = 500;
/** Kernel clock ticks per second and bytes per page, as on every supported Linux. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

export function createProcessEngine(options: ProcessEngineOptions): Engine {
  const scanner = new ProcessScanner(options.fs);
  let found: Promise<Rooms> | undefined;
  const rooms = (): Promise<Rooms> => (found ??= findRoomWay(options, options.hostPath));
  return {
    name: 'process',
    files: hostFiles(options.fs, async () => {
      const ways = await rooms();
      return 'refusal' in ways ? ways.refusal : undefined;
    }),
    openMachine: (machine) => new ProcessMachine(options, scanner, rooms, machine),
  };
}

class ProcessMachine implements Machine {
  private readonly options: ProcessEngineOptions;
  private readonly scanner: ProcessScanner;
  private readonly marker: string;
  private readonly directory: string;
  /** Leaders of every process group started here. Pids are forgotten with `destroy`, when nothing is left of them. */
  private readonly leaders = new Map<number, ChildProcess>();
  private readonly rooms: ProcessRooms;
  private closing = false;
  /** How often it was ended: a launch that began before is not carried on. */
  private ends = 0;

  constructor(
    options: ProcessEngineOptions,
    scanner: ProcessScanner,
    rooms: () => Promise<Rooms>,
    { id, directory }: { readonly id: string; readonly directory: string },
  ) {
    this.options = options;
    this.scanner = scanner;
    this.marker = `${MACHINE_VARIABLE}=${id}`;
    this.directory = directory;
    this.rooms = new ProcessRooms(options, rooms, { [MACHINE_VARIABLE]: id });
  }

  /** There is nothing to switch on; but what takes time is done while nobody waits for it. */
  async boot(disks: readonly WrittenDisk[]): Promise<undefined> {
    await Promise.all(disks.map((disk) => this.rooms.prepare(disk)));
  }

  async launch(request: LaunchRequest): Promise<EngineTask> {
    const { fs, spawner } = this.options;
    const { ends } = this;
    const cwd = join(this.directory, 'tasks', request.id.slice(0, 64).replaceAll('/', '_'), normalize(`/${request.workingDir}`));
    await fs.makeDirectory(cwd);
    const goesOn = (): boolean => !this.closing && this.ends === ends;
    if (!goesOn()) throw new LaunchError(OFF);
    const { file, args } = await this.command(request, cwd);
    if (!goesOn()) throw new LaunchError(OFF);
    const env = Object.fromEntries([...request.env, this.marker].map(splitVariable));
    const child = await spawner
      .spawn({ file, args, env, cwd, stdin: request.openStdin ? 'pipe' : 'ignore' })
      .catch((error: unknown) => Promise.reject(new LaunchError(launchText(error), { cause: error })));
    this.leaders.set(child.pid, child);
    // Powered off between the check above and here: nobody else would end this process.
    if (this.isClosing()) await this.destroy();
    return this.task(child);
  }

  private async command({ path, args, env, disk }: LaunchRequest, cwd: string): Promise<{ readonly file: string; readonly args: readonly string[] }> {
    const { fs, hostPath } = this.options;
    const folders = searchPaths(env, hostPath);
    if (disk !== undefined) return this.rooms.command(disk, { path, args, searchPaths: folders, cwd });
    return { file: await findExecutable(fs, path, folders, cwd), args };
  }

  async usage(): Promise<MachineUsage | undefined> {
    const processes = await this.scanner.list();
    if (processes.length === 0) return undefined;
    const own = family(processes, new Set(this.leaders.keys()));
    const counted = processes.filter((one) => own.has(one.pid));
    return {
      cpuSeconds: counted.reduce((sum, one) => sum + one.cpuTicks, 0) / TICKS_PER_SECOND,
      residentBytes: counted.reduce((sum, one) => sum + one.residentPages, 0) * PAGE_BYTES,
      processes: counted.length,
    };
  }

  async destroy(): Promise<void> {
    this.closing = true;
    this.ends += 1;
    // Repeated, because a process may fork between the look and the kill.
    for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
      const alive = await this.alive();
      if (alive.size === 0) break;
      for (const child of this.leaders.values()) child.kill('SIGKILL', { group: true });
      for (const pid of alive) this.options.processes.signal(pid, 'SIGKILL');
      await this.options.clock.sleep(pause);
    }
    await Promise.all([...this.leaders.values()].map((child) => child.ended ?? child.exited));
    this.leaders.clear();
    await this.rooms.close();
    this.closing = false;
  }

  private isClosing(): boolean {
    return this.closing;
  }

  private async alive(): Promise<ReadonlySet<number>> {
    const table = await this.scanner.list();
    if (table.length === 0) return new Set([...this.leaders.keys()].filter((pid) => this.options.processes.isAlive(-pid)));
    const found = new Set(family(table, new Set(this.leaders.keys())));
    for (const pid of await this.scanner.marked(table, this.marker)) found.add(pid);
    return found;
  }

  private task(child: ChildProcess): EngineTask {
    const stdout = child.stdout ?? new PassThrough().end();
    const stderr = child.stderr ?? new PassThrough().end();
    return {
      stdin: child.stdin,
      stdout,
      stderr,
      exited: this.exitCode(child),
      signal: (signal) => child.kill(signal, { group: true }),
    };
  }

  /** The program's own end counts: a child that it left behind with the pipes open must not keep the task alive. */
  private async exitCode(child: ChildProcess): Promise<number> {
    const exit = await (child.ended ?? child.exited);
    // The number may be given to another process as soon as its group is empty.
    if (!this.options.processes.isAlive(-child.pid)) this.leaders.delete(child.pid);
    // Read to its end, not only closed at the other side: the reader may have come after that.
    await Promise.race([Promise.all([child.exited, drained(child.stdout), drained(child.stderr)]), this.options.clock.sleep(DRAIN_MS)]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    return codeOf(exit);
  }
}

async function drained(output: Readable | undefined): Promise<void> {
  if (output !== undefined) await finished(output).catch(() => undefined);
}

function codeOf(exit: ProcessExit): number {
  return exit.signal === undefined ? (exit.exitCode ?? 0) : 128 + constants.signals[exit.signal];
}

function splitVariable(entry: string): readonly [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

function launchText(error: unknown): string {
  const texts: Record<string, string> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EPERM: 'operation not permitted',
    ENOEXEC: 'exec format error',
    E2BIG: 'argument list too long',
    ENOTDIR: 'not a directory',
    EAGAIN: 'resource temporarily unavailable',
    ENOMEM: 'cannot allocate memory',
  };
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return texts[code] ?? (error instanceof Error ? error.message : String(error));
}
