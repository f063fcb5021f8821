import type { DockerEngine } from '../../clients/docker-engine/port.ts';
import type { PortLayer } from '../../clients/port-layer/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { ProviderFailure, type CreatePodRequest, type PodProvider, type ProviderHealth } from '../../kubelet/provider.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { capacityOf } from './capacity.ts';
import { retryConflicts } from './conflict-retry.ts';
import { createPodVm, LayerGone } from './create.ts';
import { primaryOf, readIdentity } from './identity.ts';
import { createImageStore, type ImageStore } from './image-store.ts';
import type { VchImage } from './image-cache.ts';
import { containerAttach, containerExec, type EndedTasks } from './exec.ts';
import type { VicContext } from './context.ts';
import { containerLogs } from './logs.ts';
import { podNetwork } from './network.ts';
import { createProcessMemory } from './process-memory.ts';
import type { PodRuns } from './runs.ts';
import { podStats } from './stats.ts';
import { terminationMessages } from './termination-message.ts';
import { nodeFacts } from './node-facts.ts';
import { observePod } from './observe.ts';
import { planCreate, type DefinedPod } from './plan-create.ts';
import { createPodIndex, standingVm, type PodVm } from './pod-index.ts';
import { removeVm, stopVm } from './power.ts';
import { createRunStore } from './run-store.ts';
import { startGroup } from './start-group.ts';
import { VIC_SUPPORT } from './support.ts';
import { waitForVch } from './wait-for-vch.ts';
import { watchPodVms } from './watch.ts';

export interface VicProviderOptions {
  readonly portLayer: PortLayer;
  readonly engine: DockerEngine;
  /** BIOS UUID of the VCH, lower case with dashes: the name of its image store. */
  readonly hostUuid: string;
  readonly nodeName: string;
  /** IP addresses of the client network, at which the kubelet's server is reached. */
  readonly addresses: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Network scope of the pods; default `default`, the VCH's bridge. */
  readonly scope?: string;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** Resources that the node reports instead of what the VCH's limits come to. */
  readonly capacityOverrides?: Readonly<Record<string, string>>;
  /** Between two looks at the whole list in milliseconds; default 10 000. */
  readonly pollMs?: number;
  /** How long `ready` waits for each of the VCH's services; default 10 minutes. */
  readonly readyBudgetMs?: number;
}

export interface VicProvider extends PodProvider {
  /** Resolves once the VCH's services answer; to be called before anything else. */
  ready(signal: AbortSignal): Promise<void>;
}

const CREATE_BUDGET_MS = 60_000;
/** Stands in for the pod's address while it is defined: what depends on it is worked out again for the start. */
const ADDRESS_TO_COME = ['0.0.0.0'] as const;
const POLL_MS = 10_000;

/** Pods as VMs of a VCH: one pod, one VM, through the port layer; images through the Docker personality. */
export function createVicProvider(options: VicProviderOptions): VicProvider {
  const { portLayer, engine, clock, random, log } = options;
  const images = createImageStore(options);
  const index = createPodIndex(portLayer);
  const runs = createRunStore(portLayer);
  const power = { portLayer, clock, random, log };

  const creating = new Map<string, Promise<void>>();
  const processes = createProcessMemory(images);
  const ended: EndedTasks = new Map();

  /** The VM that stands for a pod. Forgets those that are gone. */
  const vmOf = async (uid: string, signal: AbortSignal): Promise<PodVm | undefined> => {
    const ids = await index.find(uid, signal);
    const infos = await Promise.all(ids.map(async (id) => ({ id, info: await portLayer.containerInfo(id, signal) })));
    const present = infos.flatMap(({ id, info }): readonly PodVm[] => {
      const identity = info === undefined || info.state === 'Removed' ? undefined : readIdentity(info);
      if (info !== undefined && identity !== undefined) return [{ identity, info }];
      index.forget(id);
      return [];
    });
    return standingVm(present);
  };

  const runsOf = (vm: PodVm, signal: AbortSignal): Promise<PodRuns> => runs.read(vm.info.id, vm.identity, signal);
  const context: VicContext = { ...power, vmOf, runsOf, processOf: (vm, container, primary, signal) => processes.read(vm, container, primary, signal) };
  const logs = containerLogs(context);
  const messages = terminationMessages(logs, log);
  const stats = podStats({ portLayer, clock, log, runsOf, list: (signal) => index.list(signal) });

  const create = async (uid: string, request: CreatePodRequest, signal: AbortSignal): Promise<void> => {
    if ((await index.list(signal)).some(({ identity }) => identity.uid === uid)) return;
    const containers = await request.define(ADDRESS_TO_COME);
    const id = await retryConflicts({ clock, random, budgetMs: CREATE_BUDGET_MS }, signal, () =>
      makePod(options, images, { pod: request.pod, containers }, signal),
    );
    index.remember(uid, id);
    const { namespace = '', name = '' } = request.pod.metadata ?? {};
    log.info('pod VM created', { uid, pod: `${namespace}/${name}`, vm: id });
  };

  const remove = async (id: string, signal: AbortSignal): Promise<void> => {
    await removeVm(power, id, signal);
    await runs.remove(id, signal);
    processes.forget(id);
    ended.delete(id);
    index.forget(id);
  };

  return {
    name: 'vic',
    unit: 'pod',
    support: VIC_SUPPORT,
    images,
    logs,
    exec: containerExec(context, ended),
    attach: containerAttach(context),
    network: podNetwork(context),
    stats,

    ready: (signal) =>
      waitForVch({ portLayer, engine, clock, random, log, ...(options.readyBudgetMs === undefined ? {} : { budgetMs: options.readyBudgetMs }) }, signal),

    describe: async (signal) => nodeFacts(options, await engine.info(signal)),
    capacity: async (signal) => capacityOf(await portLayer.vchInfo(signal), options.capacityOverrides ?? {}),
    health: (signal) => probe(portLayer, engine, signal),

    list: async (signal) => {
      const found = new Map((await index.list(signal)).map(({ identity }) => [identity.uid, identity]));
      return [...found.values()].map(({ uid, namespace, name }) => ({ uid, namespace, name }));
    },

    create: async (request, signal) => {
      const uid = request.pod.metadata?.uid ?? '';
      // Two calls at once would both find no VM.
      const work = (creating.get(uid) ?? Promise.resolve()).catch(() => undefined).then(() => create(uid, request, signal));
      creating.set(uid, work);
      try {
        await work;
      } finally {
        if (creating.get(uid) === work) creating.delete(uid);
      }
    },

    start: async (request, signal) => {
      const vm = await vmOf(request.uid, signal);
      const tasks = vm === undefined ? undefined : await startGroup({ ...power, images, runs }, vm, request, signal);
      if (vm === undefined || tasks === undefined) throw new Error(`there is no VM for the pod ${request.uid}`);
      if (tasks !== 'running') processes.remember(vm.info.id, tasks);
    },

    stop: async ({ uid, graceSeconds }, signal) => {
      for (const id of await index.find(uid, signal)) {
        const info = await portLayer.containerInfo(id, signal);
        const identity = info === undefined ? undefined : readIdentity(info);
        const group = identity === undefined ? [] : (await runs.read(id, identity, signal)).group;
        const stopSignal = (identity === undefined ? undefined : primaryOf(identity, group))?.stopSignal ?? '';
        await stopVm(power, { id, containers: group.length, stopSignal }, graceSeconds, signal);
      }
    },

    remove: async (uid, signal) => {
      // What is remembered may not be all: an earlier instance may have made a second VM.
      await index.list(signal);
      for (const id of await index.find(uid, signal)) {
        await remove(id, signal);
        messages.forget(uid);
        log.info('pod VM removed', { uid, vm: id });
      }
    },

    status: async (uid, signal) => {
      const vm = await vmOf(uid, signal);
      return vm === undefined ? undefined : await messages.add(observePod(vm.identity, vm.info, await runsOf(vm, signal)), vm, signal);
    },

    watch: async (onChange, signal) => {
      const powerOff = (id: string, ending: AbortSignal): Promise<void> => stopVm(power, { id, containers: 1, stopSignal: '' }, 1, ending);
      const alone = async (vm: PodVm, ending: AbortSignal): Promise<boolean> => (await runsOf(vm, ending)).group.length === 1;
      try {
        await watchPodVms({ portLayer, index, clock, log, alone, powerOff, remove, pollMs: options.pollMs ?? POLL_MS }, onChange, signal);
      } finally {
        stats.stop();
      }
    },
  };
}

/** Finds the images, plans, and makes the VM. When an image's disk has gone meanwhile, the images are looked up once more. */
async function makePod(options: VicProviderOptions, images: ImageStore, request: DefinedPod, signal: AbortSignal): Promise<string> {
  for (const last of [false, true]) {
    const plan = planCreate(request, await resolveImages(images, request, signal), {
      scope: options.scope ?? 'default',
      clusterDomain: options.clusterDomain ?? 'cluster.local',
    });
    try {
      return await createPodVm({ portLayer: options.portLayer, store: options.hostUuid, log: options.log }, plan, signal);
    } catch (error) {
      if (!(error instanceof LayerGone)) throw error;
      images.invalidate();
      if (last) throw new ProviderFailure('CreateContainerError', `${error.message}, although it lists an image made of it`, { cause: error });
    }
  }
  throw new Error('unreachable');
}

/** By container name. The first failure in spec order is the one that is told. */
async function resolveImages(images: ImageStore, request: DefinedPod, signal: AbortSignal): Promise<ReadonlyMap<string, VchImage>> {
  const found = new Map<string, VchImage>();
  // One after the other: the list is read once and serves all.
  for (const container of request.containers) found.set(container.name, await images.resolve(container, signal));
  return found;
}

async function probe(portLayer: PortLayer, engine: DockerEngine, signal: AbortSignal): Promise<ProviderHealth> {
  const components = await Promise.all(
    (
      [
        ['port-layer', () => portLayer.ping(signal)],
        ['docker-personality', () => engine.ping(signal)],
      ] as const
    ).map(async ([name, ping]) => {
      try {
        await ping();
        return { name, healthy: true };
      } catch (error) {
        return { name, healthy: false, message: messageOf(error) };
      }
    }),
  );
  return { healthy: components.every((component) => component.healthy), components };
}
