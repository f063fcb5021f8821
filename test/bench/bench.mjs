// Runs bench.ts: bundles it, because the oldest Node that vick supports does not read TypeScript.
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = new URL('../..', import.meta.url).pathname;
const folder = await mkdtemp(join(root, 'dist', 'bench-'));
try {
  const outfile = join(folder, 'bench.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['test/bench/bench.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  const { bench } = await import(pathToFileURL(outfile).href);
  process.stdout.write(`${JSON.stringify(await bench(root), undefined, 2)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
