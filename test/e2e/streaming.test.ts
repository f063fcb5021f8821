/** Logs, commands, attaching, copying, forwarding and node requests: every client, through the API server to a pod VM and back. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/platform/kubernetes-objects.ts';
import { createPod, kubectlMinor, pod, podPath, processesNaming, run, startSite, untilPod, type Run, type Site } from './site.ts';
import { kubectlClient, libraryClient, type StreamingClient } from './streaming-clients.ts';

const hasKubectl = kubectlMinor() !== undefined;
if (!hasKubectl) console.log('skipped in test/e2e/streaming.test.ts: what needs kubectl on the path');
/** Newer API servers do not proxy to nodes on loopback addresses, where those of a sandbox are; its own one does. */
const mayRefuse = (process.env['KUBEBUILDER_ASSETS'] ?? process.env['VICK_E2E_KUBECONFIG'] ?? '') !== '';

const image = 'busybox:1.36';
const shell = (script: string) => ['sh', '-c', script];
/** Answers each connection with what it got, in capitals, and takes leave. */
const SERVER = `require('net').createServer((s) => s.on('error', () => {}).once('data', (d) => s.end(d.toString().toUpperCase() + 'bye'))).listen(0, function () { console.log('port ' + this.address().port) })`;

let site: Site;
const clients: Record<string, StreamingClient> = {};
const kubectl = async (...args: string[]): Promise<Run> => site.kubectl(args);
const isReady = (found: Pod | undefined): boolean => found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const phaseIs = (phase: string) => (found: Pod | undefined) => found?.status?.phase === phase;

beforeAll(async () => {
  site = await startSite();
  Object.assign(clients, { library: libraryClient(site), webSocket: kubectlClient(site, true), spdy: kubectlClient(site, false) });
  await site.ok(['create', 'vch', 'st', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
  const pods = [
    pod('web', { containers: [{ name: 'main', image, command: shell('for i in 1 2 3 4 5; do echo line $i; done; sleep 3600') }] }),
    // A pod VM has one log, so what its containers write is not compared.
    pod('pair', { containers: ['one', 'two'].map((name) => ({ name, image, command: ['sleep', '3600'], env: [{ name: 'ME', value: name }] })) }),
    pod('reader', { containers: [{ name: 'main', image, command: ['cat'], stdin: true }] }),
    pod('server', { containers: [{ name: 'main', image, command: [process.execPath, '-e', SERVER] }] }),
  ];
  for (const each of pods) await createPod(site.api, { ...each, metadata: { ...each.metadata, labels: { ...each.metadata?.labels, app: 'streaming' } } });
  for (const { metadata } of pods) await untilPod(site.api, metadata!.name!, isReady);
});

afterAll(async () => {
  for (const name of ['web', 'pair', 'reader', 'server']) await site.api.request({ method: 'DELETE', path: podPath(name), query: { gracePeriodSeconds: 0 } });
  await site.vick(['delete', 'vch', 'st', '--yes', '--force']);
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

describe.each([
  ['library', true],
  ['webSocket', hasKubectl],
  ['spdy', hasKubectl],
] as const)('client %s', (key, isThere) => {
  const client = (): StreamingClient => clients[key]!;
  const web = { pod: 'web', container: 'main' };

  test.skipIf(!isThere)('exec: output, exit codes and failures', async () => {
    expect(await client().exec(web, ['echo', 'hello', 'wor ld'])).toMatchObject({ code: 0, stdout: Buffer.from('hello wor ld\n'), stderr: '' });
    const failed = await client().exec(web, shell('echo out; echo err >&2; exit 3'));
    expect(failed).toMatchObject({ code: 3, stdout: Buffer.from('out\n') });
    expect(failed.stderr).toMatch(/^err\n.*command terminated with .*3/s);
    expect((await client().exec(web, ['/no/such/program'])).stderr).toMatch(/no such file|not found/);
    for (const container of ['one', 'two']) {
      expect((await client().exec({ pod: 'pair', container }, shell('echo $ME'))).stdout.toString()).toBe(`${container}\n`);
    }
  });

  test.skipIf(!isThere)('exec: output of short commands is never lost', async () => {
    for (let round = 0; round < 10; round += 1) {
      expect((await client().exec(web, ['echo', String(round)])).stdout.toString()).toBe(`${String(round)}\n`);
    }
  });

  test.skipIf(!isThere)('exec: bytes go through unchanged, both ways, with their end', async () => {
    const bytes = randomBytes(3_000_000);
    const digest = createHash('sha256').update(bytes).digest('hex');
    expect((await client().exec(web, shell('sha256sum'), bytes)).stdout.toString()).toMatch(digest);
    const back = await client().exec(web, ['cat'], bytes);
    expect([back.code, createHash('sha256').update(back.stdout).digest('hex')]).toEqual([0, digest]);
  });

  test.skipIf(!isThere)('attach: talks to the process of a container', async () => {
    for (const text of [`for ${key}\n`, 'once more\n']) {
      expect(await client().attach({ pod: 'reader', container: 'main' }, Buffer.from(text), text)).toBe(text);
    }
  });

  test.skipIf(!isThere)('logs: whole, in part, with times', async () => {
    const lines = 'line 1\nline 2\nline 3\nline 4\nline 5\n';
    const logs = async (...args: Parameters<StreamingClient['logs']>): Promise<string> => (await client().logs(...args)).stdout.toString();
    expect(await logs(web, {})).toBe(lines);
    expect(await logs(web, { tailLines: 2 })).toBe('line 4\nline 5\n');
    // The library takes 0 for nothing said.
    if (key !== 'library') expect(await logs(web, { tailLines: 0 })).toBe('');
    expect(await logs(web, { limitBytes: 8 })).toBe('line 1\nl');
    expect(await logs(web, { sinceSeconds: 3600 })).toBe(lines);
    expect(await logs(web, { timestamps: true, tailLines: 1 })).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z line 5\n$/);
    const refused = key === 'library' ? /HTTP-Code: 400/ : /\(BadRequest\): previous terminated container "main" in pod "web" not found/;
    expect((await client().logs(web, { previous: true })).stderr).toMatch(refused);
  });

  test.skipIf(!isThere)('logs: followed until the container has ended', async () => {
    const name = `counter-${key.toLowerCase()}`;
    await createPod(
      site.api,
      pod(name, { restartPolicy: 'Never', containers: [{ name: 'main', image, command: shell('for i in 1 2 3; do echo $i; sleep 0.5; done; echo last') }] }),
    );
    await untilPod(site.api, name, (found) => found?.status?.containerStatuses?.[0]?.state?.running !== undefined || phaseIs('Succeeded')(found));
    expect((await client().logs({ pod: name, container: 'main' }, { follow: true })).stdout.toString()).toBe('1\n2\n3\nlast\n');
    await site.api.request({ method: 'DELETE', path: podPath(name) });
  });

  test.skipIf(!isThere)('port-forward: several connections', async () => {
    const port = Number(/port (\d+)/.exec((await clients['library']!.logs({ pod: 'server', container: 'main' }, {})).stdout.toString())?.[1]);
    for (const text of ['one', 'two']) expect(await client().forward({ pod: 'server' }, port, text)).toBe(`${text.toUpperCase()}bye`);
  });
});

describe.skipIf(!hasKubectl)('kubectl', () => {
  test('logs of a selector', async () => {
    const { stdout } = await kubectl('logs', '-l', 'app=streaming', '--all-containers', '--prefix', '--tail=-1');
    for (const line of ['[pod/web/main] line 1', '[pod/web/main] line 5', '[pod/server/main] port ']) expect(stdout).toContain(line);
  });

  test('the container that is meant where none is named', async () => {
    const guessed = await kubectl('exec', 'pair', '--', ...shell('echo $ME'));
    expect(guessed).toMatchObject({ stdout: 'one\n', stderr: expect.stringContaining('Defaulted container "one" out of: one, two') });
    await kubectl('annotate', 'pod', 'pair', 'kubectl.kubernetes.io/default-container=two');
    expect(await kubectl('exec', 'pair', '--', ...shell('echo $ME'))).toMatchObject({ stdout: 'two\n', stderr: '' });
    const path = '/api/v1/namespaces/default/pods/pair/exec?command=true&stdout=true';
    await expect(site.api.request({ method: 'POST', path })).rejects.toThrow('a container name must be specified for pod pair, choose one of: [one two]');
  });

  test('logs of the run before', async () => {
    await createPod(site.api, pod('again', { restartPolicy: 'OnFailure', containers: [{ name: 'main', image, command: shell('echo run; sleep 1; exit 1') }] }));
    await untilPod(site.api, 'again', (found) => (found?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
    expect(await kubectl('logs', 'again', '-p')).toMatchObject({ code: 0, stdout: 'run\n' });
    await kubectl('delete', 'pod', 'again', '--grace-period=0', '--force');
  });

  test('exec with a terminal', async () => {
    const inner = 'kubectl exec -it web -c main -- sh -c "echo on a terminal; exit 7"';
    const { code, stdout } = await run('script', ['-qefc', inner, '/dev/null'], { env: site.env, cwd: site.folder, input: '' });
    expect(stdout).toContain('on a terminal');
    expect(code).toBe(7);
  });

  test.each(['true', 'false'])('cp of a folder, there and back (WebSocket: %s)', async (webSockets) => {
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets };
    const [there, inside, back] = ['there', 'inside', 'back'].map((name) => join(site.folder, `${name}-${webSockets}`));
    const bytes = randomBytes(2_000_000);
    await mkdir(join(there!, 'sub'), { recursive: true });
    await mkdir(inside!);
    await writeFile(join(there!, 'sub', 'random bytes'), bytes);
    expect(await site.kubectl(['cp', there!, `web:${inside!}/copy`, '-c', 'main'], { env })).toMatchObject({ code: 0 });
    expect(await site.kubectl(['cp', `web:${inside!}/copy`, back!, '-c', 'main'], { env })).toMatchObject({ code: 0 });
    expect((await readFile(join(back!, 'sub', 'random bytes'))).equals(bytes)).toBe(true);
  });

  test('what cannot be reached is said as users know it', async () => {
    expect((await kubectl('exec', 'web', '-c', 'nosuch', '--', 'true')).stderr).toMatch(/container nosuch is not valid for pod web/);
    expect((await kubectl('exec', 'nosuch', '--', 'true')).stderr).toMatch(/pods "nosuch" not found/);
    await createPod(site.api, pod('nowhere', { nodeSelector: { not: 'there' }, containers: [{ name: 'main', image, command: ['true'] }] }));
    expect(await kubectl('logs', 'nowhere')).toMatchObject({ code: 0, stdout: '' });
    expect((await kubectl('exec', 'nowhere', '--', 'true')).stderr).toMatch(/pod nowhere does not have a host assigned/);
    expect((await kubectl('attach', 'nowhere')).stderr).toMatch(/pod nowhere does not have a host assigned/);
    expect((await kubectl('port-forward', 'nowhere', ':80')).stderr).toMatch(/pod is not running. Current status=Pending/);
    await kubectl('delete', 'pod', 'nowhere');
  });

  test('a follower that goes away leaves nothing behind', async () => {
    const gone = await site.kubectl(['logs', '-f', 'web', '-c', 'main'], { interrupt: { when: /line 5/, signal: 'SIGINT' } });
    expect(gone.stdout).toContain('line 5');
    const cut = await site.kubectl(['exec', 'web', '-c', 'main', '--', ...shell(`echo started; exec sleep 4711`)], {
      interrupt: { when: /started/, signal: 'SIGKILL' },
    });
    expect(cut.stdout).toBe('started\n');
    await expect.poll(() => processesNaming('sleep 4711'), { timeout: 30_000 }).toEqual([]);
  });

  const raw = (path: string): Promise<Run> => kubectl('get', '--raw', `/api/v1/nodes/kubelet-st/proxy/${path}`);
  test('the node answers through its proxy', async ({ skip }) => {
    const health = await raw('healthz');
    skip(mayRefuse && health.stderr.includes('address not allowed'), 'this API server does not proxy to nodes on loopback addresses');
    expect(health).toMatchObject({ code: 0, stdout: 'ok' });
    const summary = JSON.parse((await raw('stats/summary')).stdout) as { pods: { podRef: { name: string } }[] };
    expect(summary.pods.map(({ podRef }) => podRef.name)).toEqual(expect.arrayContaining(['web', 'server']));
    expect((await raw('metrics/resource')).stdout).toMatch(/container_memory_working_set_bytes\{[^}]*pod="web"[^}]*\} \d/);
    expect((await raw('metrics')).stdout).toMatch(/kubelet_running_pods/);
    expect((JSON.parse((await raw('pods')).stdout) as { items: Pod[] }).items.map(({ metadata }) => metadata?.name)).toContain('web');
    expect((await raw('containerLogs/default/web/main?tailLines=1')).stdout).toBe('line 5\n');
    expect((await raw('no/such')).stderr).toMatch(/could not find the requested resource/);
  });
});
