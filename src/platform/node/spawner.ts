import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ChildProcess, ProcessExit, ProcessTable, SpawnOptions, Spawner } from '../runner.ts';

export const nodeSpawner: Spawner = { spawn };

async function spawn(options: SpawnOptions): Promise<ChildProcess> {
  const output = options.outputFile === undefined ? undefined : await open(options.outputFile, 'a', 0o600);
  const stdin = options.stdin ?? 'ignore';
  // Loaded here and not by an import: most commands start nothing, and loading it costs more than printing help.
  const { spawn: nodeSpawn } = process.getBuiltinModule('node:child_process');
  try {
    const child = nodeSpawn(options.file, options.args, {
      env: { ...options.env },
      detached: true,
      stdio: output === undefined ? [stdin, 'pipe', 'pipe'] : [stdin, output.fd, output.fd],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const exited = new Promise<ProcessExit>((resolve) => {
      child.once('close', (exitCode, signal) => {
        resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
      });
    });
    const ended = new Promise<ProcessExit>((resolve) => {
      child.once('exit', (exitCode, signal) => {
        resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
      });
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    // Later errors are failed kills and broken pipes; both show in the way the process ends.
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    if (options.detached === true) child.unref();
    const pid = child.pid ?? 0;
    return {
      pid,
      stdin: child.stdin ?? undefined,
      stdout: child.stdout ?? undefined,
      stderr: child.stderr ?? undefined,
      exited,
      ended,
      kill: (signal, killOptions) => sendSignal(killOptions?.group === true ? -pid : pid, signal),
    };
  } finally {
    await output?.close();
  }
}

export const nodeProcessTable: ProcessTable = {
  isAlive: (pid) => sendSignal(pid, 0) && !isDefunct(pid),
  signal: (pid, signal) => sendSignal(pid, signal),
};

function sendSignal(pid: number, signal: NodeJS.Signals | number): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A dead process whose parent has not collected it yet still takes signals; /proc tells, where there is one (proc(5)). */
function isDefunct(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    // The name in parentheses may hold anything, so the state is what follows the last one.
    return /^\) [ZXx] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*(?=\) )/s, ''));
  } catch {
    return false;
  }
}
