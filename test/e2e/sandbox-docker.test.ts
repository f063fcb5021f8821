/** A sandbox whose pod VMs are containers of a real engine, from `sandbox up --engine` to what is left after it. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/platform/kubernetes-objects.ts';
import { BUSYBOX, importBusybox } from '../support/engines/busybox-image.ts';
import { startDockerd } from '../support/engines/dockerd.ts';
import { clientOf, isUnavailable, type TestEngine } from '../support/engines/engine.ts';
import { createPod, kubectlMinor, pod, podPath, run, startSite, untilPod, VICK, type Site } from './site.ts';

const { image } = BUSYBOX;
const never = new AbortController().signal;
const LABEL = 'vick.dev/sandbox';

test('an engine that does not answer is told of before anything is started', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vick-e2e-engine-'));
  try {
    const env = { HOME: folder, NO_COLOR: '1', VICK_STATE_DIR: join(folder, 'state') };
    const socket = `unix://${folder}/none.sock`;
    const refused = await run(process.execPath, [VICK, 'sandbox', 'up', '--engine', socket], { env, cwd: folder });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(socket);
    expect(refused.stderr).toContain('--engine process');
    const nonsense = await run(process.execPath, [VICK, 'sandbox', 'up', '--engine', 'ftp://x'], { env, cwd: folder });
    expect(nonsense.stderr).toContain('"ftp://x" is not the address of a container engine');
    const viaVariable = await run(process.execPath, [VICK, 'sandbox', 'up', '--engine', 'docker'], { env: { ...env, DOCKER_HOST: socket }, cwd: folder });
    expect(viaVariable.stderr).toContain(socket);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const engine = await startDockerd();
const lacking = isUnavailable(engine) ? engine : await importBusybox(clientOf(engine));
const hasKubectl = kubectlMinor() !== undefined;
if (isUnavailable(engine) || lacking !== undefined) {
  if (!isUnavailable(engine)) await engine.close();
  test.skip(`a sandbox of containers: ${lacking?.unavailable ?? ''}`, () => undefined);
  console.log(`skipped: test/e2e/sandbox-docker.test.ts: ${lacking?.unavailable ?? ''}`);
} else {
  if (!hasKubectl) console.log('skipped: test/e2e/sandbox-docker.test.ts needs kubectl on the path');
  describe.skipIf(!hasKubectl)('a sandbox of containers', () => containers(engine));
}

function containers(real: TestEngine): void {
  const client = clientOf(real);
  const address = `unix://${real.socketPath}`;
  const left = async (): Promise<number> => (await client.listContainers({ label: [LABEL] }, never)).length;
  let site: Site;
  const ok = async (...args: string[]): Promise<string> => {
    const result = await site.kubectl(args);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')} exited ${String(result.code)}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const only = (script: string, more: object = {}) => [{ name: 'main', image, command: ['sh', '-c', script], ...more }];
  const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";
  const isReady = (found: Pod | undefined): boolean => found?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  const terminated = (found: Pod | undefined) => found?.status?.containerStatuses?.[0]?.state?.terminated;
  const remove = async (name: string): Promise<void> => {
    await site.api.request({ method: 'DELETE', path: podPath(name) });
    await untilPod(site.api, name, (found) => found === undefined);
  };

  beforeAll(async () => {
    site = await startSite({ engine: address });
    await site.ok(['create', 'vch', 'real', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
  });
  afterEach(async () => {
    await ok('delete', 'pods', '--all', '--timeout=60s');
    expect(await left()).toBe(0);
  });
  afterAll(async () => {
    await site.vick(['delete', 'vch', 'real', '--yes', '--force']);
    expect(await site.down()).toEqual({ processes: [], files: [] });
    const containersLeft = await left();
    client.close();
    await real.close();
    expect(containersLeft).toBe(0);
  });

  test('says in its status what it runs pods with', async () => {
    const status = JSON.parse((await site.ok(['sandbox', 'status', '-o', 'json'])).stdout) as { engine: object };
    expect(status.engine).toMatchObject({ kind: 'docker', address, version: expect.stringMatching(/^Docker \d/) });
    expect((await site.ok(['sandbox', 'status'])).stdout).toContain(`containers of ${address}`);
  });

  test('runs a pod of a local image: what it says, how it ends, what it is', async () => {
    await createPod(site.api, pod('ends', { restartPolicy: 'Never', containers: only('ls -l /bin/sh; hostname; echo wrong >&2; sleep 1; exit 7') }));
    const ended = await untilPod(site.api, 'ends', (found) => found?.status?.phase === 'Failed');
    expect(terminated(ended)).toMatchObject({ exitCode: 7, reason: 'Error' });
    const own = await client.inspectImage(image, never);
    expect(ended?.status?.containerStatuses?.[0]?.imageID).toContain(own?.Id ?? 'no such image');
    // Its file system is the image's: there the shell is busybox, whatever it is here.
    const log = await ok('logs', 'ends');
    expect(log).toMatch(/\/bin\/sh -> busybox\nends\n/);
    // An engine carries both outputs each by itself.
    expect(log).toMatch(/^wrong$/m);
  });

  test('commands see the files of their container; its ports are reached from outside and by probes', async () => {
    const script = `mkdir /w; echo page > /w/index.html; echo up; httpd -p 8080 -h /w; ${WAITS}`;
    const probe = { readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } };
    await createPod(site.api, pod('serves', { containers: only(script, probe) }));
    const running = await untilPod(site.api, 'serves', isReady);
    expect(await (await fetch(`http://${running?.status?.podIP ?? ''}:8080/`)).text()).toBe('page\n');
    expect(await ok('exec', 'serves', '--', 'cat', '/w/index.html')).toBe('page\n');
    expect(await site.kubectl(['exec', 'serves', '--', 'sh', '-c', 'echo err >&2; exit 9'])).toMatchObject({ code: 9, stderr: expect.stringContaining('err') });
    expect(await site.kubectl(['exec', '-i', 'serves', '--', 'cat'], { input: 'through' })).toMatchObject({ code: 0, stdout: 'through' });
    expect(await site.kubectl(['exec', 'serves', '--', '/no/such'])).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file or directory') });
    await remove('serves');
    expect(await left()).toBe(0);
  });

  test('containers find the files of their volumes in their file systems, each with what it may read', async () => {
    const objects = '/api/v1/namespaces/default';
    const data = { a: 'alpha', 'b.conf': 'beta' };
    await site.api.request({ method: 'POST', path: `${objects}/configmaps`, body: { metadata: { name: 'settings' }, data } });
    const body = { metadata: { name: 'keys' }, data: { k: Buffer.from('secret words').toString('base64') } };
    await site.api.request({ method: 'POST', path: `${objects}/secrets`, body });
    const volumes = [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } },
      {
        name: 'all',
        projected: {
          sources: [
            { downwardAPI: { items: [{ path: 'deep/name', fieldRef: { fieldPath: 'metadata.name' } }] } },
            { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
          ],
        },
      },
    ];
    const volumeMounts = [
      { name: 'settings', mountPath: '/etc/settings' },
      { name: 'settings', mountPath: '/etc/one.conf', subPath: 'b.conf' },
      { name: 'keys', mountPath: '/etc/keys' },
      { name: 'all', mountPath: '/var/run/all' },
    ];
    await createPod(
      site.api,
      pod('reader', {
        volumes,
        securityContext: { fsGroup: 2000 },
        containers: [
          { name: 'main', image, command: ['sh', '-c', `cat /etc/settings/a /etc/one.conf; echo; ${WAITS}`], volumeMounts },
          { name: 'user', image, command: ['sh', '-c', WAITS], securityContext: { runAsUser: 65534 }, volumeMounts },
        ],
      }),
    );
    await untilPod(site.api, 'reader', isReady);
    await expect.poll(() => ok('logs', 'reader', '-c', 'main'), { timeout: 30_000 }).toContain('alphabeta\n');
    const read = (container: string, script: string): Promise<string> => ok('exec', 'reader', '-c', container, '--', 'sh', '-c', script);
    expect(await read('user', 'id -u; cat /etc/keys/k')).toBe('65534\nsecret words');
    expect(await read('main', 'stat -c "%a %u" /etc/keys/k /etc/settings/a /etc/settings')).toBe('444 0\n644 0\n755 0\n');
    expect(await read('main', 'cat /var/run/all/deep/name; wc -c < /var/run/all/token')).toMatch(/^reader\s*\d{3,}\n$/);
    for (const kind of ['configmaps/settings', 'secrets/keys']) await site.api.request({ method: 'DELETE', path: `${objects}/${kind}` });
  });

  test('containers of a pod meet at 127.0.0.1', async () => {
    const server = 'mkdir /w; echo shared > /w/index.html; exec httpd -f -p 8080 -h /w';
    await createPod(
      site.api,
      pod('pair', {
        containers: [
          { name: 'main', image, command: ['sh', '-c', `until wget -q -O - http://127.0.0.1:8080/; do sleep 0.2; done; ${WAITS}`] },
          { name: 'server', image, command: ['sh', '-c', server] },
        ],
      }),
    );
    await untilPod(site.api, 'pair', isReady);
    await expect.poll(() => ok('logs', 'pair', '-c', 'main'), { timeout: 30_000 }).toMatch(/^shared$/m);
  });

  test('a container that joined its VM hears that it is to stop', async () => {
    const command = ['sh', '-c', "trap 'sleep 1; exit 7' TERM; echo > /waits; while :; do sleep 0.1; done"];
    const livenessProbe = { exec: { command: ['sh', '-c', '[ ! -e /waits ]'] }, periodSeconds: 1, failureThreshold: 1 };
    await createPod(site.api, pod('polite', { containers: [...only(WAITS), { name: 'second', image, command, livenessProbe }] }));
    const restarted = await untilPod(site.api, 'polite', (found) => (found?.status?.containerStatuses?.[1]?.restartCount ?? 0) >= 1);
    expect(restarted?.status?.containerStatuses?.[1]?.lastState?.terminated).toMatchObject({ exitCode: 7 });
    expect(restarted?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  test('a program that the image does not have, and an image that cannot be had, are told of', async () => {
    await createPod(site.api, pod('no-program', { restartPolicy: 'Never', containers: [{ name: 'main', image, command: ['/usr/bin/env'] }] }));
    await createPod(site.api, pod('no-image', { containers: [{ name: 'main', image: '127.0.0.1:9/team/app:v1', command: ['true'] }] }));
    const ended = await untilPod(site.api, 'no-program', (found) => found?.status?.phase === 'Failed');
    expect(terminated(ended)?.message).toContain('no such file or directory');
    const waiting = (found: Pod | undefined) => found?.status?.containerStatuses?.[0]?.state?.waiting;
    const refused = await untilPod(site.api, 'no-image', (found) => (waiting(found)?.message ?? '').includes('refused'));
    expect(waiting(refused)?.reason).toMatch(/RegistryUnavailable|ErrImagePull/);
  });

  test('a container that is killed behind its back has ended', async () => {
    await createPod(site.api, pod('victim', { restartPolicy: 'Never', containers: only('sleep 1000') }));
    await untilPod(site.api, 'victim', isReady);
    const [task] = await client.listContainers({ label: [LABEL, 'vick.dev/sandbox-role=task'] }, never);
    await client.killContainer(task!.Id, 'SIGKILL', never);
    expect(terminated(await untilPod(site.api, 'victim', (found) => found?.status?.phase === 'Failed'))).toMatchObject({ exitCode: 137 });
  });

  test('a sandbox that was killed leaves containers, which are removed with it', async () => {
    const other = await startSite({ engine: address });
    await other.ok(['create', 'vch', 'dies', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
    await createPod(other.api, pod('p', { containers: only('sleep 1000') }));
    await untilPod(other.api, 'p', isReady);
    const { pid } = JSON.parse((await other.ok(['sandbox', 'status', '-o', 'json'])).stdout) as { pid: number };
    process.kill(pid, 'SIGKILL');
    expect(await left()).toBe(2);
    expect(await other.down()).toEqual({ processes: [], files: [] });
    expect(await left()).toBe(0);
  });
}
