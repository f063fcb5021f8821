import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Administrators' programs are not on every PATH. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

export function onPath(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { env: { PATH } }).status === 0;
}

/** What a short-lived program says; throws when it fails. */
export function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { env: { PATH, ...env }, encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

export interface Daemon {
  readonly pid: number;
  running(): boolean;
  /** What it has said last. */
  said(): string;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

export function startDaemon(program: string, args: readonly string[], logFile: string, env: Readonly<Record<string, string>> = {}): Daemon {
  const log = openSync(logFile, 'a');
  const child: ChildProcess = spawn(program, args, { env: { PATH, ...env }, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  let ended = false;
  const end = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  }).then(() => {
    ended = true;
  });
  return {
    pid: child.pid ?? 0,
    running: () => !ended,
    said: () => readFileSync(logFile, 'utf8').slice(-1500),
    signal: (name) => void child.kill(name),
    stop: async (graceMs = 20_000) => {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await end;
      clearTimeout(force);
    },
  };
}

/** Polls until it resolves to true; throws with what the daemon said when that never happens. */
export async function becomes(ready: () => Promise<boolean>, daemon: Daemon, what: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (await ready().catch(() => false)) return;
    if (!daemon.running()) break;
    await sleep(100);
  }
  throw new Error(`${what} did not come up:\n${daemon.said()}`);
}

/** Ends what an engine started with this folder in its arguments and left behind: monitors of finished execs wait for minutes. */
export async function endProcessesOf(folder: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (Number(pid) === process.pid || !words.some((word) => word.startsWith(`${folder}/`))) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

/** Unmounts all that an engine left mounted below a folder, and removes it. */
export async function removeWithMounts(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`)).reverse()) spawnSync('umount', ['-l', mount], { env: { PATH } });
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
