import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-create-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('makes a file once, whole, and leaves nothing beside it', async () => {
  const path = join(folder, 'mark');
  expect(await nodeFileSystem.createFile(path, 'first\n', { mode: 0o600 })).toBe(true);
  expect(await nodeFileSystem.createFile(path, 'second\n', { mode: 0o600 })).toBe(false);
  expect(await readFile(path, 'utf8')).toBe('first\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['mark']);
});

it('lets one of many win, and everybody reads what the winner wrote', async () => {
  const path = join(folder, 'mark');
  const claims = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const won = await nodeFileSystem.createFile(path, String(index), { mode: 0o600 });
      return { won, index, seen: await readFile(path, 'utf8') };
    }),
  );
  const winners = claims.filter(({ won }) => won);
  expect(winners).toHaveLength(1);
  expect(new Set(claims.map(({ seen }) => seen))).toEqual(new Set([String(winners[0]!.index)]));
});

it('throws where nothing can be made', async () => {
  await expect(nodeFileSystem.createFile(join(folder, 'nowhere', 'mark'), 'x', { mode: 0o600 })).rejects.toMatchObject({ code: 'ENOENT' });
});
