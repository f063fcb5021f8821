/** What pod VMs make of init containers, probes, hooks, tokens and volumes, from end to end. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event, Pod } from '../../src/platform/kubernetes-objects.ts';
import { createPod, pod, podPath, startSite, untilPod, type Site } from './site.ts';

const image = 'busybox:1.36';
const shell = (script: string) => ['sh', '-c', script];
const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";

let site: Site;
const made: string[] = [];

beforeAll(async () => {
  site = await startSite();
  await site.ok(['create', 'vch', 'pv', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
});

afterAll(async () => {
  for (const name of made) await site.api.request({ method: 'DELETE', path: podPath(name), query: { gracePeriodSeconds: 0 } }).catch(() => undefined);
  await site.vick(['delete', 'vch', 'pv', '--yes', '--force']);
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

const create = async (name: string, spec: Pod['spec']): Promise<Pod> => {
  made.push(name);
  return createPod(site.api, pod(name, spec!));
};
const PODS = '/api/v1/namespaces/default/pods';
const PATIENCE = { timeout: 60_000, interval: 200 };
const logOf = (name: string, query: Readonly<Record<string, string | boolean>> = {}): Promise<string> =>
  site.api.requestText({ method: 'GET', path: `${podPath(name)}/log`, query });
const messages = async (name: string, reason: string): Promise<readonly string[]> => {
  const query = { fieldSelector: `involvedObject.name=${name}` };
  const { items } = await site.api.request<{ items: Event[] }>({ method: 'GET', path: '/api/v1/namespaces/default/events', query });
  return items.filter((event) => event.reason === reason).map(({ message = '' }) => message);
};
const phaseOf = async (name: string): Promise<string | undefined> => (await site.api.request<Pod>({ method: 'GET', path: podPath(name) })).status?.phase;
const condition = (found: Pod | undefined, type: string) => found?.status?.conditions?.find((one) => one.type === type)?.status;
const isReady = (found: Pod | undefined): boolean => condition(found, 'Ready') === 'True';

test('init containers run one after the other in the VM of their pod, and the rest after them', async () => {
  await create('inits', {
    initContainers: [
      { name: 'first', image, command: shell('echo one') },
      { name: 'second', image: 'alpine:3.18', command: shell('echo two') },
    ],
    containers: [{ name: 'main', image, command: shell(WAITS) }],
  });
  const running = await untilPod(site.api, 'inits', isReady);
  const ended = running?.status?.initContainerStatuses?.map(({ name, state }) => [name, state?.terminated?.exitCode]);
  expect(ended).toEqual([
    ['first', 0],
    ['second', 0],
  ]);
  const times = running!.status!.initContainerStatuses!.map(({ state }) => Date.parse(state!.terminated!.finishedAt!));
  const main = Date.parse(running!.status!.containerStatuses![0]!.state!.running!.startedAt!);
  expect([...times, main]).toEqual([...times, main].sort((a, b) => a - b));
});

test('an init container that fails keeps the pod from running', async () => {
  await create('init-fails', {
    restartPolicy: 'Never',
    initContainers: [{ name: 'first', image, command: shell('exit 6') }],
    containers: [{ name: 'main', image, command: shell(WAITS) }],
  });
  const failed = await untilPod(site.api, 'init-fails', (found) => found?.status?.phase === 'Failed');
  expect(failed?.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(6);
  expect(failed?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
});

test('probes run commands in the VM and connect to its ports; one that fails restarts it', async () => {
  const listens = `const s = require('net').createServer().listen(0, () => console.log('port ' + s.address().port))`;
  await create('probed', {
    containers: [
      {
        ...{ name: 'main', image, command: shell('sleep 4; touch "$TMPDIR/ready-$HOSTNAME"; sleep 1000'), env: [{ name: 'TMPDIR', value: site.folder }] },
        readinessProbe: { exec: { command: shell('test -e "$TMPDIR/ready-$HOSTNAME"') }, periodSeconds: 1 },
      },
    ],
  });
  await create('sick', {
    containers: [
      { name: 'main', image, command: [process.execPath, '-e', listens], livenessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1, failureThreshold: 2 } },
    ],
    terminationGracePeriodSeconds: 1,
  });
  const waiting = await untilPod(site.api, 'probed', (found) => found?.status?.phase === 'Running');
  expect(isReady(waiting)).toBe(false);
  await untilPod(site.api, 'probed', isReady);
  const restarted = await untilPod(site.api, 'sick', (found) => (found?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
  expect(restarted?.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBeGreaterThan(128);
});

test('a pod with a token runs, with the token or with an event about it', async () => {
  const token = { name: 'kube-api-access-x7k2p', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
  const mount = { name: token.name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
  const command = shell(`wc -c < ${mount.mountPath}/token; ${WAITS}`);
  // An API server alone, without controllers, has no service accounts.
  const account = { metadata: { name: 'default' } };
  await site.api.request({ method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts', body: account }).catch(() => undefined);
  await create('token', { serviceAccountName: 'default', volumes: [token], containers: [{ name: 'main', image, command, volumeMounts: [mount] }] });
  await untilPod(site.api, 'token', isReady);
  const told = await messages('token', 'PodFieldDegraded');
  if (told.length > 0) expect(told).toEqual([expect.stringContaining('runs without its service account token')]);
  else await expect.poll(() => logOf('token'), PATIENCE).toMatch(/^\s*\d{3,}\n/);
});

test('containers read the files of their volumes; where the sandbox cannot write them, their pod says so and waits', async () => {
  const body = { metadata: { name: 'vick-files' }, data: { a: 'alpha ' } };
  await site.api.request({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', body });
  const volumeMounts = [
    { name: 'files', mountPath: '/etc/vick-files' },
    { name: 'room', mountPath: '/vick-room' },
  ];
  await create('reader', {
    volumes: [
      { name: 'files', configMap: { name: 'vick-files' } },
      { name: 'room', emptyDir: {} },
    ],
    initContainers: [{ name: 'first', image, command: shell('echo beta > /vick-room/x'), volumeMounts }],
    containers: [{ name: 'main', image, command: shell(`cat /etc/vick-files/a /vick-room/x; ${WAITS}`), volumeMounts }],
  });
  const outcome = async (): Promise<'reads' | 'waits' | 'nothing yet'> => {
    const refusals = await messages('reader', 'FailedCreatePodSandBox');
    if (refusals.some((text) => /volume "files", "room" could not be written to the disk of first, main: .*HTTP 501/.test(text))) return 'waits';
    const [found] = (await site.api.request<{ items: Pod[] }>({ method: 'GET', path: PODS, query: { fieldSelector: 'metadata.name=reader' } })).items;
    return isReady(found) ? 'reads' : 'nothing yet';
  };
  await expect.poll(outcome, PATIENCE).not.toBe('nothing yet');
  if ((await outcome()) === 'reads') await expect.poll(() => logOf('reader'), PATIENCE).toContain('alpha beta\n');
  else console.log('not looked at in test/e2e/vic-pods.test.ts: what containers read; the sandbox cannot write files of volumes on this machine');
  await site.api.request({ method: 'DELETE', path: '/api/v1/namespaces/default/configmaps/vick-files' });
});

test('what a container wrote to its termination message file is in its status; where files cannot be read, the end of its log', async () => {
  const volumeMounts = [{ name: 'room', mountPath: '/vick-message' }];
  const message = { terminationMessagePath: '/vick-message/message', terminationMessagePolicy: 'FallbackToLogsOnError' as const };
  await create('says-why', {
    restartPolicy: 'Never',
    volumes: [{ name: 'room', emptyDir: {} }],
    containers: [{ name: 'main', image, command: shell('echo in the log; echo in the file > /vick-message/message; exit 3'), volumeMounts, ...message }],
  });
  await create('says-in-log', {
    restartPolicy: 'Never',
    containers: [{ name: 'main', image, command: shell('echo in the log; exit 3'), ...message }],
  });
  const told = async (name: string) => {
    const failed = await untilPod(site.api, name, (found) => found?.status?.phase === 'Failed');
    return failed?.status?.containerStatuses?.[0]?.state?.terminated;
  };
  expect(await told('says-in-log')).toMatchObject({ exitCode: 3, message: 'in the log\n' });
  const refused = async (): Promise<boolean> => (await messages('says-why', 'FailedCreatePodSandBox')).some((text) => text.includes('HTTP 501'));
  await expect.poll(async () => (await refused()) || (await phaseOf('says-why')) === 'Failed', PATIENCE).toBe(true);
  if (await refused()) console.log('not looked at in test/e2e/vic-pods.test.ts: message files; the sandbox gives VMs no files of their own on this machine');
  else expect(await told('says-why')).toMatchObject({ exitCode: 3, message: 'in the file\n' });
});

test('a pod is told which volume it cannot have', async () => {
  await create('host', {
    volumes: [{ name: 'v', hostPath: { path: '/' } }],
    containers: [{ name: 'main', image, command: shell(WAITS), volumeMounts: [{ name: 'v', mountPath: '/host' }] }],
  });
  const refused = await untilPod(site.api, 'host', (found) => found?.status?.phase === 'Failed');
  expect(refused?.status).toMatchObject({ reason: 'UnsupportedPodField', message: expect.stringContaining('shares nothing with a host') as string });
});

test('of containers that share a VM only the one that fails is restarted, and a job ends with the exit codes and logs of all', async () => {
  await create('shared', {
    containers: [
      { name: 'steady', image, command: shell(WAITS) },
      { name: 'failing', image, command: shell('echo failing; exit 7') },
    ],
  });
  const containerOf = (found: Pod | undefined, name: string) => found?.status?.containerStatuses?.find((one) => one.name === name);
  const restarted = await untilPod(site.api, 'shared', (found) => (containerOf(found, 'failing')?.restartCount ?? 0) >= 1);
  expect(containerOf(restarted, 'failing')?.lastState?.terminated).toMatchObject({ exitCode: 7, reason: 'Error' });
  expect(containerOf(restarted, 'steady')).toMatchObject({ restartCount: 0, ready: true });
  expect(await logOf('shared', { container: 'failing', previous: true })).toBe('failing\n');
  await create('job', {
    restartPolicy: 'Never',
    containers: [
      { name: 'work', image, command: shell('echo working; sleep 0.5; exit 0') },
      { name: 'beside', image, command: shell('echo beside it; exit 3') },
    ],
  });
  const ended = await untilPod(site.api, 'job', (found) => found?.status?.phase === 'Failed');
  expect(['work', 'beside'].map((name) => containerOf(ended, name)?.state?.terminated?.exitCode)).toEqual([0, 3]);
  expect(await logOf('job', { container: 'work' })).toBe('working\n');
  expect(await logOf('job', { container: 'beside' })).toBe('beside it\n');
});

test('a sidecar starts before the main container and outlasts it', async (context) => {
  const created = await create('with-sidecar', {
    restartPolicy: 'Never',
    initContainers: [{ name: 'side', image, restartPolicy: 'Always', command: shell(WAITS) }],
    containers: [{ name: 'main', image, command: shell('sleep 0.5; exit 0') }],
  });
  if (created.spec?.initContainers?.[0]?.restartPolicy === undefined) {
    const why = 'the API server knows no sidecars, which came with Kubernetes 1.28';
    console.log(`skipped: ${context.task.name}: ${why}`);
    context.skip(why);
  }
  const done = await untilPod(site.api, 'with-sidecar', (found) => found?.status?.phase === 'Succeeded');
  const [side, main] = [done?.status?.initContainerStatuses?.[0]?.state?.terminated, done?.status?.containerStatuses?.[0]?.state?.terminated];
  expect([side?.exitCode, main?.exitCode]).toEqual([0, 0]);
  expect(Date.parse(side!.startedAt!)).toBeLessThanOrEqual(Date.parse(main!.startedAt!));
});

test('a container that joined its VM hears of a failed liveness probe, and all hear of the end of their pod, in their own time', async () => {
  const env = [{ name: 'SAYS', value: join(site.folder, 'says') }];
  const waits = (end: string): readonly string[] => shell(`trap '${end}' TERM; echo waits >> "$SAYS-$0"; while :; do sleep 0.1; done`);
  const wordsOf = (name: string): Promise<string> => readFile(join(site.folder, `says-${name}`), 'utf8').catch(() => '');
  const named = (name: string, end: string) => ({ name, image, command: [...waits(end), name], env });
  const sick = {
    livenessProbe: { exec: { command: shell('[ "$(cat "$SAYS-second")" != waits ]') }, periodSeconds: 1, failureThreshold: 1 },
  };
  const slowly = 'sleep 1; echo ends >> "$SAYS-$0"; exit 7';
  await create('polite', { containers: [named('first', slowly), { ...named('second', slowly), ...sick }] });
  const restarted = await untilPod(site.api, 'polite', (found) => (found?.status?.containerStatuses?.[1]?.restartCount ?? 0) >= 1);
  expect(restarted?.status?.containerStatuses?.[1]?.lastState?.terminated).toMatchObject({ exitCode: 7 });
  await expect.poll(() => wordsOf('second'), PATIENCE).toBe('waits\nends\nwaits\n');
  await site.api.request({ method: 'DELETE', path: podPath('polite') });
  await untilPod(site.api, 'polite', (found) => found === undefined);
  expect([await wordsOf('first'), await wordsOf('second')]).toEqual(['waits\nends\n', 'waits\nends\nwaits\nends\n']);
});
