import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Metafile {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number;
        readonly inputs: Readonly<Record<string, unknown>>;
        readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
      }
    >
  >;
}

/** The program as it is shipped, bundled from the sources as they are now into a folder of its own. */
export interface BuiltProgram {
  readonly bin: (name: 'vick' | 'kubectl-vick' | 'virtual-kubelet') => string;
  readonly dist: string;
  readonly metafile: Metafile;
  remove(): Promise<void>;
}

export async function buildProgram(): Promise<BuiltProgram> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { bundle } = (await import(join(root, 'test/tooling/build.mjs'))) as { bundle: (outdir: string) => Promise<Metafile> };
  const folder = await mkdtemp(join(tmpdir(), 'vick-built-'));
  await cp(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const dist = join(folder, 'dist');
  const metafile = await bundle(dist);
  return { bin: (name) => join(folder, 'bin', `${name}.js`), dist, metafile, remove: () => rm(folder, { recursive: true, force: true }) };
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started program whose output is collected; `said` waits for a text on either stream. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  said(text: string): Promise<void>;
}

export function start(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
      for (const check of waiting) check();
    });
  }
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal, ...output })));
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!output.stdout.includes(text) && !output.stderr.includes(text)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      void ended.then(() => {
        check();
        reject(new Error(`ended without saying "${text}": ${output.stdout}${output.stderr}`));
      });
      check();
    });
  return { child, ended, said };
}
