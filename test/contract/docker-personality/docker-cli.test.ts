/** The `docker` command of this computer against the sandbox's Docker API. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/platform/log.ts';
import { createAuthority } from '../../../src/sandbox/certificates.ts';
import { createRegistry } from '../../../src/sandbox/vch/catalogue.ts';
import { startPersonality } from '../../../src/sandbox/vch/personality/personality.ts';
import { startRecordedVch, type RecordedVch } from '../../support/recorded-vch.ts';

const LIMIT_MS = 30_000;
const works = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const hasDocker = works('docker');
const hasScript = works('script');

if (!hasDocker) console.log('skipped: test/contract/docker-personality/docker-cli.test.ts needs docker on the path');
else if (!hasScript) console.log('skipped in part: test/contract/docker-personality/docker-cli.test.ts needs script on the path for a terminal');

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(!hasDocker)('the docker command', () => {
  let vch: RecordedVch;
  let home: string;
  beforeAll(async () => {
    // Statistics come each 20 s.
    vch = await startRecordedVch({ simulatedVsphere: false, hurried: [20_000, 500] });
    home = await mkdtemp(join(tmpdir(), 'vick-docker-cli-'));
  });
  afterAll(async () => {
    await vch.stop();
    await rm(home, { recursive: true, force: true });
  });

  const environment = (): NodeJS.ProcessEnv => ({
    ...{ PATH: process.env['PATH'], HOME: home, DOCKER_CONFIG: home, TERM: 'xterm' },
    DOCKER_HOST: `tcp://127.0.0.1:${String(vch.personality.port)}`,
  });

  /** Ends by itself, or when `until` has been printed. */
  async function run(file: string, args: readonly string[], options: { readonly input?: string; readonly until?: string } = {}): Promise<Ran> {
    const child = spawn(file, args, { env: environment(), stdio: ['pipe', 'pipe', 'pipe'], timeout: LIMIT_MS });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
      if (options.until !== undefined && stdout.includes(options.until)) child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, stdout, stderr };
  }

  const docker = (args: readonly string[], options = {}): Promise<Ran> => run('docker', args, options);
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await docker(args);
    if (code !== 0) throw new Error(`docker ${args.join(' ')} exited ${String(code)}: ${stderr}`);
    return stdout.trim();
  };
  const clock = (name: string): Promise<string> =>
    ok('run', '-d', '--name', name, 'busybox:latest', 'sh', '-c', 'i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.2; done');

  it('runs containers in the foreground, with their output, input and exit code', async () => {
    expect(await docker(['run', '--rm', 'busybox:latest', 'sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(await docker(['run', '-i', '--rm', 'busybox:latest', 'cat'], { input: 'in and out' })).toMatchObject({ code: 0, stdout: 'in and out' });
    expect(await ok('ps', '-aq')).toBe('');
  });

  it('runs commands in containers', async () => {
    await ok('run', '-d', '--name', 'box', 'busybox:latest', 'sleep', '1000');
    expect(await docker(['exec', '-e', 'A=b', 'box', 'sh', '-c', 'echo $A; echo err >&2; exit 5'])).toEqual({ code: 5, stdout: 'b\n', stderr: 'err\n' });
    expect(await docker(['exec', '-i', 'box', 'cat'], { input: 'x'.repeat(100_000) })).toMatchObject({ code: 0, stdout: 'x'.repeat(100_000) });
    expect(await docker(['exec', 'box', '/does/not/exist'])).toMatchObject({ code: 126 });
    expect(await ok('exec', '-d', 'box', 'true')).toBe('');
  });

  it('gets the output of commands through TLS, where it sends the end of the input first', async () => {
    const now = Date.now();
    const authority = await createAuthority({ commonName: 'vch', now });
    const server = await authority.issueServer({ commonName: 'vch', names: ['127.0.0.1'], now });
    const issued = await authority.issueClient({ commonName: 'docker', organizations: [], now });
    for (const [name, pem] of Object.entries({ ca: authority.certificate, cert: issued.certificate, key: issued.key })) {
      await writeFile(join(home, `${name}.pem`), pem);
    }
    const safe = await startPersonality({
      ...{ state: vch.portLayer.state, portLayer: 'none', registry: createRegistry(), host: '127.0.0.1', port: 0, log: silentLog },
      tls: { mode: 'tls', certificate: server.certificate, key: server.key, clientCa: authority.certificate },
    });
    try {
      await ok('run', '-d', '--name', 'vault', 'busybox:latest', 'sleep', '1000');
      const there = [
        '-H',
        `tcp://127.0.0.1:${String(safe.port)}`,
        '--tlsverify',
        ...['cacert=ca', 'cert=cert', 'key=key'].map((flag) => `--tls${flag.replace('=', `=${home}/`)}.pem`),
      ];
      const { code, stdout } = await docker([...there, 'exec', 'vault', 'sh', '-c', 'sleep 0.2; echo late']);
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'late\n' });
      expect((await docker([...there, 'run', '-i', '--rm', 'busybox:latest', 'cat'], { input: 'in and out' })).stdout).toBe('in and out');
    } finally {
      await safe.stop();
    }
  });

  it.skipIf(!hasScript)('runs commands at a terminal', async () => {
    await ok('run', '-d', '--name', 'seat', 'busybox:latest', 'sleep', '1000');
    const { code, stdout } = await run('script', ['-qec', "docker exec -it seat sh -c 'echo $TERM; exit 4'", '/dev/null']);
    expect({ code, stdout: stdout.replaceAll('\r', '') }).toEqual({ code: 4, stdout: 'xterm\n' });
  });

  it('attaches to a container, and follows its log', async () => {
    await clock('ticker');
    const attached = await docker(['attach', '--no-stdin', '--sig-proxy=false', 'ticker'], { until: 'tick 4' });
    expect(attached.stdout).toMatch(/tick 4\n/);
    const followed = await docker(['logs', '-f', 'ticker'], { until: 'tick 8' });
    expect(followed.stdout).toMatch(/^tick 1\n(.*\n)*tick 8\n/);
    expect(await ok('stop', '-t', '1', 'ticker')).toBe('ticker');
  });

  it('shows statistics', async () => {
    await ok('run', '-d', '--name', 'load', 'busybox:latest', 'sleep', '1000');
    const shown = JSON.parse(await ok('stats', '--no-stream', '--format', '{{json .}}', 'load')) as Record<string, string>;
    expect(shown).toMatchObject({ Container: 'load', CPUPerc: expect.stringMatching(/^\d+\.\d\d%$/) as string, NetIO: '0B / 0B' });
  });

  it('tells of what happens', async () => {
    const since = String(Math.floor(Date.now() / 1000) - 1);
    await ok('run', '--rm', '--name', 'seen', 'busybox:latest', 'true');
    const { stdout } = await docker(['events', '--since', since, '--filter', 'container=seen', '--format', '{{.Action}}'], { until: 'destroy' });
    expect(stdout.trim().split('\n')).toEqual(['create', 'attach', 'start', 'die', 'stop', 'destroy']);
  });

  it('manages volumes and networks', async () => {
    expect(await ok('volume', 'create', '--driver', 'vsphere', '--label', 'a=b', '--opt', 'Capacity=2GB', 'data')).toBe('data');
    expect(await ok('volume', 'ls', '-q', '-f', 'label=a')).toBe('data');
    expect(JSON.parse(await ok('volume', 'inspect', 'data'))).toMatchObject([{ Name: 'data', Driver: 'vsphere', Labels: { a: 'b' } }]);
    expect(await docker(['volume', 'create', '--driver', 'nfs', 'x'])).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('error looking up volume plugin nfs: plugin not found') as string },
    });
    expect(await ok('volume', 'rm', 'data')).toBe('data');
    await ok('network', 'create', 'side');
    expect((await ok('network', 'ls', '--format', '{{.Name}}')).split('\n').sort()).toEqual(['bridge', 'public', 'side']);
    expect(await ok('network', 'rm', 'side')).toBe('side');
  });
});
