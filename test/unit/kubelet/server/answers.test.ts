import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { pod, serverWorld, spdyCommand } from '../../../support/kubelet-server/world.ts';

const LOGS = '/containerLogs/default/web/main';

describe('container logs', () => {
  test('are asked for as the query says', async () => {
    const world = await serverWorld();
    expect(await world.get(LOGS)).toMatchObject({ status: 200, text: 'line one\nline two\nline three\n', headers: { 'content-type': 'text/plain' } });
    await world.get(`${LOGS}?follow=true&tailLines=0&timestamps=true&sinceSeconds=10`);
    await world.get(`${LOGS}?sinceTime=2026-01-01T00%3A00%3A00Z&tail=3`);
    expect(world.backend.logOptions.slice(1)).toEqual([
      { follow: true, previous: false, timestamps: true, tailLines: 0, since: world.clock.now() - 10_000 },
      { follow: false, previous: false, timestamps: false, tailLines: 3, since: Date.UTC(2026, 0, 1) },
    ]);
  });

  test.each([1, 9, 12, 28, 29, 1000])('end after %i bytes when they are to', async (limit) => {
    const world = await serverWorld();
    expect(await world.get(`${LOGS}?limitBytes=${String(limit)}`)).toMatchObject({ status: 200, text: 'line one\nline two\nline three\n'.slice(0, limit) });
  });

  test('end in a TLS record of their own, so that no client takes the last bytes for none', async () => {
    const world = await serverWorld();
    const { certificate: cert, key } = world.admin.certificate!;
    const socket = connect({ host: '127.0.0.1', port: world.port, ca: world.authority.certificate, cert, key });
    const records: string[] = [];
    socket.on('data', (record: Buffer) => records.push(record.toString()));
    socket.write(`GET ${LOGS} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    expect(records.at(-1)).toBe('0\r\n\r\n');
    expect(records.join('')).toContain('line three\n');
  });

  test.each([
    ['sinceSeconds=0', 422, '{"message": "Invalid request."}'],
    ['tailLines=-1', 422, '{"message": "Invalid request."}'],
    ['limitBytes=0', 422, '{"message": "Invalid request."}'],
    ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422, '{"message": "Invalid request."}'],
    ['tailLines=x', 400, '{"message": "Unable to decode query."}'],
    ['sinceTime=yesterday', 400, '{"message": "Unable to decode query."}'],
  ])('%s is refused', async (query, status, text) => {
    const world = await serverWorld();
    expect(await world.get(`${LOGS}?${query}`)).toMatchObject({ status, text });
  });

  test.each([
    [{ waiting: { reason: 'ContainerCreating' } }, 'is waiting to start: ContainerCreating'],
    [{ waiting: { reason: 'ErrImagePull' } }, "is waiting to start: image can't be pulled"],
    [{ waiting: { reason: 'ImagePullBackOff' } }, 'is waiting to start: trying and failing to pull image'],
    [{ terminated: { exitCode: 1 } }, 'is terminated'],
  ])('are not there yet: %j', async (state, why) => {
    const world = await serverWorld();
    const whole = pod('web', ['main']);
    world.pods = [{ ...whole, status: { containerStatuses: whole.status!.containerStatuses!.map((each) => ({ ...each, state })) } }];
    expect(await world.get(LOGS)).toMatchObject({ status: 400, text: `container "main" in pod "web" ${why}` });
  });

  test('of nobody are not found, and of an earlier run only when there was one', async () => {
    const world = await serverWorld();
    expect(await world.get('/containerLogs/default/nosuch/main')).toMatchObject({ status: 404, text: 'pod "nosuch" does not exist\n' });
    expect(await world.get('/containerLogs/other/web/main')).toMatchObject({ status: 404 });
    expect(await world.get('/containerLogs/default/web/nosuch')).toMatchObject({ status: 404, text: 'container "nosuch" not found in pod "web"\n' });
    expect(await world.get(`${LOGS}?previous=true`)).toMatchObject({ status: 400, text: 'previous terminated container "main" in pod "web" not found' });
  });
});

describe('what the node tells', () => {
  test('health, pods, configuration, metrics', async () => {
    const world = await serverWorld({
      configuration: () => ({ port: 10250 }),
      probeCounts: () => [{ probeType: 'Liveness', result: 'failed', container: 'main', pod: 'web', namespace: 'default', podUid: 'web-uid', count: 3 }],
    });
    for (const path of ['/healthz', '/healthz/ping', '/healthz/syncloop']) expect(await world.get(path)).toMatchObject({ status: 200, text: 'ok' });
    expect(JSON.parse((await world.get('/pods')).text)).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'web' } }] });
    expect(JSON.parse((await world.get('/runningpods/')).text)).toMatchObject({ items: [] });
    expect(JSON.parse((await world.get('/configz')).text)).toEqual({ kubeletconfig: { port: 10250 } });
    const metrics = (await world.get('/metrics')).text;
    expect(metrics).toMatch(/^kubelet_running_pods 1$/m);
    expect(metrics).toMatch(/^kubelet_node_name\{node="kubelet-test"\} 1$/m);
    expect(metrics).toMatch(/^kubelet_http_requests_total\{method="GET",path="healthz",[^}]*\} 3$/m);
    expect((await world.get('/metrics/probes')).text).toMatch(/^prober_probe_total\{probe_type="Liveness",result="failed",.*\} 3$/m);
  });

  test('usage, in which a container at 0 does not hide its pod', async () => {
    const world = await serverWorld();
    const time = Date.UTC(2026, 10, 23, 12);
    world.backend.usages = [
      {
        uid: 'web-uid',
        containers: [
          { name: 'main', startedAt: time - 60_000, cpu: { time, usageCoreNanoSeconds: 2_500_000_000 }, memory: { time, workingSetBytes: 1024 } },
          { name: 'side', cpu: { time, usageCoreNanoSeconds: 0 }, memory: { time, workingSetBytes: 0 } },
        ],
      },
      { uid: 'of-another', containers: [] },
    ];
    const { text } = await world.get('/metrics/resource');
    expect(text).toContain(`container_cpu_usage_seconds_total{container="main",pod="web",namespace="default"} 2.5 ${String(time)}\n`);
    expect(text).toMatch(/container_cpu_usage_seconds_total\{container="side",[^}]*\} 1e-9 /);
    expect(text).toMatch(/container_memory_working_set_bytes\{container="side",[^}]*\} 1 /);
    expect(text).toContain(`pod_memory_working_set_bytes{namespace="default",pod="web"} 1024 ${String(time)}\n`);
    expect(text).toMatch(/^resource_scrape_error 0$/m);
    const summary = JSON.parse((await world.get('/stats/summary?only_cpu_and_memory=true')).text) as { pods: unknown[] };
    expect(summary.pods).toMatchObject([
      { podRef: { name: 'web', uid: 'web-uid' }, cpu: { usageCoreNanoSeconds: 2_500_000_000 }, containers: [{ name: 'main' }, { name: 'side' }] },
    ]);
  });
});

describe('memory', () => {
  test('does not grow with what streams by', async () => {
    const world = await serverWorld();
    const size = 256 * 1024 * 1024;
    const answer = await world.spdy(`/exec/default/web/main?command=zeros&command=${String(size)}&output=1`, ['v4.channel.k8s.io']);
    if (answer.refused !== undefined) throw new Error('refused');
    const { session } = answer;
    await session.open({ streamtype: 'error' });
    const before = process.memoryUsage().rss;
    let peak = before;
    let received = 0;
    const stdout = await session.open({ streamtype: 'stdout' });
    for await (const chunk of stdout) {
      received += (chunk as Buffer).length;
      if (received % (8 * 1024 * 1024) < 32 * 1024) peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(received).toBe(size);
    expect(peak - before).toBeLessThan(128 * 1024 * 1024);
  }, 60_000);

  test('does not grow for a reader that has stopped', async () => {
    const world = await serverWorld();
    const answer = await world.spdy('/exec/default/web/main?command=zeros&command=1000000000&output=1', ['v4.channel.k8s.io']);
    if (answer.refused !== undefined) throw new Error('refused');
    await answer.session.open({ streamtype: 'error' });
    const before = process.memoryUsage().rss;
    await answer.session.open({ streamtype: 'stdout' });
    await expect.poll(() => world.backend.running).toBe(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    answer.socket.destroy();
    await expect.poll(() => world.backend.running).toBe(0);
  });

  test('a burst of 50 commands at once is served', async () => {
    const world = await serverWorld();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_each, index) => {
        const answer = await world.spdy(`/exec/default/web/main?command=echo&command=${String(index)}&output=1`, ['v4.channel.k8s.io']);
        if (answer.refused !== undefined) throw new Error('refused');
        return (await spdyCommand(answer.session, ['error', 'stdout'])).stdout;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_each, index) => `${String(index)}\n`));
  });
});
