/** What is kept of a container's folders when the engine answers badly, late or not at all; over real engines see test/contract. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ContainerEngine } from '../../../../src/clients/docker-engine/containers-port.ts';
import { createLog } from '../../../../src/platform/log.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { writtenDisk, type WrittenDisk } from '../../../../src/sandbox/engines/disk-folder.ts';
import { keepFolders, restoreFolders } from '../../../../src/sandbox/engines/docker-kept.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const never = new AbortController().signal;
let directory: string;
let disk: WrittenDisk;
let said: string[];
let clock: FakeClock;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vick-kept-'));
  disk = writtenDisk(nodeFileSystem, { directory });
  said = [];
  clock = new FakeClock();
  await mkdir(join(directory, 'files', 'config'), { recursive: true });
  await writeFile(join(directory, 'files', 'config', 'a'), '');
  for (const name of ['one', 'two']) await mkdir(join(directory, 'files', 'data', name), { recursive: true });
});
afterEach(() => rm(directory, { recursive: true }));

const log = createLog({ clock: new FakeClock(), write: (line) => void said.push(line) });
type Calls = Pick<ContainerEngine, 'getArchive' | 'killContainer' | 'putArchive'>;
const engineOf = (calls: Partial<Calls>): ContainerEngine => ({ killContainer: () => Promise.resolve(true), ...calls }) as ContainerEngine;
const kept = async (): Promise<number> => (await readdir(directory)).filter((name) => name.startsWith('kept-')).length;
const restored = async (id: string): Promise<readonly string[]> => {
  const put: string[] = [];
  const engine = engineOf({ putArchive: (_, path, tar) => (put.push(`${path} ${tar.toString()}`), Promise.resolve()) });
  await restoreFolders(engine, 'next', { id, disk }, never);
  return put.sort();
};

it('puts back each folder beside which it was, for the same task alone', async () => {
  const asked: string[] = [];
  const getArchive = (_: string, path: string): Promise<Buffer> => (asked.push(path), Promise.resolve(Buffer.from(`of ${path}`)));
  await keepFolders({ engine: engineOf({ getArchive }), clock, log }, 'c', { id: 't', disk });
  expect(asked.sort()).toEqual(['/data/one', '/data/two']);
  expect(await restored('t')).toEqual(['/data of /data/one', '/data of /data/two']);
  expect(await restored('other')).toEqual([]);
  expect(clock.pending).toBe(0);
});

it('lets what was written to a folder since then go first', async () => {
  await keepFolders({ engine: engineOf({ getArchive: () => Promise.resolve(Buffer.from('kept')) }), clock, log }, 'c', { id: 't', disk });
  await writeFile(join(directory, 'files', 'data', 'one', 'new'), '');
  expect(await restored('t')).toEqual(['/data kept']);
});

it('asks a container for nothing when no folder was written empty', async () => {
  await rm(join(directory, 'files', 'data'), { recursive: true });
  // Whatever is called is not a function.
  await keepFolders({ engine: {} as ContainerEngine, clock, log }, 'c', { id: 't', disk });
  expect(said).toEqual([]);
});

it('keeps nothing of a folder that is gone, or too large', async () => {
  const getArchive = (_: string, path: string, limit: number): Promise<Buffer | undefined> =>
    Promise.resolve(path.endsWith('one') ? undefined : Buffer.alloc(limit));
  await keepFolders({ engine: engineOf({ getArchive }), clock, log }, 'c', { id: 't', disk });
  expect(await kept()).toBe(0);
  expect(said.join('')).toMatch(/too large.*\/data\/two/);
});

type Reading = ContainerEngine['getArchive'];
const refusing: Reading = () => Promise.reject(new Error('connect ECONNREFUSED'));
const silent: Reading = (_, __, ___, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });

it.each([
  ['cannot be reached', refusing],
  ['says nothing', silent],
])('does not hold up the end of a machine when the engine %s', async (_, getArchive) => {
  let asked: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (asked = resolve));
  const asking: Reading = (...call) => {
    asked();
    return getArchive(...call);
  };
  const keeping = keepFolders({ engine: engineOf({ getArchive: asking }), clock, log }, 'c', { id: 't', disk });
  await reached;
  await clock.advance(60_000);
  await keeping;
  expect(said.join('')).toContain('not kept');
  expect(await kept()).toBe(0);
  expect(clock.pending).toBe(0);
});
