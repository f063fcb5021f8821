// Bundles src/main.ts into dist/: one small entry chunk and lazily loaded ones, so that `vick --help` reads one file.
import { build } from 'esbuild';
import { readFile, rm } from 'node:fs/promises';

const root = new URL('../..', import.meta.url).pathname;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));

await rm(`${root}dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  sourcemap: false,
  metafile: true,
  legalComments: 'none',
  define: { VICK_VERSION: JSON.stringify(version) },
  // Bundled CommonJS packages call require() for Node's own modules.
  banner: { js: "import { createRequire as __vickRequire } from 'node:module'; const require = __vickRequire(import.meta.url);" },
});
const entry = result.metafile.outputs['dist/main.js'];
process.stderr.write(`built dist/main.js (${Math.round(entry.bytes / 1024)} KiB) and ${Object.keys(result.metafile.outputs).length - 1} chunks\n`);
