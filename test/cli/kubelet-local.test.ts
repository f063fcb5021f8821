import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { run } from '../../src/cli/run.ts';
import { VickError } from '../../src/errors/vick-error.ts';
import { systemClock } from '../../src/platform/node/clock.ts';
import { nodeProcessTable, nodeSpawner } from '../../src/platform/node/spawner.ts';
import { createFakeHost } from '../support/fake-deps.ts';
import { startSmallApiServer, type SmallApiServer } from '../support/small-api-server.ts';

let folder: string;
let server: SmallApiServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-kubelet-'));
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
  server = await startSmallApiServer({ nodes: [{ metadata: { name: 'kubelet-web', labels: { type: 'virtual-kubelet' } }, spec: {}, status: { conditions } }] });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await vick(['kubelet', 'stop', '--all', '--timeout', '100ms']);
});

const notesFile = (node: string): string => join(folder, 'state', 'kubelet', node, 'kubelet.json');

async function vick(argv: readonly string[], env: Record<string, string> = {}, signal?: AbortSignal) {
  const script = fileURLToPath(new URL('../support/kubelet-stand-in.mjs', import.meta.url));
  const fake = createFakeHost({
    env: { VICK_STATE_DIR: join(folder, 'state'), PATH: process.env['PATH'] ?? '', ...env },
    host: {
      ...{ clock: systemClock, cwd: folder, homeDirectory: folder, spawner: nodeSpawner, processes: nodeProcessTable },
      kubernetes: server.kubernetes,
      self: { argv: () => [process.execPath, script], pid: process.pid, version: '1.2.3', runtime: { node: 'v20', platform: 'linux/x64' } },
    },
  });
  const code = await run(argv, fake.host, signal);
  return { code, stdout: fake.stdout(), stderr: fake.stderr() };
}

interface Notes {
  readonly process: { readonly pid: number };
  readonly argv: readonly string[];
}

const readNotes = async (node = 'kubelet-web'): Promise<Notes> => JSON.parse(await readFile(notesFile(node), 'utf8')) as Notes;
const START = ['kubelet', 'start', 'web', '--portlayer-addr', '10.0.0.5:2380', '--host-uuid', '564d395e-d807-e18a-cb25-b79f65eb2b9f'];

describe('vick kubelet start', () => {
  it('starts a process that outlives it, waits for the node, and notes what it did', async () => {
    const { code, stdout } = await vick([...START, '-o', 'json'], { VICK_PASSWORD: 'not-for-kubelets', VIC_MACHINE_PASSWORD: 'neither' });
    expect(code).toBe(0);
    const { process: mark, argv } = await readNotes();
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'KubeletStart', node: 'kubelet-web', pid: mark.pid, port: 12345, registered: true });
    expect(nodeProcessTable.isAlive(mark.pid)).toBe(true);
    expect(argv.slice(2)).toEqual([
      ...['kubelet', 'run', '--nodename=kubelet-web', '--portlayer-addr=10.0.0.5:2380', '--host-uuid=564d395e-d807-e18a-cb25-b79f65eb2b9f'],
      `--log-file=${join(folder, 'state', 'kubelet', 'kubelet-web', 'kubelet.log')}`,
    ]);
    expect(await readFile(join(folder, 'state', 'kubelet', 'kubelet-web', 'kubelet.pid'), 'utf8')).toBe(`${String(mark.pid)}\n`);
    expect((await stat(notesFile('kubelet-web'))).mode & 0o777).toBe(0o600);
    const log = await readFile(join(folder, 'state', 'kubelet', 'kubelet-web', 'kubelet.log'), 'utf8');
    expect(log).toContain('VICK_STATE_DIR');
    expect(log).not.toMatch(/PASSWORD/);
  });

  it('starts no second one for the same node', async () => {
    await vick(START);
    const { code, stderr } = await vick(START);
    expect([code, stderr]).toEqual([3, expect.stringContaining('vick kubelet stop kubelet-web')]);
  });

  it('tells what a kubelet that ends at once has said, and leaves nothing noted', async () => {
    const { code, stderr } = await vick(START, { STAND_IN: 'fails' });
    expect(code).toBe(1);
    expect(stderr).toContain('the kubelet of kubelet-web ended at once: --host-uuid: "x" is not a UUID [KUBELET_CONFIG] [KUBELET_FAILED]\nhint: 8-4-4-4-12');
    await expect(stat(notesFile('kubelet-web'))).rejects.toThrow();
  });

  it('ends one whose node is not registered in time, and says how far it came', async () => {
    const { code, stderr } = await vick([...START, '--timeout', '700ms'], { STAND_IN: 'waits' });
    expect([code, stderr]).toEqual([7, expect.stringContaining('its kubelet said last: waiting for the port layer')]);
    await expect(stat(notesFile('kubelet-web'))).rejects.toThrow();
  });

  it('does not wait with --no-wait', async () => {
    const { code } = await vick([...START, '--no-wait'], { STAND_IN: 'waits' });
    expect(code).toBe(0);
    expect(nodeProcessTable.isAlive((await readNotes()).process.pid)).toBe(true);
  });

  it('ends what it has started when it is interrupted', async () => {
    const stop = new AbortController();
    const done = vick(START, { STAND_IN: 'waits' }, stop.signal);
    await expect
      .poll(
        () =>
          stat(notesFile('kubelet-web')).then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);
    const { pid } = (await readNotes()).process;
    stop.abort(new VickError('CANCELLED', 'Cancelled.'));
    expect((await done).code).toBe(130);
    expect(nodeProcessTable.isAlive(pid)).toBe(false);
  });

  it('finds a mistake before anything is started', async () => {
    const nameless = await vick(['kubelet', 'start']);
    expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringContaining('which node is not said')]);
    expect((await vick(['kubelet', 'start', 'web', '--kubeconfig', join(folder, 'gone')])).code).toBe(6);
    expect((await vick(['kubelet', 'start', 'Bad_Name'])).code).toBe(2);
  });
});

describe('vick kubelet stop', () => {
  it('asks the kubelet to end and keeps its log', async () => {
    await vick(START);
    const { pid } = (await readNotes()).process;
    const { code, stdout } = await vick(['kubelet', 'stop']);
    expect([code, stdout]).toEqual([0, 'kubelet of kubelet-web stopped\n']);
    expect(nodeProcessTable.isAlive(pid)).toBe(false);
    expect(await readFile(join(folder, 'state', 'kubelet', 'kubelet-web', 'kubelet.log'), 'utf8')).toContain('told to end');
    expect((await vick(['kubelet', 'stop', 'web'])).code).toBe(5);
  });

  it('kills one that does not end, and exits with 8', async () => {
    await vick(START, { STAND_IN: 'stubborn' });
    const { pid } = (await readNotes()).process;
    const { code, stdout } = await vick(['kubelet', 'stop', 'web', '--timeout', '200ms', '-o', 'json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([8, { items: [{ node: 'kubelet-web', result: 'killed' }] }]);
    expect(nodeProcessTable.isAlive(pid)).toBe(false);
  });

  it('clears away after one that has died, and wants a name where there are several', async () => {
    await vick(START);
    await vick(['kubelet', 'start', 'other']);
    expect((await vick(['kubelet', 'stop'])).stderr).toContain('there are several kubelets: kubelet-other, kubelet-web');
    const { pid } = (await readNotes()).process;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => nodeProcessTable.isAlive(pid)).toBe(false);
    const { code, stdout } = await vick(['kubelet', 'stop', 'web']);
    expect([code, stdout]).toEqual([0, 'kubelet of kubelet-web had died already\n']);
    expect((await vick(['kubelet', 'stop', '--all'])).stdout).toBe('kubelet of kubelet-other stopped\n');
    expect((await vick(['kubelet', 'stop', 'web', '--all'])).code).toBe(2);
  });
});

describe('vick kubelet status', () => {
  it('shows process, port and node, and exits with 0 while all is well', async () => {
    await vick(START);
    const { code, stdout } = await vick(['kubelet', 'status']);
    const { pid } = (await readNotes()).process;
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^NODE +STATE +PID +PORT +READY +AGE\\nkubelet-web +Running +${String(pid)} +12345 +Ready +\\d+s\\n$`));
  });

  it('tells one that has died, and a process that was given its id since', async () => {
    await vick(START);
    const notes = await readNotes();
    await writeFile(notesFile('kubelet-web'), JSON.stringify({ ...notes, process: { pid: process.pid, startTicks: '1' } }));
    const { code, stdout } = await vick(['kubelet', 'status', 'web', '-o', 'json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { items: [{ running: false, pid: null, port: null, nodeStatus: 'Ready' }] }]);
    await writeFile(notesFile('kubelet-web'), JSON.stringify(notes));
  });

  it('tells a node that the cluster does not have', async () => {
    await vick(['kubelet', 'start', 'other']);
    const { code, stdout } = await vick(['kubelet', 'status', 'other']);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/kubelet-other +Running +\d+ +12345 +none/)]);
  });

  it('says that there are none, and knows no others', async () => {
    const none = await vick(['kubelet', 'status']);
    expect([none.code, none.stdout, none.stderr]).toEqual([0, '', 'No kubelets were started here.\n']);
    expect((await vick(['kubelet', 'status', 'nowhere'])).code).toBe(5);
  });
});

describe('vick kubelet unit and manifest', () => {
  const UUID = '564d395e-d807-e18a-cb25-b79f65eb2b9f';

  it('write what the environment says into the unit, with absolute paths', async () => {
    const env = { PORTLAYER_ADDR: '10.0.0.5:2380', KUBECONFIG: 'web.kubeconfig', DOCKER_CERT_PATH: 'certs', VICK_PASSWORD: 'not-for-units' };
    const { code, stdout } = await vick(
      ['kubelet', 'unit', 'web', '--host-uuid', UUID, '--tls-cert-file', 'tls.crt', '--label', 'a=b', '--label', 'c=d', '--user', 'vick'],
      env,
    );
    expect(code).toBe(0);
    expect(stdout).toContain('\nUser=vick\n');
    expect(stdout).toContain(`\nEnvironment="DOCKER_CERT_PATH=${join(folder, 'certs')}"\n`);
    const [line = ''] = /^ExecStart=.*$/m.exec(stdout) ?? [];
    expect(line.split(' ').slice(2)).toEqual([
      ...['kubelet', 'run', '--nodename=kubelet-web', '--label=a=b', '--label=c=d', '--portlayer-addr=10.0.0.5:2380', `--host-uuid=${UUID}`],
      ...[`--tls-cert-file=${join(folder, 'tls.crt')}`, `--kubeconfig=${join(folder, 'web.kubeconfig')}`],
    ]);
    expect(stdout).not.toContain('not-for-units');
  });

  it('print objects that kubectl can be given', async () => {
    const { code, stdout } = await vick([
      'kubelet',
      'manifest',
      'web',
      '--image',
      'r/vick:1',
      '--portlayer-addr',
      '10.0.0.5:2380',
      '--host-uuid',
      UUID,
      '--port',
      '10251',
    ]);
    const objects = parseAllDocuments(stdout).map((document) => document.toJS() as { kind: string });
    expect([code, objects.map(({ kind }) => kind).filter((kind) => !kind.includes('Role'))]).toEqual([
      0,
      ['Namespace', 'ServiceAccount', 'ConfigMap', 'Deployment'],
    ]);
    expect(objects.at(-1)).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                args: [
                  'kubelet',
                  'run',
                  '--nodename=kubelet-web',
                  '--kubeconfig=/etc/vick/cluster/kubeconfig',
                  '--portlayer-addr=10.0.0.5:2380',
                  `--host-uuid=${UUID}`,
                  '--port=10251',
                ],
                ports: [{ containerPort: 10_251 }],
              },
            ],
          },
        },
      },
    });
  });

  it('refuse what makes no sense', async () => {
    expect((await vick(['kubelet', 'manifest', 'web'])).stderr).toContain('--image');
    expect((await vick(['kubelet', 'manifest', 'web', '--image', 'x', '--port', 'none'])).code).toBe(2);
    expect((await vick(['kubelet', 'unit'])).code).toBe(2);
  });
});
