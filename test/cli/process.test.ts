/** The real program as a process: signals, pipes, colours, exit codes, start on an old Node. */
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, start, type BuiltProgram } from '../support/built-program.ts';

const exec = promisify(execFile);
let program: BuiltProgram;
let folder: string;
let silent: Server;
let kubeconfig: string;

beforeAll(async () => {
  program = await buildProgram();
  folder = await mkdtemp(join(tmpdir(), 'vick-process-'));
  // Accepts, and never answers.
  silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  kubeconfig = join(folder, 'config');
  const server = `http://127.0.0.1:${String((silent.address() as AddressInfo).port)}`;
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user: { token: 'some-token' } }],
    }),
  );
}, 120_000);

afterAll(async () => {
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
  await Promise.all([rm(folder, { recursive: true, force: true }), program.remove()]);
});

const vick = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => start(program.bin('vick'), args, env);

describe('ending', () => {
  it.each([
    [['version'], 0],
    [['frobnicate'], 2],
    [['node', 'list', '--kubeconfig', '/nonexistent/config'], 6],
  ])('`vick %j` with exit code %d', async (args, code) => {
    expect(await vick(args).ended).toMatchObject({ code, signal: null });
  });

  it('says what is a result on stdout and what is talk on stderr', async () => {
    const good = await vick(['version', '-o', 'json']).ended;
    expect(JSON.parse(good.stdout)).toMatchObject({ kind: 'Version', node: process.version });
    expect(good.stderr).toBe('');
    const bad = await vick(['frobnicate']).ended;
    expect(bad.stdout).toBe('');
    expect(bad.stderr).toContain("error: unknown command 'frobnicate' [USAGE]");
  });

  it('works as a kubectl plug-in', async () => {
    expect(await start(program.bin('kubectl-vick'), ['--version']).ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^vick \d/) as string });
  });

  it('tells an old Node what is needed', async () => {
    const old = join(folder, 'old.cjs');
    await writeFile(old, "Object.defineProperty(process, 'versions', { value: Object.assign({}, process.versions, { node: '20.18.9' }) });");
    for (const name of ['vick', 'kubectl-vick', 'virtual-kubelet'] as const) {
      const { code, stderr } = await start(program.bin(name), ['--version'], { NODE_OPTIONS: `--require ${old}` }).ended;
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`error: ${name} needs Node.js 20.19 or newer; this is v`) as string });
    }
  });
});

describe('Ctrl-C', () => {
  it('cancels at the first, says so without an error, and ends with 130', async () => {
    const asked = new Promise((resolve) => silent.once('request', resolve));
    const running = vick(['node', 'list', '--kubeconfig', kubeconfig]);
    await asked;
    running.child.kill('SIGINT');
    expect(await running.ended).toEqual({ code: 130, signal: null, stdout: '', stderr: 'Cancelled.\n' });
  });

  it('treats SIGTERM alike', async () => {
    const asked = new Promise((resolve) => silent.once('request', resolve));
    const running = vick(['node', 'list', '--kubeconfig', kubeconfig]);
    await asked;
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 130, signal: null });
  });

  it('ends at once at the second, whatever is still going on', async () => {
    // A vic-machine that does not care for Ctrl-C, and goes when the program that started it is gone.
    const stubborn = join(folder, 'vic-machine');
    await writeFile(
      stubborn,
      `#!${process.execPath}
const parent = process.ppid;
let asked = false;
process.on('SIGINT', () => { asked = true; require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'interrupted'))}, ''); });
setInterval(() => { if (process.ppid !== parent) process.exit(); }, 20);
require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'started'))}, String(process.pid));
`,
    );
    await chmod(stubborn, 0o755);
    const running = vick(['list', 'vch', '--target', 'vc.example', '--user', 'u', '--vic-machine', stubborn, '--kubeconfig', kubeconfig], {
      VICK_PASSWORD: 'not-a-real-one',
      VICK_STATE_DIR: join(folder, 'state'),
    });
    const present = (name: string): Promise<boolean> =>
      exec('test', ['-e', join(folder, name)]).then(
        () => true,
        () => false,
      );
    await expect.poll(() => present('started'), { timeout: 15_000 }).toBe(true);
    running.child.kill('SIGINT');
    await expect.poll(() => present('interrupted'), { timeout: 15_000 }).toBe(true);
    expect(running.child.exitCode).toBeNull();
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130, signal: null });
  });
});

describe('a reader that goes away', () => {
  it('ends the output quietly', async () => {
    const child = spawn(process.execPath, [program.bin('vick'), 'completion', 'fish'], {
      env: { PATH: process.env['PATH'] ?? '', HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const stderr: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, stderr: Buffer.concat(stderr).toString() }).toEqual({ code: 0, stderr: '' });
  });

  it('does so in a real pipeline', async () => {
    const { stdout, stderr } = await exec(
      'bash',
      ['--norc', '-c', 'set -o pipefail; "$0" "$1" help flags | head -n 1', process.execPath, program.bin('vick')],
      {
        env: { PATH: process.env['PATH'] ?? '' },
      },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'Every command\n', stderr: '' });
  });
});

describe('colour', () => {
  const escape = '\u001b[';

  it('is not written to a pipe, unless it is forced', async () => {
    expect((await vick(['frobnicate']).ended).stderr).not.toContain(escape);
    expect((await vick(['frobnicate'], { FORCE_COLOR: '1' }).ended).stderr).toContain(escape);
    expect((await vick(['frobnicate'], { FORCE_COLOR: '0' }).ended).stderr).not.toContain(escape);
    expect((await vick(['frobnicate', '--no-color'], { FORCE_COLOR: '1' }).ended).stderr).not.toContain(escape);
    expect((await vick(['frobnicate'], { FORCE_COLOR: '1', NO_COLOR: '1' }).ended).stderr).not.toContain(escape);
  });

  it('is written to a terminal, unless it is refused', async ({ skip }) => {
    if (!(await canMakeTerminals())) return skip('script (util-linux) is not installed here');
    expect(await onTerminal(['frobnicate'], { TERM: 'xterm' })).toContain(escape);
    expect(await onTerminal(['frobnicate'], { TERM: 'xterm', NO_COLOR: '1' })).not.toContain(escape);
    expect(await onTerminal(['frobnicate'], { TERM: 'dumb' })).not.toContain(escape);
  });
});

describe('questions', () => {
  it('are asked on a terminal, and Ctrl-C there is no failure', async ({ skip }) => {
    if (!(await canMakeTerminals())) return skip('script (util-linux) is not installed here');
    const child = spawn('script', ['-qec', `${process.execPath} ${program.bin('vick')} completion`, '/dev/null'], {
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let seen = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
    const code = new Promise((resolve) => child.once('close', resolve));
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('Bash, zsh, fish or powershell');
    child.stdin.write('\u0003');
    expect(await code).toBe(130);
    expect(seen).toContain('Cancelled.');
    expect(seen).not.toContain('[BUG]');
  });

  it('are answered by typing', async ({ skip }) => {
    if (!(await canMakeTerminals())) return skip('script (util-linux) is not installed here');
    const child = spawn('script', ['-qec', `${process.execPath} ${program.bin('vick')} completion`, '/dev/null'], {
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let seen = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
    const code = new Promise((resolve) => child.once('close', resolve));
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('Bash, zsh, fish or powershell');
    child.stdin.write('bash\r');
    expect(await code).toBe(0);
    expect(seen).toContain('complete -F _vick vick');
  });
});

async function canMakeTerminals(): Promise<boolean> {
  return exec('script', ['-qec', 'true', '/dev/null']).then(
    () => true,
    () => false,
  );
}

/** All that `vick` writes when its three streams are a terminal. */
async function onTerminal(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const line = [process.execPath, program.bin('vick'), ...args].join(' ');
  const { stdout } = await exec('script', ['-qec', `${line} || true`, '/dev/null'], { env: { PATH: process.env['PATH'] ?? '', SHELL: '/bin/sh', ...env } });
  return stdout;
}
