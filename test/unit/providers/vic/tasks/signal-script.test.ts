/** The script by which a stop signal finds the process of a task, in every shell of this computer, over real processes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProcessConfig } from '../../../../../src/providers/vic/vm/process-config.ts';
import { marked, NOT_FOUND, signalCommand } from '../../../../../src/providers/vic/tasks/signal-script.ts';

const { SIGTERM, SIGUSR1 } = constants.signals;
const SHELLS = [['/bin/sh'], ['/bin/dash'], ['/bin/bash', '--posix'], ['/bin/busybox', 'sh']].filter(([file = '']) => existsSync(file));
const PLAIN: ProcessConfig = { path: '', args: [], env: [`PATH=${process.env['PATH'] ?? ''}`], workingDir: '/', user: '', stopSignal: '' };
/** Writes zeros over its variables, as programs do that show a title in the list of processes. */
const OVERWRITES = `
  const fs = require('fs');
  const fields = fs.readFileSync('/proc/self/stat', 'latin1').split(')').pop().trim().split(' ');
  const [from, to] = [Number(fields[47]), Number(fields[48])];
  fs.writeSync(fs.openSync('/proc/self/mem', 'r+'), Buffer.alloc(to - from), 0, to - from, from);
  process.on('SIGTERM', () => process.exit(9));
  setInterval(() => {}, 1000);
  console.log('ready');`;

const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid!, 'SIGKILL');
      await once(child, 'exit');
    }
  }
});

/** Started as a task with that id, and ready. */
async function task(id: string, [file, ...args]: readonly [string, ...string[]]): Promise<ChildProcess> {
  const env = Object.fromEntries(marked(PLAIN, id).env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
  const child = spawn(file, args, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  await once(child.stdout, 'data');
  return child;
}

const shell = (id: string, script: string): Promise<ChildProcess> => task(id, ['/bin/sh', '-c', script]);
const traps = (id: string, exitCode: number): Promise<ChildProcess> =>
  shell(id, `trap 'exit ${String(exitCode)}' TERM; echo ready; while :; do sleep 0.1; done`);
const overwrites = (id: string): Promise<ChildProcess> => task(id, [process.execPath, '-e', OVERWRITES]);
const codeOf = async (child: ChildProcess): Promise<number | null> => child.exitCode ?? ((await once(child, 'exit')) as [number | null])[0];
const runs = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

async function send([file = '', ...before]: readonly string[], id: string, signal: number = SIGTERM, ageMs = 0): Promise<number | null> {
  const { args } = signalCommand({ id, ageMs }, signal);
  return await codeOf(spawn(file, [...before, ...args], { env: {}, stdio: 'ignore' }));
}

const where = existsSync('/proc/self/environ') ? describe : describe.skip;
if (where === describe.skip) console.log('skipped: the signal script: there is no /proc');

where.each(SHELLS.map((words) => [words.join(' '), words] as const))('the signal script in %s', (_name, words) => {
  it('finds the task that it is about, by the whole of its id', async () => {
    const [longer, wanted, shorter] = [await traps('vm-b-10', 5), await traps('vm-b-1', 6), await traps('vm-b-', 7)];
    expect(await send(words, 'vm-b-1')).toBe(0);
    expect(await codeOf(wanted)).toBe(6);
    expect([longer, shorter].map(runs)).toEqual([true, true]);
  });

  it('signals the process and not its children', async () => {
    const child = `trap "exit 4" TERM; echo ready; while :; do sleep 0.1; done`;
    // Long enough for the child to end, if it was told as well.
    const end = 'sleep 0.5; kill -KILL $child; wait $child; [ $? -eq 137 ] && exit 6; exit 1';
    const parent = await shell('vm-b-1', `trap '${end}' TERM; /bin/sh -c '${child}' & child=$!; while :; do sleep 0.1; done`);
    expect(await send(words, 'vm-b-1')).toBe(0);
    expect(await codeOf(parent)).toBe(6);
  });

  it('sends the signal that it is told to', async () => {
    const wanted = await shell('vm-b-1', `trap 'exit 8' USR1; echo ready; while :; do sleep 0.1; done`);
    expect(await send(words, 'vm-b-1', SIGUSR1)).toBe(0);
    expect(await codeOf(wanted)).toBe(8);
  });

  it('finds a program that has overwritten its variables by its age, unless another one may be meant', async () => {
    const before = performance.now();
    const wanted = await overwrites('vm-c-1');
    const age = (): number => performance.now() - before;
    expect(await send(words, 'vm-c-1', SIGTERM, age() + 60_000)).toBe(NOT_FOUND);
    const second = await overwrites('vm-d-1');
    expect(await send(words, 'vm-c-1', SIGTERM, age())).toBe(NOT_FOUND);
    second.kill('SIGKILL');
    await codeOf(second);
    expect(runs(wanted)).toBe(true);
    expect(await send(words, 'vm-c-1', SIGTERM, age())).toBe(0);
    expect(await codeOf(wanted)).toBe(9);
  });

  it('takes no other program for one that has overwritten its variables', async () => {
    const other = await traps('vm-b-2', 6);
    expect(await send(words, 'vm-b-1')).toBe(NOT_FOUND);
    expect(runs(other)).toBe(true);
  });

  it('says when the signal cannot be sent', async () => {
    const wanted = await traps('vm-b-1', 6);
    expect([0, NOT_FOUND]).not.toContain(await send(words, 'vm-b-1', 99));
    expect(runs(wanted)).toBe(true);
  });
});

it('holds no word that a VCH would cut', () => {
  expect(signalCommand({ id: 'vm-b-1', ageMs: 5 }, SIGTERM).args.filter((word) => /[|\n]/.test(word))).toEqual([]);
});
