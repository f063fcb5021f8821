/** The node, its numbers, events. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect } from 'vitest';
import { kubeResourcesFromVchInfo } from '../../../../src/providers/vic/node/capacity.ts';
import { MemoryTrust } from '../../../support/kubelet-server/trust.ts';
import { startRequest } from '../../../support/kubelet/pod-requests.ts';

import { failure, never, PATIENCE, type Row } from './kit.ts';

export const NODE_ROWS: Readonly<Record<string, Row>> = {
  'node conditions': async ({ world, portLayerWith, kubelet }) => {
    let [used, down] = [0.5, false];
    const by = world.provider({
      portLayer: portLayerWith((real) => ({
        vchInfo: async (signal) => {
          const info = await real.vchInfo(signal);
          return { ...info, memoryUsageBytes: info.memoryMiB * 1024 ** 2 * used };
        },
        ping: (signal) => (down ? Promise.reject(failure('unreachable', 'gone')) : real.ping(signal)),
      })),
    });
    expect((await by.capacity(never)).pressure).toBeUndefined();
    used = 0.97;
    expect((await by.capacity(never)).pressure).toEqual({ memory: 'the VCH uses 97 % of its memory limit' });
    down = true;
    expect(await by.health(never)).toMatchObject({
      healthy: false,
      components: [
        { name: 'port-layer', healthy: false },
        { name: 'docker-personality', healthy: true },
      ],
    });
    down = false;
    const { cluster } = await kubelet(by);
    const condition = (type: string) => cluster.nodes.get('kubelet-rows')?.status?.conditions?.find((one) => one.type === type);
    await expect.poll(() => condition('MemoryPressure')?.status, PATIENCE).toBe('True');
    expect(condition('Ready')?.status).toBe('True');
  },

  'node addresses': async ({ world }) => {
    const { addresses } = await world.provider({ addresses: ['192.0.2.7', '2001:db8::7'], nodeName: 'kubelet-web' }).describe(never);
    expect(addresses).toEqual([
      { type: 'InternalIP', address: '192.0.2.7' },
      { type: 'InternalIP', address: '2001:db8::7' },
      { type: 'Hostname', address: 'kubelet-web' },
    ]);
  },

  'daemon endpoint': async ({ kubelet }) => {
    const { cluster } = await kubelet(undefined, { server: { trust: new MemoryTrust(), address: '127.0.0.1', port: 0 } });
    const port = cluster.nodes.get('kubelet-rows')?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.destroy();
  },

  capacity: async ({ world, provider }) => {
    const examples: [number, number, object][] = [
      [9200, 32_768, { cpu: '9', memory: '32768Mi', pods: '16' }],
      [999, 204_800, { cpu: '0', memory: '200Gi', pods: '100' }],
      [1000, 102_399, { cpu: '1', memory: '102399Mi', pods: '49' }],
      [2999, 64, { cpu: '2', memory: '65536Ki', pods: '0' }],
      [153_700, 153_700, { cpu: '153', memory: '150Gi', pods: '75' }],
    ];
    for (const [cpuMhz, memoryMiB, resources] of examples) expect(kubeResourcesFromVchInfo({ cpuMhz, memoryMiB })).toEqual(resources);
    const { cpuMhz, memoryMiB } = await world.portLayer.vchInfo(never);
    expect((await provider.capacity(never)).capacity).toEqual(kubeResourcesFromVchInfo({ cpuMhz, memoryMiB }));
    expect((await world.provider({ capacityOverrides: { pods: '7' } }).capacity(never)).allocatable['pods']).toBe('7');
  },

  stats: async ({ provider, started, reaches }) => {
    const pod = await started({ command: ['sh', '-c', 'while :; do :; done'] });
    await reaches(pod.uid, 'running');
    const usage = async () => (await provider.stats!.pods(never)).find(({ uid }) => uid === pod.uid)?.containers[0];
    await expect.poll(usage, PATIENCE).toMatchObject({ name: 'c', memory: { workingSetBytes: expect.any(Number) as number } });
    await provider.remove(pod.uid, never);
  },

  events: async ({ world, provider, created }) => {
    const hints: (string | undefined)[] = [];
    const stop = new AbortController();
    const watching = world.provider({ pollMs: 3_600_000 });
    const watched = watching.watch((uid) => hints.push(uid), stop.signal);
    await expect.poll(() => hints.length, PATIENCE).toBeGreaterThan(0);
    const pod = await created({ command: ['true'] }, {}, watching);
    await watching.start(startRequest(pod), never);
    await expect.poll(() => hints, PATIENCE).toContain(pod.uid);
    stop.abort(new Error('the test is over'));
    await watched;
    await provider.remove(pod.uid, never);
  },
};
