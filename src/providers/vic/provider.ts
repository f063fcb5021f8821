import type { DockerEngine, RegistryCredentials } from '../../clients/docker-engine/port.ts';
import type { PortLayer } from '../../clients/port-layer/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { ProviderFailure, type CreatePodRequest, type PodProvider, type ProviderHealth } from '../../kubelet/provider.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { capacityOf } from './capacity.ts';
import { retryConflicts } from './conflict-retry.ts';
import { createPodVm, LayerGone } from './create.ts';
import { readIdentity } from './identity.ts';
import { createImageStore, type ImageStore } from './image-store.ts';
import type { VchImage } from './image-cache.ts';
import { nodeFacts } from './node-facts.ts';
import { observePod } from './observe.ts';
import { planCreate, type DefinedPod } from './plan-create.ts';
import { createPodIndex, standingVm, type PodVm } from './pod-index.ts';
import { removeVm, startVm, stopVm } from './power.ts';
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
  readonly credentials?: (repository: string) => Promise<RegistryCredentials | undefined>;
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
const POLL_MS = 10_000;

/** Pods as VMs of a VCH: one pod, one VM, through the port layer; images through the Docker personality. */
export function createVicProvider(options: VicProviderOptions): VicProvider {
  const { portLayer, engine, clock, random, log } = options;
  const images = createImageStore(options);
  const index = createPodIndex(portLayer);
  const power = { portLayer, clock, random, log };

  const creating = new Map<string, Promise<void>>();

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

  const create = async (uid: string, request: CreatePodRequest, signal: AbortSignal): Promise<void> => {
    if ((await index.list(signal)).some(({ identity }) => identity.uid === uid)) return;
    const containers = await request.define([]);
    const id = await retryConflicts({ clock, random, budgetMs: CREATE_BUDGET_MS }, signal, () =>
      makePod(options, images, { pod: request.pod, containers }, signal),
    );
    index.remember(uid, id);
    const { namespace = '', name = '' } = request.pod.metadata ?? {};
    log.info('pod VM created', { uid, pod: `${namespace}/${name}`, vm: id });
  };

  return {
    name: 'vic',
    unit: 'pod',
    support: VIC_SUPPORT,

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

    start: async ({ uid }, signal) => {
      const vm = await vmOf(uid, signal);
      if (vm === undefined || !(await startVm(power, vm.info.id, signal))) throw new Error(`there is no VM for the pod ${uid}`);
    },

    stop: async ({ uid, graceSeconds }, signal) => {
      for (const id of await index.find(uid, signal)) {
        const info = await portLayer.containerInfo(id, signal);
        const containers = (info === undefined ? undefined : readIdentity(info))?.containers ?? [];
        await stopVm(power, { id, containers: containers.length, stopSignal: containers[0]?.stopSignal ?? '' }, graceSeconds, signal);
      }
    },

    remove: async (uid, signal) => {
      // What is remembered may not be all: an earlier instance may have made a second VM.
      await index.list(signal);
      for (const id of await index.find(uid, signal)) {
        await removeVm(power, id, signal);
        index.forget(id);
        log.info('pod VM removed', { uid, vm: id });
      }
    },

    status: async (uid, signal) => {
      const vm = await vmOf(uid, signal);
      return vm === undefined ? undefined : observePod(vm.identity, vm.info);
    },

    watch: (onChange, signal) => {
      const powerOff = (id: string, ending: AbortSignal): Promise<void> => stopVm(power, { id, containers: 1, stopSignal: '' }, 1, ending);
      const remove = async (id: string, ending: AbortSignal): Promise<void> => {
        await removeVm(power, id, ending);
        index.forget(id);
      };
      return watchPodVms({ portLayer, index, clock, log, powerOff, remove, pollMs: options.pollMs ?? POLL_MS }, onChange, signal);
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

/** By container name. All are tried; the first failure in spec order is the one that is told. */
async function resolveImages(images: ImageStore, request: DefinedPod, signal: AbortSignal): Promise<ReadonlyMap<string, VchImage>> {
  const pending = new Map<string, Promise<VchImage>>();
  const results = await Promise.allSettled(
    request.containers.map((container) => {
      const key = `${container.imagePullPolicy} ${container.image}`;
      const work = pending.get(key) ?? images.resolve(container, signal);
      pending.set(key, work);
      return work;
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason as Error;
  return new Map(
    results.flatMap((result, position) => {
      const name = request.containers[position]?.name;
      return result.status === 'fulfilled' && name !== undefined ? [[name, result.value] as const] : [];
    }),
  );
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
