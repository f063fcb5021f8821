/** What pod VMs make of init containers, probes, hooks, tokens and volumes, from end to end. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pod } from '../../src/platform/kubernetes-objects.ts';
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

const create = async (name: string, spec: Pod['spec']): Promise<void> => {
  made.push(name);
  await createPod(site.api, pod(name, spec!));
};
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

test('a pod is told why it cannot have a volume, and one with a token runs without it', async () => {
  await create('config', {
    volumes: [{ name: 'v', configMap: { name: 'c', optional: true } }],
    containers: [{ name: 'main', image, command: shell(WAITS), volumeMounts: [{ name: 'v', mountPath: '/etc/c' }] }],
  });
  const refused = await untilPod(site.api, 'config', (found) => found?.status?.phase === 'Failed');
  expect(refused?.status).toMatchObject({ reason: 'UnsupportedPodField', message: expect.stringContaining('no container sees it') as string });
  const token = { name: 'kube-api-access-x7k2p', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
  const mount = { name: token.name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
  await create('token', { volumes: [token], containers: [{ name: 'main', image, command: shell(WAITS), volumeMounts: [mount] }] });
  await untilPod(site.api, 'token', isReady);
});
