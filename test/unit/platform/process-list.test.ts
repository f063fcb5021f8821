import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { nodeSpawner } from '../../../src/platform/node/spawner.ts';
import { recordingSpawner } from '../../../src/platform/process-list.ts';

test('the output of a process that ends before it is written down is not lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vick-list-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'processes');
  let ended: Promise<unknown> = Promise.resolve();
  const observed = {
    spawn: async (options: Parameters<typeof nodeSpawner.spawn>[0]) => {
      const child = await nodeSpawner.spawn(options);
      ended = child.ended ?? child.exited;
      return child;
    },
  };
  const slowly = {
    ...nodeFileSystem,
    appendFile: async (...args: Parameters<typeof nodeFileSystem.appendFile>): Promise<void> => {
      await ended;
      await nodeFileSystem.appendFile(...args);
    },
  };
  const spawner = recordingSpawner(observed, slowly, file);
  const child = await spawner.spawn({ file: '/bin/sh', args: ['-c', 'echo out; echo err >&2'], env: {} });
  expect(await readFile(file, 'utf8')).toMatch(new RegExp(`^${String(child.pid)} `));
  expect(await Promise.all([text(child.stdout!), text(child.stderr!)])).toEqual(['out\n', 'err\n']);
  expect(await child.exited).toEqual({ exitCode: 0, signal: undefined });
});
