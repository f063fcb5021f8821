// Bundles src/main.ts into dist/: one small entry chunk and lazily loaded ones, so that `vick --help` reads one file.
import { build } from 'esbuild';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** commander loads node:child_process to start commands that are programs of their own. There are none, and it costs a fifth of the start. */
const withoutSubprograms = {
  name: 'without-subprograms',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: 'child_process', namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

/** Bundles into `outdir` and replaces what was there only when the whole bundle is good. Returns esbuild's metafile. */
export async function bundle(outdir = join(root, 'dist')) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const result = await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts' },
    outdir,
    write: false,
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
    plugins: [withoutSubprograms],
    legalComments: 'none',
    define: { VICK_VERSION: JSON.stringify(version) },
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: { js: "import { createRequire as __vickRequire } from 'node:module'; const require = __vickRequire(import.meta.url);" },
  });
  const fresh = `${outdir}.${process.pid}.new`;
  await rm(fresh, { recursive: true, force: true });
  for (const file of result.outputFiles) {
    const path = join(fresh, file.path.slice(outdir.length + 1));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.contents);
  }
  await rm(outdir, { recursive: true, force: true });
  await rename(fresh, outdir);
  return result.metafile;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { outputs } = await bundle();
  process.stderr.write(`built dist/main.js (${Math.round(outputs['dist/main.js'].bytes / 1024)} KiB) and ${Object.keys(outputs).length - 1} chunks\n`);
}
