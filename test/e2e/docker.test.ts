/** Real kubectl, a scheduler and the built kubelet over real container engines: what a user sees of pods that are containers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { get } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Node, Pod } from '../../src/platform/kubernetes-objects.ts';
import { BUSYBOX, importBusybox } from '../support/engines/busybox-image.ts';
import { startDockerd } from '../support/engines/dockerd.ts';
import { clientOf, isUnavailable, type TestEngine } from '../support/engines/engine.ts';
import { startPodman } from '../support/engines/podman.ts';
import { createPod, kubectlMinor, pod, startSite, untilPod, VICK, type Run, type Site } from './site.ts';

const hasKubectl = kubectlMinor() !== undefined;
if (!hasKubectl) console.log('skipped: test/e2e/docker.test.ts needs kubectl on the path');

const { image } = BUSYBOX;
const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";
const never = new AbortController().signal;

for (const [name, start] of Object.entries({ docker: startDockerd, podman: startPodman })) {
  const engine = await start();
  const lacking = isUnavailable(engine) ? engine : await importBusybox(clientOf(engine));
  if (isUnavailable(engine) || lacking !== undefined) {
    if (!isUnavailable(engine)) await engine.close();
    test.skip(`pods on ${name}: ${lacking?.unavailable ?? ''}`, () => undefined);
    continue;
  }
  describe.skipIf(!hasKubectl)(`pods on ${name}`, () => pods(engine));
}

function pods(engine: TestEngine): void {
  let site: Site;
  let kubelet: ChildProcess;
  const node = `on-${engine.name}`;
  const run = (...args: string[]): Promise<Run> => site.kubectl(args);
  const ok = async (...args: string[]): Promise<string> => {
    const result = await run(...args);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')} exited ${String(result.code)}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const shell = (script: string, more: object = {}) => ({ name: 'main', image, command: ['sh', '-c', script], ...more });
  const isReady = (found: Pod | undefined): boolean => found?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  const main = (found: Pod | undefined) => found?.status?.containerStatuses?.find((status) => status.name === 'main');
  const said = (name: string, script: string): Promise<string> => ok('exec', name, '-c', 'main', '--', 'sh', '-c', script);
  const apply = async (...objects: object[]): Promise<void> => {
    await writeFile(join(site.folder, 'objects.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await ok('apply', '-f', 'objects.json');
  };

  beforeAll(async () => {
    site = await startSite();
    const args = ['kubelet', 'run', '--provider', 'docker', '--engine', `unix://${engine.socketPath}`, '--nodename', node, '--port', '0'];
    kubelet = spawn(process.execPath, [VICK, ...args], { env: { PATH: process.env['PATH'] ?? '', ...site.env }, stdio: ['ignore', 'ignore', 'pipe'] });
    kubelet.stderr?.pipe(createWriteStream(join(site.folder, 'kubelet.log')));
    const registered = async (): Promise<boolean> => (await run('get', 'node', node)).code === 0;
    await vi.waitFor(async () => expect(await registered()).toBe(true), { timeout: 30_000, interval: 200 });
    await ok('wait', '--for=condition=Ready', `node/${node}`, '--timeout=30s');
  });
  afterAll(async () => {
    await run('delete', 'pods', '--all', '--grace-period=1', '--timeout=60s');
    kubelet.kill('SIGTERM');
    await once(kubelet, 'exit');
    const client = clientOf(engine);
    const left = { containers: await client.listContainers({ label: ['vick.dev/node'] }, never), volumes: await client.listVolumes({}, never) };
    client.close();
    await engine.close();
    expect(await site.down()).toEqual({ processes: [], files: [] });
    expect(left).toEqual({ containers: [], volumes: [] });
  });

  test('the node takes any pod, and tells what it runs on', async () => {
    const found = await site.api.request<Node>({ method: 'GET', path: `/api/v1/nodes/${node}` });
    expect(found.spec?.taints ?? []).toEqual([]);
    expect(found.status?.nodeInfo?.containerRuntimeVersion).toMatch(/^docker:\/\/\d/);
    expect(found.status?.images?.flatMap(({ names }) => names ?? []).join()).toContain('busybox:vick');
  });

  test('configuration, token and names are in the pod, and follow their sources', async () => {
    await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { mode: 'one', LEVEL: '3' } });
    await createPod(
      site.api,
      pod('inputs', {
        hostname: 'me',
        hostAliases: [{ ip: '192.0.2.7', hostnames: ['elsewhere'] }],
        volumes: [
          { name: 'conf', configMap: { name: 'settings', defaultMode: 0o440 } },
          { name: 'about', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        ],
        containers: [
          shell(WAITS, {
            env: [
              { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              { name: 'ALL', value: '$(IP)/$(LEVEL)' },
              { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'LEVEL' } } },
            ],
            volumeMounts: [
              { name: 'conf', mountPath: '/conf' },
              { name: 'about', mountPath: '/about' },
              { name: 'conf', mountPath: '/etc/mode', subPath: 'mode' },
            ],
          }),
        ],
      }),
    );
    const ip = (await untilPod(site.api, 'inputs', isReady))?.status?.podIP ?? '';
    expect(await said('inputs', 'cat /conf/mode /etc/mode; stat -L -c %a /conf/mode; hostname; echo; echo $IP $LEVEL')).toBe(`oneone440\nme\n\n${ip} 3\n`);
    expect(await said('inputs', 'cat /etc/hosts')).toMatch(new RegExp(`192\\.0\\.2\\.7\\telsewhere`));
    const token = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect(await said('inputs', `cat ${token}/namespace; wc -c < ${token}/token`)).toMatch(/^default[1-9]\d+\n$/);
    await ok('patch', 'configmap', 'settings', '-p', '{"data":{"mode":"two"}}');
    await ok('label', 'pod', 'inputs', 'fresh=yes');
    await expect.poll(() => said('inputs', 'cat /conf/mode /about/labels'), { timeout: 90_000, interval: 500 }).toMatch(/^two[^]*fresh="yes"/);
  });

  test('logs, exec, attach, cp and port-forward', async () => {
    const script = `mkdir /w; echo page > /w/index.html; httpd -p 8080 -h /w; echo up; echo wrong >&2; ${WAITS}`;
    await createPod(site.api, pod('talks', { containers: [shell(script, { stdin: true })] }));
    await untilPod(site.api, 'talks', isReady);
    await expect.poll(() => ok('logs', 'talks'), { timeout: 20_000 }).toMatch(/up\n/);
    expect(await ok('logs', 'talks', '--timestamps', '--tail=1')).toMatch(/^\d{4}-\d\d-\d\dT/);
    const failing = await run('exec', 'talks', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
    expect(failing).toMatchObject({ code: 7, stdout: 'out\n', stderr: expect.stringMatching(/^err\n/) });
    expect(await run('exec', 'talks', '--', '/no/such')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/no such file|not found/) });
    const echoed = await site.kubectl(['exec', '-i', 'talks', '--', 'cat'], { input: 'through' });
    expect(echoed).toMatchObject({ code: 0, stdout: 'through' });
    await writeFile(join(site.folder, 'sent'), 'x'.repeat(300_000));
    await ok('cp', 'sent', 'talks:/tmp/sent');
    await ok('cp', 'talks:/tmp/sent', 'returned');
    expect(await readFile(join(site.folder, 'returned'), 'utf8')).toHaveLength(300_000);
    const forward = spawn('kubectl', ['port-forward', 'pod/talks', ':8080', '--address=127.0.0.1'], { env: { PATH: process.env['PATH'] ?? '', ...site.env } });
    try {
      const [line] = (await once(forward.stdout, 'data')) as [Buffer];
      const [response] = (await once(get(`http://127.0.0.1:${/:(\d+)/.exec(line.toString())?.[1] ?? ''}/`), 'response')) as [Parameters<typeof text>[0]];
      expect(await text(response)).toBe('page\n');
    } finally {
      forward.kill('SIGKILL');
    }
  });

  test('init containers, volumes of a group and the user that was asked for', async () => {
    const mounted = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] };
    await createPod(
      site.api,
      pod('rights', {
        restartPolicy: 'Never',
        securityContext: { fsGroup: 3000, runAsUser: 1000, runAsGroup: 2000 },
        volumes: [{ name: 'shared', emptyDir: { medium: 'Memory' } }],
        initContainers: [shell('echo first > /shared/file', { ...mounted, name: 'init' })],
        containers: [
          shell('id -u; id -g; stat -c %g /shared/file; cat /shared/file; touch /x || echo cannot; echo done > /dev/termination-log', {
            ...mounted,
            securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
          }),
        ],
      }),
    );
    const ended = await untilPod(site.api, 'rights', (found) => found?.status?.phase === 'Succeeded');
    expect(main(ended)?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed', message: 'done\n' });
    // What touch says on stderr has no order beside what goes to stdout.
    expect((await ok('logs', 'rights')).replace(/^touch: .*\n/m, '')).toBe('1000\n2000\n3000\nfirst\ncannot\n');
  });

  test('liveness restarts, with the exit before and the log of the run before', async () => {
    const livenessProbe = { exec: { command: ['test', '-e', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 1 };
    const script = 'echo run; touch /tmp/alive; sleep 2; rm /tmp/alive; sleep 1000';
    await createPod(site.api, pod('fragile', { containers: [shell(script, { livenessProbe })], terminationGracePeriodSeconds: 0 }));
    const again = await untilPod(site.api, 'fragile', (found) => (main(found)?.restartCount ?? 0) >= 1);
    expect(main(again)).toMatchObject({ lastState: { terminated: { exitCode: 137 } } });
    expect(await ok('logs', 'fragile', '--previous')).toBe('run\n');
    expect(await ok('get', 'events', '--field-selector', 'involvedObject.name=fragile', '-o', 'jsonpath={.items[*].reason}')).toMatch(
      /Unhealthy.*Killing|Killing.*Unhealthy/,
    );
  });

  test('an image that is not to be had is told, and does not keep its pod from going', async () => {
    await createPod(site.api, pod('absent', { containers: [{ name: 'main', image: '127.0.0.1:1/no/such:1' }] }));
    const waiting = await untilPod(site.api, 'absent', (found) => /ErrImagePull|ImagePullBackOff/.test(main(found)?.state?.waiting?.reason ?? ''));
    expect(waiting?.status?.phase).toBe('Pending');
    await ok('delete', 'pod', 'absent', '--timeout=30s');
  });

  test('a kubelet that starts anew takes over what runs', async () => {
    const before = main(await untilPod(site.api, 'talks', isReady))?.containerID;
    kubelet.kill('SIGKILL');
    await once(kubelet, 'exit');
    const args = ['kubelet', 'run', '--provider', 'docker', '--engine', `unix://${engine.socketPath}`, '--nodename', node, '--port', '0'];
    kubelet = spawn(process.execPath, [VICK, ...args], { env: { PATH: process.env['PATH'] ?? '', ...site.env }, stdio: 'ignore' });
    await expect.poll(async () => (await run('exec', 'talks', '--', 'echo', 'here')).stdout, { timeout: 30_000 }).toBe('here\n');
    const after = main(await untilPod(site.api, 'talks', isReady));
    expect(after).toMatchObject({ containerID: before, restartCount: 0 });
    expect(await ok('delete', 'pod', 'talks', '--timeout=60s')).toContain('deleted');
  });
}
