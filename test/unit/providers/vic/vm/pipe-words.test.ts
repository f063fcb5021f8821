import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carryPipes, launchMessage, pipeRefusal, readPipes, type LaunchWords } from '../../../../../src/providers/vic/vm/pipe-words.ts';

/** Words with all that shells make something of. A zero byte is in no word. */
const word = fc.string({ unit: fc.constantFrom('|', "'", '"', '$', '\\', '`', ' ', '\n', '!', '*', '~', '=', 'a', 'é', '(', ';', '&', '%', '-') });
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/).map((text) => `X_${text}`);
const env = fc.uniqueArray(fc.tuple(name, word), { selector: ([key]) => key, maxLength: 5 }).map((all) => all.map(([key, value]) => `${key}=${value}`));
const launch = fc.record({ path: word.filter((text) => text !== ''), args: fc.array(word, { maxLength: 6 }), env });

const PRINT = 'process.stdout.write(JSON.stringify([process.argv.slice(1), process.env]))';

describe('words with a pipe character', () => {
  it('are carried in words that have none, and read back', () => {
    fc.assert(
      fc.property(launch, (words) => {
        const carried = carryPipes(words);
        expect([carried.path, ...carried.args, ...carried.env].filter((text) => text.includes('|'))).toEqual([]);
        const read = readPipes(carried);
        expect({ ...read, env: [...read.env].sort() }).toEqual({ ...words, env: [...words.env].sort() });
      }),
    );
  });

  it('reach a program through a real shell as they were', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), env, (args, variables) => {
        const carried = carryPipes({ path: process.execPath, args: ['-e', PRINT, '--', 'a|b', ...args], env: variables });
        const { stdout, stderr } = spawnSync(carried.path, carried.args, {
          encoding: 'utf8',
          env: Object.fromEntries(carried.env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)])),
        });
        expect(stderr).toBe('');
        const [seen, around] = JSON.parse(stdout) as [string[], Record<string, string>];
        expect(seen).toEqual(['a|b', ...args]);
        for (const entry of variables) expect(around[entry.slice(0, entry.indexOf('='))]).toBe(entry.slice(entry.indexOf('=') + 1));
        expect(Object.keys(around).filter((key) => key.startsWith('vick'))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('do not lose a variable that has the name of their own', () => {
    const words: LaunchWords = { path: 'a', args: ['x|y'], env: ['vick_pipe=mine', 'vick_pipe_=|'] };
    expect(readPipes(carryPipes(words))).toEqual(words);
    const { stdout } = spawnSync('/bin/sh', carryPipes({ ...words, path: '/bin/sh', args: ['-c', 'echo "$vick_pipe$vick_pipe_"'] }).args, {
      encoding: 'utf8',
      env: { vick_pipe: 'mine' },
    });
    expect(stdout).toBe('mine|\n');
  });

  it('leave words without one alone, those of a shell included', () => {
    const plain: LaunchWords = { path: '/bin/sh', args: ['-c', 'exec true'], env: ['my.var=1'] };
    expect(carryPipes(plain)).toBe(plain);
    expect(readPipes(plain)).toBe(plain);
    expect(pipeRefusal(plain)).toBeUndefined();
    expect(launchMessage(plain, 'permission denied')).toBe('permission denied');
  });

  it('are refused where the shell would lose a variable, without telling values', () => {
    expect(pipeRefusal({ path: 'a', args: ['x|y'], env: ['my.var=secret'] })).toBe(
      'the command contains the character "|", which a VCH passes on only through /bin/sh, and a shell would lose the environment variable my.var',
    );
    expect(pipeRefusal({ path: 'a', args: [], env: ['my-var=sec|ret'] })).toBe(
      'the environment variable my-var contains the character "|", which a VCH passes on only through /bin/sh, and a shell would lose the environment variable my-var',
    );
    expect(pipeRefusal({ path: 'a', args: ['x|y'], env: ['A=1'] })).toBeUndefined();
  });

  it('are named where the image has no shell', () => {
    const carried = carryPipes({ path: '/app', args: ['x|y'], env: [] });
    expect(launchMessage(carried, 'no such file or directory')).toBe(
      'no such file or directory (/bin/sh: the command or its environment contains the character "|", which a VCH passes on only through the image’s shell)',
    );
  });
});
