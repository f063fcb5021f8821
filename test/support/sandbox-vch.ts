import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDockerEngine } from '../../src/clients/docker-engine/client.ts';
import type { DockerEngine } from '../../src/clients/docker-engine/port.ts';
import { createPortLayer } from '../../src/clients/port-layer/client.ts';
import type { PortLayer } from '../../src/clients/port-layer/port.ts';
import { silentLog } from '../../src/platform/log.ts';
import { systemClock } from '../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import { systemRandom } from '../../src/platform/node/random.ts';
import { nodeProcessTable, nodeSpawner } from '../../src/platform/node/spawner.ts';
import { createVicProvider, type VicProvider, type VicProviderOptions } from '../../src/providers/vic/provider.ts';
import type { Engine } from '../../src/sandbox/engines/port.ts';
import { createProcessEngine } from '../../src/sandbox/engines/process.ts';
import { CATALOGUE, createRegistry } from '../../src/sandbox/vch/catalogue.ts';
import { startPersonality } from '../../src/sandbox/vch/personality/personality.ts';
import { startPortLayer } from '../../src/sandbox/vch/port-layer/port-layer.ts';
import { HANDLE_LIMIT } from '../../src/sandbox/vch/port-layer/handles.ts';
import { newVm } from '../../src/sandbox/vch/port-layer/vm-config.ts';
import type { PortLayerState } from '../../src/sandbox/vch/port-layer/state.ts';
import type { Vm } from '../../src/sandbox/vch/port-layer/vm.ts';

export const HOST_UUID = '564d395e-d807-e18a-cb25-b79f65eb2b9f';

export interface SandboxVch {
  readonly portLayer: PortLayer;
  readonly engine: DockerEngine;
  readonly addresses: { readonly portLayer: { host: string; port: number }; readonly persona: { host: string; port: number } };
  /** The stand-in itself. */
  readonly state: PortLayerState;
  /** Takes so many handles of nothing that the port layer forgets every other one, as it does when it is restarted under running VMs. */
  loseHandles(): void;
  /** The VM of a pod, as the port layer itself has it. */
  vmOf(uid: string): Vm | undefined;
  /** A new provider, with clients of its own. */
  provider(options?: Partial<VicProviderOptions>): VicProvider;
  /** Ends both services, and with them the processes of all VMs, and starts them again at the same addresses. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  /** Ends the services; whoever calls them gets no answer. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface SandboxVchOptions {
  readonly bootMs?: number;
  readonly haltMs?: number;
  /** What runs the containers; default: processes of this machine. */
  readonly engine?: Engine;
}

/** A VCH over processes of this machine, without TLS, on ephemeral ports. */
export async function startSandboxVch(options: SandboxVchOptions = {}): Promise<SandboxVch> {
  const directory = await mkdtemp(join(tmpdir(), 'vick-vch-'));
  let services = await startServices(directory, options, { portLayer: 0, persona: 0 });
  const { layer, persona } = services;
  const addresses = { portLayer: { host: layer.host, port: layer.port }, persona: { host: persona.host, port: persona.port } };
  const opened: { close(): void }[] = [];
  const clients = (): { portLayer: PortLayer; engine: DockerEngine } => {
    const portLayer = createPortLayer({ ...addresses.portLayer, clock: systemClock, pid: 1 });
    const engine = createDockerEngine({ ...addresses.persona, tls: undefined, clock: systemClock });
    opened.push(portLayer, engine);
    return { portLayer, engine };
  };
  const stop = async (): Promise<void> => {
    for (const client of opened) client.close();
    await services.stop(true);
  };
  return {
    ...clients(),
    addresses,
    get state() {
      return services.layer.state;
    },
    loseHandles: () => {
      for (let count = 0; count <= HANDLE_LIMIT; count += 1) services.layer.state.handles.create(newVm('', {}), undefined);
    },
    vmOf: (uid) => services.layer.state.containers.list().find(({ config }) => config.annotations['vick.dev/uid'] === uid),
    provider: (more = {}) =>
      createVicProvider({
        ...clients(),
        hostUuid: HOST_UUID,
        nodeName: 'kubelet-test',
        addresses: ['127.0.0.1'],
        ...{ clock: systemClock, random: systemRandom, log: silentLog, pollMs: 500 },
        ...more,
      }),
    restart: async (meanwhile) => {
      await services.stop(false);
      await meanwhile?.();
      services = await startServices(directory, options, { portLayer: addresses.portLayer.port, persona: addresses.persona.port });
    },
    stop,
    close: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startServices(directory: string, options: SandboxVchOptions, ports: { readonly portLayer: number; readonly persona: number }) {
  const hostPath = '/usr/local/bin:/usr/bin:/bin';
  const layer = await startPortLayer({
    facts: { name: 'vch-1', biosUuid: HOST_UUID, version: 'v1.4.3-21053-abcdef', debug: 0, cpuMhz: 9200, memoryMiB: 32_768, insecureRegistries: [] },
    volumeStores: ['default'],
    directory,
    ...{ bootMs: options.bootMs ?? 20, haltMs: options.haltMs ?? 20 },
    engine: options.engine ?? createProcessEngine({ spawner: nodeSpawner, processes: nodeProcessTable, fs: nodeFileSystem, clock: systemClock, hostPath }),
    ...{ clock: systemClock, random: systemRandom, fs: nodeFileSystem, log: silentLog, host: '127.0.0.1', port: ports.portLayer },
  });
  const persona = await startPersonality({
    state: layer.state,
    portLayer: `${layer.host}:${String(layer.port)}`,
    registry: createRegistry(CATALOGUE),
    tls: { mode: 'none' },
    ...{ host: '127.0.0.1', port: ports.persona, log: silentLog },
  });
  return {
    ...{ layer, persona },
    stop: async (removeContainers: boolean): Promise<void> => {
      await persona.stop();
      await layer.stop({ removeContainers });
    },
  };
}
