// Builds dist/virtual-kubelet: the drop-in for /sbin/virtual-kubelet as one file that needs no Node on the machine it is
// copied to (a Node single executable, nodejs.org/docs/latest-v20.x/api/single-executable-applications.html).
//
//   npm run build:sea [-- --node PATH]
//
// PATH is the Node binary to put it into. The official builds of Node 20 need glibc 2.28; `vick appliance check` tells
// whether an image has what the result needs.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inject } from 'postject';
import { withoutSubprograms, withoutUnusedTransports } from './build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Node looks for it in its own file to know that it carries a program. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const CACHE = join(root, 'node_modules', '.vick-sea');

/** The drop-in has no sandbox in it, and nothing that would start one. */
const withoutSandbox = {
  name: 'without-sandbox',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/sandbox\// }, ({ path, kind }) => (kind === 'dynamic-import' ? { path, namespace: 'no-sandbox' } : undefined));
    onLoad({ filter: /.*/, namespace: 'no-sandbox' }, () => ({ contents: 'throw new Error("there is no sandbox in this program");', loader: 'js' }));
  },
};

/** The whole drop-in as one CommonJS text. */
export async function bundleVirtualKubelet() {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    stdin: {
      contents: "import { virtualKubelet } from './src/main.ts'; void virtualKubelet();",
      resolveDir: root,
      sourcefile: 'virtual-kubelet.ts',
      loader: 'ts',
    },
    write: false,
    bundle: true,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'error',
    // Code that V8 takes from its cache cannot import by itself in Node 20.
    supported: { 'dynamic-import': false },
    plugins: [withoutSubprograms, withoutUnusedTransports, withoutSandbox],
    define: { VICK_VERSION: JSON.stringify(version), 'import.meta.url': '__vickUrl' },
    // The first line is what `vick appliance check` knows the program by.
    banner: { js: `/* vick-virtual-kubelet/${version}; */const __vickUrl=require('node:url').pathToFileURL(process.execPath).href;` },
  });
  return { text: outputFiles[0].text, metafile };
}

/**
 * The executable for the sources as they are, made only when none was made of them yet. `node` is the binary that it is
 * put into. Returns its path, its size and esbuild's metafile.
 */
export async function buildVirtualKubelet({ node = process.execPath, cache = CACHE } = {}) {
  const { text, metafile } = await bundleVirtualKubelet();
  const { size, mtimeMs } = await stat(node);
  const key = createHash('sha256').update(text).update(`${node} ${size} ${mtimeMs}`).digest('hex').slice(0, 16);
  const path = join(cache, `virtual-kubelet-${key}`);
  if (!(await exists(path))) {
    await mkdir(cache, { recursive: true });
    await make(text, node, path);
    for (const name of await readdir(cache))
      if (/^virtual-kubelet-[0-9a-f]{16}$/.test(name) && name !== basename(path)) await rm(join(cache, name), { force: true });
  }
  return { path, bytes: (await stat(path)).size, metafile };
}

async function make(text, node, path) {
  const folder = await mkdtemp(join(tmpdir(), 'vick-sea-'));
  try {
    const [main, blob, config] = ['main.cjs', 'blob', 'sea.json'].map((name) => join(folder, name));
    await writeFile(main, text);
    await writeFile(config, JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: true }));
    // The code cache fits only the Node that made it.
    execFileSync(node, ['--experimental-sea-config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    const fresh = `${path}.${process.pid}.new`;
    await copyFile(node, fresh);
    await chmod(fresh, 0o755);
    await quietly(async () => inject(fresh, 'NODE_SEA_BLOB', await readFile(blob), { sentinelFuse: FUSE }));
    await rename(fresh, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** postject and its WebAssembly tell what they do on stdout. */
async function quietly(work) {
  const { log, warn } = console;
  console.log = console.warn = () => undefined;
  try {
    await work();
  } finally {
    Object.assign(console, { log, warn });
  }
}

async function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--node');
  const { path, bytes } = await buildVirtualKubelet(at === -1 ? {} : { node: process.argv[at + 1] });
  const target = join(root, 'dist', 'virtual-kubelet');
  await mkdir(dirname(target), { recursive: true });
  await rm(target, { force: true });
  await copyFile(path, target);
  process.stderr.write(`built dist/virtual-kubelet (${Math.round(bytes / 1024 / 1024)} MiB)\n`);
}
