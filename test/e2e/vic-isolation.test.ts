/** A VCH whose kubelet gives each container a VM of its own, from end to end. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pod } from '../../src/platform/kubernetes-objects.ts';
import { createPod, pod, podPath, run, startSite, untilPod, type Site } from './site.ts';

const image = 'busybox:1.36';
const shell = (script: string) => ['sh', '-c', script];
const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";
const placed = { nodeName: 'kubelet-apart', tolerations: [{ operator: 'Exists' as const }] };

let site: Site;

beforeAll(async () => {
  site = await startSite();
  const status = JSON.parse((await site.ok(['sandbox', 'status', '-o', 'json'])).stdout) as { vicMachine: string };
  const words = ['create', '--name', 'apart', '--bridge-network', 'DC0_DVPG0', '--no-tls', '--timeout', '3m'];
  expect((await run(status.vicMachine, words, { env: site.env, cwd: site.folder })).stdout).toContain('Installer completed successfully');
  await site.ok(['kubelet', 'start', 'apart', '--isolation', 'container', '--port', '0']);
});

afterAll(async () => {
  await site.vick(['kubelet', 'stop', 'apart']);
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

const containerOf = (found: Pod | undefined, name: string) => found?.status?.containerStatuses?.find((one) => one.name === name);
const gone = async (name: string): Promise<void> => {
  await site.api.request({ method: 'DELETE', path: podPath(name), query: { gracePeriodSeconds: 5 } });
  await untilPod(site.api, name, (found) => found === undefined);
};

test('each container’s state, exit code and log are its own, and only what fails is restarted', async () => {
  await createPod(
    site.api,
    pod('two', {
      ...placed,
      initContainers: [{ name: 'first', image, command: shell('echo init') }],
      containers: [
        { name: 'steady', image, command: shell(`echo steady; ${WAITS}`) },
        { name: 'failing', image, command: shell('echo failing; exit 7') },
      ],
    }),
  );
  const restarted = await untilPod(site.api, 'two', (found) => (containerOf(found, 'failing')?.restartCount ?? 0) >= 1);
  expect(restarted?.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
  expect(containerOf(restarted, 'failing')?.lastState?.terminated).toMatchObject({ exitCode: 7, reason: 'Error' });
  expect(containerOf(restarted, 'steady')).toMatchObject({ restartCount: 0, ready: true });
  const { nodes } = JSON.parse((await site.vick(['status', 'apart', '--pods', '-o', 'json'])).stdout) as {
    nodes: { lineUp: { name: string; container?: string; mark: string }[] }[];
  };
  expect(nodes[0]?.lineUp.map(({ name, container, mark }) => [name, container, mark])).toEqual([
    ['two', 'steady', 'ok'],
    ['two', 'first', 'ok'],
    ['two', 'failing', 'ok'],
  ]);
  // The next kubelet takes the pod over as it is.
  const steady = containerOf(restarted, 'steady')?.state?.running?.startedAt;
  await site.ok(['kubelet', 'stop', 'apart']);
  await site.ok(['kubelet', 'start', 'apart', '--isolation', 'container', '--port', '0']);
  const taken = await untilPod(site.api, 'two', (found) => (containerOf(found, 'failing')?.restartCount ?? 0) >= 2);
  expect(containerOf(taken, 'steady')).toMatchObject({ restartCount: 0, state: { running: { startedAt: steady } } });
  await gone('two');
});

test('a pod that runs to its end fails with the exit code of the container that failed', async () => {
  await createPod(
    site.api,
    pod('ends', {
      ...placed,
      restartPolicy: 'Never',
      containers: [
        { name: 'a', image, command: shell('exit 0') },
        { name: 'b', image, command: shell('sleep 0.5; exit 9') },
      ],
    }),
  );
  const ended = await untilPod(site.api, 'ends', (found) => found?.status?.phase === 'Failed');
  expect(['a', 'b'].map((name) => containerOf(ended, name)?.state?.terminated?.exitCode)).toEqual([0, 9]);
  await gone('ends');
});

test('what shares processes is refused, and an isolation that does not exist is told', async () => {
  await createPod(site.api, pod('shares', { ...placed, shareProcessNamespace: true, containers: [{ name: 'a', image, command: shell(WAITS) }] }));
  const refused = await untilPod(site.api, 'shares', (found) => found?.status?.phase === 'Failed');
  expect(refused?.status).toMatchObject({ reason: 'UnsupportedPodField', message: expect.stringContaining('share no processes') as string });
  const wrong = await site.vick(['kubelet', 'run', '--isolation', 'process']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--isolation')]);
});
