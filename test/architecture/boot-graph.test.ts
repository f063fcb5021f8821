/** What `vick --help` and `vick version` may cost: a short, guarded list of what is loaded to start. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, type BuiltProgram } from '../support/built-program.ts';

const exec = promisify(execFile);
let program: BuiltProgram;

beforeAll(async () => {
  program = await buildProgram();
}, 120_000);

afterAll(() => program.remove());

describe('the entry chunk and what it imports at once', () => {
  it('holds two packages', () => {
    expect(packagesIn(eagerOutputs())).toEqual(['chalk', 'commander']);
  });

  it('holds of our own code only the table, the program around it, and ports', () => {
    const folders = new Set(
      eagerOutputs()
        .flatMap((output) => Object.keys(program.metafile.outputs[output]?.inputs ?? {}))
        .filter((input) => input.startsWith('src/'))
        .map((input) => input.split('/').slice(0, 2).join('/')),
    );
    expect([...folders].sort()).toEqual(['src/cli', 'src/errors', 'src/main.ts', 'src/platform']);
  });

  it('loads none of the modules of Node that are slow to load', () => {
    const modules = eagerOutputs().flatMap((output) =>
      (program.metafile.outputs[output]?.imports ?? []).filter((one) => one.external === true && one.kind !== 'dynamic-import').map((one) => one.path),
    );
    for (const slow of ['node:child_process', 'node:crypto', 'node:http', 'node:https', 'node:tls', 'node:net', 'node:zlib', 'node:worker_threads']) {
      expect(modules).not.toContain(slow);
    }
  });

  it('stays small', () => {
    const bytes = eagerOutputs().reduce((sum, output) => sum + (program.metafile.outputs[output]?.bytes ?? 0), 0);
    expect(bytes).toBeLessThan(220_000);
  });
});

describe('the real program', () => {
  it.each([['--help'], ['version'], ['--version'], ['create', 'vch', '--help']])('reads no more of itself than that for `vick %s`', async (...argv) => {
    const loaded = await loadedChunks(argv);
    const eager = eagerOutputs().map((output) => relative(program.dist, absolute(output)));
    const lazy = loaded.filter((chunk) => !eager.includes(chunk));
    const brought = lazy
      .flatMap((chunk) => Object.keys(outputOf(chunk)?.inputs ?? {}))
      .filter((input) => input.startsWith('src/') || input.includes('node_modules'));
    expect(brought).toEqual([]);
  });

  it('is seen to load more when a command needs it', async () => {
    expect((await loadedChunks(['sandbox', 'status'])).some((file) => file.startsWith('lazy/cli/commands/sandbox'))).toBe(true);
  });
});

/** Paths, as in the metafile, of main.cjs and everything it imports statically. */
function eagerOutputs(): readonly string[] {
  const { outputs } = program.metafile;
  const main = Object.keys(outputs).find((path) => absolute(path) === join(program.dist, 'main.cjs'));
  if (main === undefined) throw new Error('no main.cjs');
  const seen = new Set([main]);
  for (const path of seen) for (const one of outputs[path]?.imports ?? []) if (one.kind !== 'dynamic-import' && one.external !== true) seen.add(one.path);
  return [...seen];
}

function packagesIn(paths: readonly string[]): readonly string[] {
  const names = paths
    .flatMap((path) => Object.keys(program.metafile.outputs[path]?.inputs ?? {}))
    .map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

function outputOf(chunk: string): BuiltProgram['metafile']['outputs'][string] | undefined {
  return Object.entries(program.metafile.outputs).find(([path]) => absolute(path) === join(program.dist, chunk))?.[1];
}

function absolute(output: string): string {
  return join(fileURLToPath(new URL('../..', import.meta.url)), output);
}

/** Files of dist/ that V8 saw while the program ran, by its own coverage record. */
async function loadedChunks(argv: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vick-coverage-'));
  try {
    // A command that fails has been loaded all the same.
    await exec(process.execPath, [program.bin('vick'), ...argv], { env: { PATH: process.env['PATH'] ?? '', HOME: folder, NODE_V8_COVERAGE: folder } }).catch(
      () => undefined,
    );
    const reports = await Promise.all(
      (await readdir(folder)).filter((name) => name.startsWith('coverage-')).map((name) => readFile(join(folder, name), 'utf8')),
    );
    const urls = reports.flatMap((text) => (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url));
    // Only ES modules are in the record: the entry comes from V8's cache, under its path.
    const files = urls.filter((url) => /^(file:|\/)/.test(url)).map((url) => relative(program.dist, url.startsWith('/') ? url : fileURLToPath(url)));
    return [...new Set(files.filter((file) => !file.startsWith('..')))].sort();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
