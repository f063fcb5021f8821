import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { nodeProcessTable, nodeSpawner } from '../../../../src/platform/node/spawner.ts';
import type { LaunchRequest, Machine } from '../../../../src/sandbox/engines/port.ts';
import { createProcessEngine, MACHINE_VARIABLE } from '../../../../src/sandbox/engines/process.ts';

const PATH = 'PATH=/usr/local/bin:/usr/bin:/bin';
let directory: string;
let machine: Machine;
let id: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vick-engine-'));
  id = `machine-${directory.slice(-6)}`;
  const engine = createProcessEngine({ spawner: nodeSpawner, processes: nodeProcessTable, fs: nodeFileSystem, clock: systemClock, hostPath: '/usr/bin:/bin' });
  machine = engine.openMachine({ id, directory });
});

afterEach(async () => {
  await machine.destroy();
  await rm(directory, { recursive: true, force: true });
});

const request = (script: string, given: Partial<LaunchRequest> = {}): LaunchRequest => ({
  id: 'task',
  path: '/bin/sh',
  args: ['-c', script],
  env: [PATH],
  workingDir: '',
  user: '',
  tty: false,
  openStdin: false,
  ...given,
});

/** Processes that carry this machine's marker, whoever their parent is. */
function marked(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const zombie = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
          .replace(/^.*\)/, '')
          .includes(' Z ');
        return (
          !zombie &&
          readFileSync(`/proc/${String(pid)}/environ`, 'utf8')
            .split('\0')
            .includes(`${MACHINE_VARIABLE}=${id}`)
        );
      } catch {
        return false;
      }
    });
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; !condition(); round += 1) {
    if (round > 1000) throw new Error('the condition never held');
    await delay(10);
  }
}

describe('process engine', () => {
  it('gives the program exactly its arguments, variables and a folder of its own', async () => {
    const task = await machine.launch(
      request('echo "$A|$EMPTY|$HOME|$1"; pwd', {
        args: ['-c', 'echo "$A|$EMPTY|$HOME|$1"; pwd', 'x', 'a b'],
        env: [PATH, 'A=1=2', 'EMPTY='],
        workingDir: '/srv/app',
      }),
    );
    expect(await text(task.stdout)).toBe(`1=2|||a b\n${directory}/tasks/task/srv/app\n`);
    expect(await task.exited).toBe(0);
  });

  it.each([
    ['exit 7', 7],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -SEGV $$', 139],
  ])('%s ends with %i', async (script, code) => {
    expect(await (await machine.launch(request(script))).exited).toBe(code);
  });

  it('keeps stdout and stderr apart and feeds stdin', async () => {
    const task = await machine.launch(request('read line; echo "got $line"; echo bad >&2', { openStdin: true }));
    task.stdin?.end('hello\n');
    expect(await Promise.all([text(task.stdout), text(task.stderr)])).toEqual(['got hello\n', 'bad\n']);
  });

  it('finds a program along its own PATH, then along that of the host', async () => {
    const task = await machine.launch(request('', { path: 'sh', args: ['-c', 'exit 4'], env: ['PATH=/nowhere'] }));
    expect(await task.exited).toBe(4);
  });

  it.each([
    ['/no/such/program', 'no such file or directory'],
    ['/etc/passwd', 'permission denied'],
    ['/etc', 'permission denied'],
    ['no-such-program', 'exec: "no-such-program": executable file not found in $PATH'],
  ])('refuses %s as the guest agent does', async (path, message) => {
    await expect(machine.launch(request('', { path, args: [] }))).rejects.toMatchObject({ name: 'LaunchError', message });
  });

  it('signals the whole task', async () => {
    const task = await machine.launch(request('echo ready; sleep 1000'));
    task.stdout.once('data', () => task.signal(15));
    expect(await task.exited).toBe(143);
  });

  it('ends a task with its program, although a child still holds the pipes', async () => {
    const task = await machine.launch(request('sleep 1000 & exit 5'));
    expect(await task.exited).toBe(5);
  });

  it.skipIf(process.platform !== 'linux')('leaves nothing behind: deaf processes, daemons, orphans (needs /proc)', async () => {
    const deaf = await machine.launch(request('trap "" TERM HUP INT; echo up; while true; do sleep 0.1; done'));
    const daemon = await machine.launch(request("setsid sh -c 'setsid sleep 1000 & sleep 1000' & (sleep 1000 &) ; echo up; exit 0", { id: 'other' }));
    await Promise.all([deaf, daemon].map((task) => new Promise((resolve) => task.stdout.once('data', resolve))));
    await daemon.exited;
    await until(() => marked().length >= 4);
    await machine.destroy();
    expect(marked()).toEqual([]);
    expect(await deaf.exited).toBe(137);
  });

  it.skipIf(process.platform !== 'linux')('tells what its processes use (needs /proc)', async () => {
    const task = await machine.launch(request('echo up; sleep 1000'));
    await new Promise((resolve) => task.stdout.once('data', resolve));
    const usage = await machine.usage();
    expect(usage?.processes).toBeGreaterThanOrEqual(1);
    expect(usage?.residentBytes).toBeGreaterThan(100_000);
  });
});
