import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { family, parseStat, ProcessScanner, type ProcessFacts } from '../../../../src/sandbox/engines/process-tree.ts';

const line = (pid: number, name: string, state: string, parent: number, group: number, session: number): string =>
  `${String(pid)} (${name}) ${state} ${String(parent)} ${String(group)} ${String(session)} 0 -1 4194304 98 0 0 0 3 4 0 0 20 0 1 0 777 2629632 250 18446744073709551615 1 1\n`;

const facts = (pid: number, parent: number, group = pid, session = group, zombie = false): ProcessFacts => ({
  pid,
  parent,
  group,
  session,
  zombie,
  startTicks: 0,
  cpuTicks: 0,
  residentPages: 0,
});

describe('reading /proc', () => {
  it('reads once more for all who ask while a reading is under way, and never shows them an older one', async () => {
    let readings = 0;
    let pids: readonly string[] = ['1'];
    const fs = {
      ...nodeFileSystem,
      list: () => {
        readings += 1;
        return Promise.resolve(pids);
      },
      readTextIfExists: (path: string) => Promise.resolve(line(Number(path.split('/')[2]), 'p', 'S', 0, 1, 1)),
    };
    const scanner = new ProcessScanner(fs);
    const first = scanner.list();
    pids = ['1', '2'];
    const others = await Promise.all(Array.from({ length: 50 }, () => scanner.list()));
    expect((await first).map(({ pid }) => pid)).toEqual([1]);
    for (const found of others) expect(found.map(({ pid }) => pid)).toEqual([1, 2]);
    expect(readings).toBe(2);
  });

  it('reads the fields behind any command name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), (name) => {
        const found = parseStat(line(12, name.replaceAll('\n', ' '), 'S', 3, 12, 12));
        expect(found).toEqual({ pid: 12, parent: 3, group: 12, session: 12, zombie: false, startTicks: 777, cpuTicks: 7, residentPages: 250 });
      }),
    );
  });

  it.each(['', '12', '12 (sh', '12 (sh) S 1'])('takes nothing from %j', (text) => {
    expect(parseStat(text)).toBeUndefined();
  });

  it('counts groups, sessions and descendants of both, never zombies or strangers', () => {
    const all = [facts(10, 1), facts(11, 10, 10), facts(12, 1, 50, 10), facts(13, 12, 60, 60), facts(14, 10, 10, 10, true), facts(20, 1), facts(21, 20)];
    expect([...family(all, new Set([10]))].sort()).toEqual([10, 11, 12, 13]);
  });
});
