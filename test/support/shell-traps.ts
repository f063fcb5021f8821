import { readdir, readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const WITHIN_MS = 5_000;

/**
 * Waits until every shell that this process has started has set the traps its command line begins with. A signal that
 * comes before would end it as if it had none: how soon a shell gets there depends on how busy the machine is. Needs
 * /proc; elsewhere it returns at once.
 */
export async function untilTrapsAreSet(): Promise<void> {
  const until = Date.now() + WITHIN_MS;
  while ((await shellsBeforeTheirTraps()) > 0 && Date.now() < until) await delay(10);
}

async function shellsBeforeTheirTraps(): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const waiting = await Promise.all(pids.map(isBeforeItsTraps));
  return waiting.filter(Boolean).length;
}

async function isBeforeItsTraps(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  if (Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) !== process.pid) return false;
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  // Between fork and exec a child still looks like its parent.
  if (words.join(' ') === (await readFile('/proc/self/cmdline', 'utf8')).split('\0').join(' ')) return true;
  const wanted = words.flatMap((word) => [...word.matchAll(/\btrap "[^"]*" ([A-Z0-9]+)/g)].map((match) => match[1] ?? ''));
  const mask = ['SigCgt', 'SigIgn'].reduce((sum, name) => sum | BigInt(`0x${new RegExp(`^${name}:\\s+([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`), 0n);
  return wanted.some((name) => (mask & (1n << BigInt(constants.signals[`SIG${name}` as NodeJS.Signals] - 1))) === 0n);
}
