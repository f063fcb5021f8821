// Makes a fresh clone ready: installs exactly what the lockfile names and builds dist/, each only when it is stale.
// Runs before the demo and the tests; uses nothing but Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`vick needs Node.js 20.19 or newer; this is ${process.version}\n`);
  process.exit(1);
}

const stamp = join(root, 'node_modules', '.vick-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  run('installing dependencies', npm(), ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}

const built = join(root, 'dist', 'main.cjs');
const sources = [join(root, 'src'), join(root, 'package-lock.json'), join(root, 'test', 'tooling', 'build.mjs')];
if (!existsSync(built) || newest(sources) > statSync(built).mtimeMs) run('building', [process.execPath], [join(root, 'test', 'tooling', 'build.mjs')]);

/** npm as it was started, or the one on the path. */
function npm() {
  const script = process.env['npm_execpath'];
  return script === undefined ? ['npm'] : [process.execPath, script];
}

function run(what, [file, ...prefix], args) {
  process.stderr.write(`setup: ${what}\n`);
  const result = spawnSync(file, [...prefix, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status === 0) return;
  process.stderr.write(`setup: ${what} failed${result.error === undefined ? '' : `: ${result.error.message}`}\n`);
  process.exit(1);
}

function newest(paths) {
  return Math.max(
    ...paths.map((path) => {
      const info = statSync(path);
      return info.isDirectory() ? Math.max(0, newest(readdirSync(path).map((name) => join(path, name)))) : info.mtimeMs;
    }),
  );
}
