/** The port layer of a VCH as a server: builds its parts, restores what an earlier run left, listens. */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../../platform/clock.ts';
import type { FileSystem } from '../../../platform/fs.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import type { Engine } from '../../engines/port.ts';
import { listen, closeServer } from '../listen.ts';
import { Containers } from './containers.ts';
import { Events } from './events.ts';
import { Handles } from './handles.ts';
import { archiveOperations } from './handlers/archive.ts';
import { containerOperations } from './handlers/containers.ts';
import { logOperations } from './handlers/logs.ts';
import { miscOperations } from './handlers/misc.ts';
import { scopeOperations } from './handlers/scopes.ts';
import { statsOperations } from './handlers/stats.ts';
import { storageOperations } from './handlers/storage.ts';
import { streamOperations } from './handlers/streams.ts';
import { taskOperations } from './handlers/tasks.ts';
import { KeyValueStore } from './kv.ts';
import { NetworkContext } from './networks.ts';
import type { Operation } from './operation.ts';
import { createPortLayerServer } from './server.ts';
import type { PortLayerState, VchFacts } from './state.ts';
import { ImageStore, VolumeStore } from './storage.ts';
import { VmStore } from './vm-store.ts';

export interface PortLayerOptions {
  readonly facts: VchFacts;
  readonly volumeStores: readonly string[];
  /** Container networks beside `bridge`, as mapped when the VCH was created. */
  readonly externalNetworks?: readonly { readonly name: string; readonly subnet: string; readonly gateway: string }[];
  /** Where container VMs and the key-value store live. */
  readonly directory: string;
  readonly engine: Engine;
  /** How long a container VM boots, ms. Default 200. */
  readonly bootMs?: number;
  /** How long a guest takes to switch off once everything in it has ended, ms; default 50. */
  readonly haltMs?: number;
  /** Behave as a simulated vSphere where it differs from a real one; default false. */
  readonly simulatedVsphere?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly log: Log;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface RunningPortLayer {
  readonly host: string;
  readonly port: number;
  readonly state: PortLayerState;
  /** Ends every container VM and the server. With `removeContainers` nothing of the containers is kept. Idempotent. */
  stop(options: { readonly removeContainers: boolean }): Promise<void>;
}

/** Rejects when the address cannot be listened at. */
export async function startPortLayer(options: PortLayerOptions): Promise<RunningPortLayer> {
  const state = await buildState(options);
  const operations: Operation[] = [];
  operations.push(
    ...miscOperations(state, () => operations),
    ...containerOperations(state),
    ...taskOperations(state),
    ...scopeOperations(state),
    ...storageOperations(state),
    ...archiveOperations(state, { log: options.log, blankDisks: options.simulatedVsphere ?? false }),
    ...streamOperations(state),
    ...logOperations(state),
    ...statsOperations(state),
  );
  const server = createPortLayerServer(operations, options.log);
  await listen(server, options.host, options.port);
  const { address, port } = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  return {
    host: address,
    port,
    state,
    stop: ({ removeContainers }) =>
      (stopped ??= (async () => {
        await state.containers.shutDown(removeContainers);
        await closeServer(server);
      })()),
  };
}

async function buildState(options: PortLayerOptions): Promise<PortLayerState> {
  const { clock, random, fs, engine, facts, directory } = options;
  const containersDirectory = join(directory, 'containers');
  await fs.makeDirectory(containersDirectory);
  const handles = new Handles(random);
  const events = new Events(clock);
  const networks = new NetworkContext(random, options.externalNetworks);
  const kv = new KeyValueStore(fs, directory);
  await kv.load();
  const store = new VmStore(fs, containersDirectory);
  const containers = new Containers(
    {
      clock,
      fs,
      engine,
      directory: containersDirectory,
      bootMs: options.bootMs ?? 200,
      haltMs: options.haltMs ?? 50,
      simulatedVsphere: options.simulatedVsphere ?? false,
    },
    { handles, networks, events, store },
  );
  await containers.restore();
  const images = new ImageStore(facts.biosUuid, facts.name);
  const volumes = new VolumeStore(options.volumeStores, facts.name);
  // Its tasks are processes of this computer, and share its network.
  const podsAt = engine.name === 'process' ? '127.0.0.1' : undefined;
  return { facts, podsAt, clock, random, handles, containers, networks, events, kv, images, volumes, engineImages: engine.images };
}
