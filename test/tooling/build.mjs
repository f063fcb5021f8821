// Bundles src/main.ts into dist/: one CommonJS file that is all `vick --help` reads, and ES modules in dist/lazy that
// it imports when they are needed. CommonJS, because starting Node's ES module loader costs half as much as Node itself;
// whoever needs a lazy part pays for it then. The parts hold copies of what the entry holds, so nothing in src may
// depend on there being one copy of a module (errors are recognised by symbols, not by their class).
import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Code that V8 takes from its cache cannot import by itself in Node 20: the entry imports through what loads it. */
const LAZY_IMPORT = '__vickImport';

/** commander loads node:child_process to start commands that are programs of their own. There are none, and it costs a fifth of the start. */
export const withoutSubprograms = {
  name: 'without-subprograms',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: 'child_process', namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

/**
 * dockerode carries ssh (with a native part) and gRPC for builds of images. Neither is used, and both would be loaded with it.
 */
export const withoutUnusedTransports = {
  name: 'without-unused-transports',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(ssh2|protobufjs|tar-fs|@balena\/dockerignore|@grpc\/(grpc-js|proto-loader))$/ }, ({ path, importer }) =>
      /[\\/](dockerode|docker-modem)[\\/]/.test(importer) ? { path, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

/** Leaves every `import()` of the entry to dist/lazy, and writes down in `found` which modules that must hold. */
const leaveLazy = (found) => ({
  name: 'leave-lazy',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /.*/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || path.startsWith('node:') || pluginData === 'asked') return undefined;
      const { path: file } = await resolve(path, { kind, resolveDir, pluginData: 'asked' });
      const name = path.startsWith('.') ? relative(join(root, 'src'), file).replaceAll('\\', '/').replace(/\.ts$/, '') : `packages/${path}`;
      found[`lazy/${name}`] = path.startsWith('.') ? file : path;
      return { path: `./lazy/${name}.js`, external: true };
    });
  },
});

/** Bundles into `outdir` and replaces what was there only when the whole bundle is good. Returns esbuild's metafile. */
export async function bundle(outdir = join(root, 'dist')) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const shared = {
    absWorkingDir: root,
    outdir,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    legalComments: 'none',
  };
  const lazy = {};
  const entry = await build({
    ...shared,
    entryPoints: { main: 'src/main.ts' },
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    plugins: [withoutSubprograms, leaveLazy(lazy)],
    define: { VICK_VERSION: JSON.stringify(version), 'import.meta.url': '__vickUrl' },
    banner: {
      js: `const __vickUrl = require('node:url').pathToFileURL(__filename).href; const ${LAZY_IMPORT} = module.lazyImport ?? ((path) => import(path));`,
    },
  });
  const parts = await build({
    ...shared,
    // Names of classes and functions show in messages of some packages. The entry has none of those, and wrapping every
    // function of it to keep its name takes a tenth of a start.
    keepNames: true,
    entryPoints: lazy,
    plugins: [withoutUnusedTransports],
    format: 'esm',
    splitting: true,
    chunkNames: 'lazy/chunks/[name]-[hash]',
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: { js: "import { createRequire as __vickRequire } from 'node:module'; const require = __vickRequire(import.meta.url);" },
  });
  const fresh = `${outdir}.${process.pid}.new`;
  await rm(fresh, { recursive: true, force: true });
  for (const file of [...entry.outputFiles, ...parts.outputFiles]) {
    const path = join(fresh, file.path.slice(outdir.length + 1));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, path.endsWith('.cjs') ? file.text.replace(/\bimport\((?=")/g, `${LAZY_IMPORT}(`) : file.contents);
  }
  compile(join(fresh, 'main.cjs'));
  await writeSchemas(fresh);
  await rm(outdir, { recursive: true, force: true });
  await rename(fresh, outdir);
  return { inputs: { ...entry.metafile.inputs, ...parts.metafile.inputs }, outputs: { ...entry.metafile.outputs, ...parts.metafile.outputs } };
}

/** Writes what V8 compiles of the entry during `vick --help` to `main.cjs.cache`; bin/load.js says who reads it. */
function compile(file) {
  const script = `
    const fs = require('node:fs'), vm = require('node:vm'), Module = require('node:module');
    const [file] = process.argv.splice(1, 1, 'vick');
    const compiled = new vm.Script(Module.wrap(fs.readFileSync(file, 'utf8')), { filename: file });
    const loaded = { exports: {} };
    compiled.runInThisContext().call(loaded.exports, loaded.exports, Module.createRequire(file), loaded, file, '.');
    loaded.exports.vick().then(() => fs.writeFileSync(file + '.cache', compiled.createCachedData()));`;
  execFileSync(process.execPath, ['-e', script, file, '--help'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The JSON Schemas of the kinds of files, printed by the program that reads them: dist/schema/*.json. */
async function writeSchemas(folder) {
  await mkdir(join(folder, 'schema'));
  const script = "process.argv.splice(1, 1, 'vick'); require(process.env.VICK_BUNDLE).vick();";
  for (const kind of ['VirtualContainerHost', 'Config']) {
    const env = { ...process.env, VICK_BUNDLE: join(folder, 'main.cjs') };
    const text = execFileSync(process.execPath, ['-e', script, 'vick', 'config', 'schema', kind], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    await writeFile(join(folder, 'schema', `${kind}.json`), text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { outputs } = await bundle();
  process.stderr.write(`built dist/main.cjs (${Math.round(outputs['dist/main.cjs'].bytes / 1024)} KiB) and ${Object.keys(outputs).length - 1} lazy parts\n`);
}
