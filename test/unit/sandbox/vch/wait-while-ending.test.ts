import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { LaunchError, type Engine } from '../../../../src/sandbox/engines/port.ts';
import { startPortLayer } from '../../../../src/sandbox/vch/port-layer/port-layer.ts';

const never = new AbortController().signal;
const UUID = '564d395e-d807-e18a-cb25-b79f65eb2b9f';
const LAYER = '1'.repeat(64);

it('who begins to wait for the end of a VM while that switches off does not wait for more', async () => {
  let [destroying, release] = [(): void => undefined, (): void => undefined];
  const begun = new Promise<void>((resolve) => (destroying = resolve));
  const gate = new Promise<void>((resolve) => (release = resolve));
  const engine: Engine = {
    name: 'test',
    openMachine: () => ({
      launch: () => Promise.reject(new LaunchError('no such file or directory')),
      usage: () => Promise.resolve(undefined),
      destroy: () => {
        destroying();
        return gate;
      },
    }),
  };
  const directory = await mkdtemp(join(tmpdir(), 'vick-ending-'));
  const tools = { clock: systemClock, random: systemRandom, fs: nodeFileSystem, log: silentLog };
  const layer = await startPortLayer({
    facts: { name: 'vch-1', biosUuid: UUID, version: '', debug: 0, cpuMhz: 1, memoryMiB: 1, insecureRegistries: [] },
    ...{ volumeStores: [], directory, engine, bootMs: 1, haltMs: 1, ...tools, host: '127.0.0.1', port: 0 },
  });
  const client = createPortLayer({ host: layer.host, port: layer.port, clock: systemClock, pid: 1 });
  try {
    layer.state.images.put({ id: LAYER, parent: 'scratch', metadata: {} });
    const { id, ...created } = await client.createHandle({ name: 'vm', numCpus: 1, memoryMiB: 64, hostname: 'vm', annotations: {} }, never);
    let handle = await client.joinImage({ ...created, store: UUID, layerId: LAYER, deltaId: 'c0', imageId: '', repoName: '' }, never);
    const task = { namespace: LAYER, path: '/none', args: [], env: [], workingDir: '', user: '', stopSignal: '' };
    ({ handle } = await client.joinTask({ handle, id, ...task, attach: false, openStdin: false, tty: false }, never));
    await client.commit(await client.bindTask(handle, id, never), {}, never);
    const start = client.commit(await client.setState((await client.handleOf(id, never))!, 'RUNNING', never), {}, never);
    await begun;
    expect(await client.waitContainer(id, 30, never)).toBe('stopped');
    release();
    await expect(start).rejects.toThrow('no such file');
  } finally {
    release();
    client.close();
    await layer.stop({ removeContainers: true });
    await rm(directory, { recursive: true });
  }
}, 20_000);
