import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/platform/kubernetes-objects.ts';
import { createPod, pod, podPath, processesNaming, startSite, untilPod, type Site } from './site.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite();
  await site.ok(['create', 'vch', 'pods', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
});
afterAll(async () => {
  await site.vick(['delete', 'vch', 'pods', '--yes', '--force']);
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

const image = 'busybox:1.36';
const only = (script: string) => [{ name: 'main', image, command: ['sh', '-c', script] }];
const phaseIs = (phase: string) => (found: Pod | undefined) => found?.status?.phase === phase;
const state = (found: Pod | undefined, name = 'main') => found?.status?.containerStatuses?.find((status) => status.name === name);

describe('how a pod ends', () => {
  test.each([
    ['zero', 'Never', 'sleep 1', 'Succeeded', 0, 'Completed'],
    ['seven', 'Never', 'sleep 1; exit 7', 'Failed', 7, 'Error'],
    ['killed', 'Never', 'sleep 1; kill -9 $$$$', 'Failed', 137, 'Error'],
  ])('exit %s', async (name, restartPolicy, script, phase, exitCode, reason) => {
    await createPod(site.api, pod(`ends-${name}`, { restartPolicy, containers: only(script) }));
    const ended = await untilPod(site.api, `ends-${name}`, phaseIs(phase));
    expect(state(ended)).toMatchObject({ ready: false, state: { terminated: { exitCode, reason } } });
    const at = state(ended)?.state?.terminated;
    expect(Date.parse(at?.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(at?.startedAt ?? ''));
  });

  test('a program that does not exist', async () => {
    await createPod(site.api, pod('no-program', { restartPolicy: 'Never', containers: [{ name: 'main', image, command: ['/no/such/program'] }] }));
    const ended = await untilPod(site.api, 'no-program', phaseIs('Failed'));
    expect(state(ended)?.state?.terminated?.exitCode).not.toBe(0);
    expect(state(ended)?.state?.terminated?.message ?? '').toMatch(/no such|not found/);
  });
});

describe('restart policy', () => {
  test('Always comes back after a failure, counts it, and remembers it', async () => {
    await createPod(site.api, pod('flaky', { containers: only('sleep 1; exit 3') }));
    const restarted = await untilPod(site.api, 'flaky', (found) => (state(found)?.restartCount ?? 0) >= 1);
    expect(restarted?.status?.phase).toBe('Running');
    const looping = await untilPod(site.api, 'flaky', (found) => state(found)?.state?.waiting?.reason === 'CrashLoopBackOff', 90_000);
    expect(state(looping)).toMatchObject({ ready: false, lastState: { terminated: { exitCode: 3, reason: 'Error' } } });
    expect(looping?.status?.phase).toBe('Running');
  });

  test('OnFailure stops at the first success', async () => {
    await createPod(site.api, pod('once', { restartPolicy: 'OnFailure', containers: only('sleep 1') }));
    expect(state(await untilPod(site.api, 'once', phaseIs('Succeeded')))?.restartCount).toBe(0);
  });
});

test('several containers run side by side with command, args and env of their own', async () => {
  await createPod(
    site.api,
    pod('pair', {
      containers: [
        {
          name: 'first',
          image: 'busybox:1.36',
          command: ['sh', '-c'],
          args: ['test "$A-$(B)" = "1-2" && sleep 120'],
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
        { name: 'second', image: 'alpine:3.18', command: ['sleep'], args: ['120'] },
      ],
    }),
  );
  const running = await untilPod(site.api, 'pair', (found) => found?.status?.containerStatuses?.every((status) => status.ready) ?? false);
  expect(running?.status?.phase).toBe('Running');
  expect(running?.status?.containerStatuses?.map((status) => status.name)).toEqual(['first', 'second']);
  expect(running?.status?.podIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(running?.status?.conditions?.find((condition) => condition.type === 'Ready')?.status).toBe('True');
});

test('what the provider cannot honour is refused with the reason, not ignored', async () => {
  await createPod(
    site.api,
    pod('wants-disk', {
      containers: [{ ...only('true')[0]!, volumeMounts: [{ name: 'd', mountPath: '/d' }] }],
      volumes: [{ name: 'd', hostPath: { path: '/' } }],
    }),
  );
  const refused = await untilPod(site.api, 'wants-disk', phaseIs('Failed'));
  expect(refused?.status?.message).toContain('Pod was rejected: ');
  expect(refused?.status?.message).toMatch(/volumes/i);
});

test('an image that is not there waits visibly', async () => {
  await createPod(site.api, pod('no-image', { containers: [{ name: 'main', image: 'busybox:nope', command: ['true'] }] }));
  const waiting = await untilPod(site.api, 'no-image', (found) => /ErrImagePull|ImagePullBackOff/.test(state(found)?.state?.waiting?.reason ?? ''));
  expect(waiting?.status?.phase).toBe('Pending');
  await site.api.request({ method: 'DELETE', path: podPath('no-image') });
  await untilPod(site.api, 'no-image', (found) => found === undefined);
});

test('graceful deletion runs the process’s own end, writes a final status, then removes the object', async () => {
  await createPod(
    site.api,
    pod('polite', { terminationGracePeriodSeconds: 20, containers: only('trap "sleep 1; exit 0" TERM; while true; do sleep 0.1; done') }),
  );
  await untilPod(site.api, 'polite', phaseIs('Running'));
  const list = await site.api.request<{ metadata: { resourceVersion: string } }>({ method: 'GET', path: '/api/v1/namespaces/default/pods' });
  const stop = AbortSignal.timeout(60_000);
  const seen: Pod[] = [];
  const watching = (async () => {
    const query = { watch: true, fieldSelector: 'metadata.name=polite', resourceVersion: list.metadata.resourceVersion };
    for await (const event of site.api.watch<Pod>({ method: 'GET', path: '/api/v1/namespaces/default/pods', query }, stop)) {
      seen.push(event.object);
      if (event.type === 'DELETED') return;
    }
  })();
  await site.api.request({ method: 'DELETE', path: podPath('polite') });
  await watching;
  const last = seen.at(-1);
  expect(last?.status?.phase).toBe('Succeeded');
  expect(state(last)?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
});

test('a process that ignores TERM is killed when its grace is over', async () => {
  await createPod(
    site.api,
    pod('deaf', { terminationGracePeriodSeconds: 2, containers: only(`: ${site.folder}; trap "" TERM; while true; do sleep 0.1; done`) }),
  );
  await untilPod(site.api, 'deaf', phaseIs('Running'));
  await site.api.request({ method: 'DELETE', path: podPath('deaf') });
  await untilPod(site.api, 'deaf', (found) => found === undefined);
  expect(processesNaming(site.folder).filter((line) => line.includes('trap "" TERM'))).toEqual([]);
});

test('force deletion kills too, and a same-named successor is not harmed', async () => {
  const first = await createPod(site.api, pod('twin', { terminationGracePeriodSeconds: 30, containers: only('trap "" TERM; while true; do sleep 0.1; done') }));
  await untilPod(site.api, 'twin', phaseIs('Running'));
  await site.api.request({ method: 'DELETE', path: podPath('twin'), query: { gracePeriodSeconds: 0 } });
  const second = await createPod(site.api, pod('twin', { containers: only('sleep 120') }));
  expect(second.metadata?.uid).not.toBe(first.metadata?.uid);
  const running = await untilPod(site.api, 'twin', (found) => found?.metadata?.uid === second.metadata?.uid && found?.status?.phase === 'Running');
  expect(state(running)?.restartCount).toBe(0);
});

test('a restart of the personality neither loses nor doubles a pod', async () => {
  const marker = `VICK_E2E_SURVIVOR=${site.folder}`;
  await createPod(site.api, pod('survivor', { containers: only(`: ${marker}; sleep 300`) }));
  const before = await untilPod(site.api, 'survivor', phaseIs('Running'));
  const mine = (): readonly string[] => processesNaming(marker).filter((line) => line.includes('sleep 300'));
  // A shell that starts a program is two of itself for a moment.
  await expect.poll(mine).toHaveLength(1);
  const kubelet = processesNaming('kubelet-pods').find((line) => line.includes('virtual-kubelet.js') && line.includes(site.folder));
  process.kill(Number.parseInt(kubelet ?? '', 10), 'SIGKILL');

  // The starter brings it back; a pod made meanwhile shows that it works again.
  await createPod(site.api, pod('after', { restartPolicy: 'Never', containers: only('sleep 1') }));
  await untilPod(site.api, 'after', phaseIs('Succeeded'), 90_000);
  const after = await site.api.request<Pod>({ method: 'GET', path: podPath('survivor') });
  expect(state(after)).toMatchObject({ containerID: state(before)?.containerID, restartCount: 0, ready: true });
  expect(after.status?.startTime).toBe(before?.status?.startTime);
  expect(mine()).toHaveLength(1);
});
