import type { DockerEngine } from '../../clients/docker-engine/port.ts';
import type { PortLayer } from '../../clients/port-layer/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { PodProvider, ProviderHealth } from '../../kubelet/provider.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { capacityOf } from './node/capacity.ts';
import { createFileRecords } from './files/file-records.ts';
import { createImageStore } from './images/image-store.ts';
import type { EndedTasks } from './tasks/ended-tasks.ts';
import { containerAttach, containerExec, vmExec } from './tasks/exec.ts';
import { vmOfContainer, type VicContext } from './vm/context.ts';
import type { Isolation } from './support/isolation.ts';
import { containerLogs } from './logs/logs.ts';
import { makePart, makePod } from './create/make-pod.ts';
import { podNetwork } from './network.ts';
import { createProcessMemory } from './tasks/process-memory.ts';
import type { PodRuns } from './vm/runs.ts';
import { podStats } from './stats.ts';
import { terminationMessages } from './logs/termination-message.ts';
import { nodeFacts } from './node/node-facts.ts';
import { aliveIn, lookAt, type Look } from './vm/look.ts';
import { areWhole, createPodIndex, standingVms, type PodVm } from './vm/pod-index.ts';
import { together } from './plan/pod-parts.ts';
import { removeVm, stopVm } from './vm/power.ts';
import { createRunStore } from './vm/run-store.ts';
import { startContainer } from './tasks/start-container.ts';
import { stopContainer } from './tasks/stop-container.ts';
import { vicSupport } from './support/support.ts';
import { createUnfinishedVms } from './create/unfinished.ts';
import { createFileUpdates } from './files/update-files.ts';
import { waitForVch } from './node/wait-for-vch.ts';
import { createTaskLogs } from './streams/task-logs.ts';
import { createTaskWatch } from './tasks/watch-tasks.ts';
import { watchPodVms } from './vm/watch.ts';

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
  /** What shares a VM: all containers of a pod (the default), or none. Pods that exist keep what they were made with. */
  readonly isolation?: Isolation;
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

interface FoundVms {
  readonly vms: readonly PodVm[];
  readonly begun: boolean;
}

const POLL_MS = 10_000;

/** Pods as VMs of a VCH, one for a pod or one for each of its containers, through the port layer; images through the Docker personality. */
export function createVicProvider(options: VicProviderOptions): VicProvider {
  const { portLayer, engine, clock, random, log, isolation = 'pod', scope = 'default', clusterDomain = 'cluster.local' } = options;
  const images = createImageStore(options);
  const index = createPodIndex(portLayer);
  const runs = createRunStore(portLayer);
  const unfinished = createUnfinishedVms(portLayer);
  const records = createFileRecords(portLayer);
  const power = { portLayer, clock, random, log };

  const creating = new Map<string, Promise<void>>();
  const processes = createProcessMemory(images);
  const ended: EndedTasks = new Map();

  /** What a pod consists of, of the VMs that are known, and whether there is one that is unfinished. Forgets those that are gone. */
  const knownVms = async (uid: string, signal: AbortSignal): Promise<FoundVms> => {
    const ids = await index.find(uid, signal);
    let begun = false;
    const found = await Promise.all(
      ids.map(async (id): Promise<readonly PodVm[]> => {
        const info = await portLayer.containerInfo(id, signal);
        const vm = info === undefined ? undefined : index.read(info);
        if (vm === undefined) index.forget(id);
        else if (await unfinished.has(vm.info, signal)) begun = true;
        else return [vm];
        return [];
      }),
    );
    return { vms: standingVms(found.flat()), begun };
  };
  /** A list may have been read while another instance made the pod: of what is known in part all is looked for. */
  const findVms = async (uid: string, signal: AbortSignal): Promise<FoundVms> => {
    const known = await knownVms(uid, signal);
    if (known.vms.length === 0 || areWhole(known.vms)) return known;
    await index.list(signal);
    return await knownVms(uid, signal);
  };
  const vmsOf = async (uid: string, signal: AbortSignal): Promise<readonly PodVm[]> => (await findVms(uid, signal)).vms;

  const runsOf = (vm: PodVm, signal: AbortSignal): Promise<PodRuns> => runs.read(vm.info.id, vm.identity, signal);
  const look = (vm: PodVm, signal: AbortSignal): Promise<Look | undefined> => lookAt({ portLayer, clock, runs }, vm, signal);
  const processOf: VicContext['processOf'] = (vm, container, primary, signal) => processes.read(vm, container, primary, signal);
  const context: VicContext = { ...power, vmsOf, runsOf, look, processOf };
  const run = vmExec(power, ended);
  const volumes = createFileUpdates({ ...power, vmsOf, records, run });
  const taskLogs = createTaskLogs(power);
  const logs = containerLogs(context, taskLogs);
  const messages = terminationMessages({ portLayer, clock, logs, taskLogs, log });
  const stats = podStats({ portLayer, clock, log, look, list: (signal) => index.list(signal) });
  const tasks = createTaskWatch({ portLayer, clock, log, runsOf, look, taskLogs });

  const remove = async (id: string, signal: AbortSignal): Promise<void> => {
    await removeVm(power, id, signal);
    await runs.remove(id, signal);
    await unfinished.forget(id, signal);
    await volumes.forget(id, signal);
    processes.forget(id);
    tasks.forget(id);
    taskLogs.forget(id);
    ended.delete(id);
    index.forget(id);
  };
  const making = { ...power, images, index, unfinished, records, isolation, remove, scope, clusterDomain, hostUuid: options.hostUuid };

  return {
    name: 'vic',
    imagesOf: 'pod',
    support: vicSupport(isolation),
    images,
    logs,
    exec: containerExec(context, run),
    attach: containerAttach(context, taskLogs),
    network: podNetwork(context),
    stats,
    volumes,

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
      const work = (creating.get(uid) ?? Promise.resolve()).catch(() => undefined).then(() => makePod(making, uid, request, signal));
      creating.set(uid, work);
      try {
        await work;
      } finally {
        if (creating.get(uid) === work) creating.delete(uid);
      }
    },

    start: async (request, signal) => {
      const present = await vmsOf(request.uid, signal);
      if (present.length === 0) throw new Error(`there is no VM for the pod ${request.uid}`);
      for (const name of request.containers) {
        const vm = vmOfContainer(present, name) ?? (await makePart(making, name, request, signal));
        const start = (of: PodVm) => volumes.starting(of, signal, () => startContainer({ ...power, images, runs, taskLogs }, of, name, request.define, signal));
        const started = vm === undefined ? undefined : await start(vm);
        if (vm === undefined || started === undefined) throw new Error(`there is no VM for the pod ${request.uid}`);
        if (started !== 'running') processes.remember(vm.info.id, started);
        tasks.follow(vm);
      }
    },

    stop: async ({ uid, container, graceSeconds }, signal) => {
      const stop = async (id: string): Promise<void> => {
        const info = await portLayer.containerInfo(id, signal);
        const vm = info === undefined ? undefined : index.read(info);
        const other = vm?.identity.part !== undefined && vm.identity.part.container !== container;
        if (vm !== undefined && !other) await stopContainer({ ...power, runs, processOf, ended }, vm, container, graceSeconds, signal);
      };
      await Promise.all((await index.find(uid, signal)).map(stop));
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
      const { vms, begun } = await findVms(uid, signal);
      const looks = (await Promise.all(vms.map((vm) => look(vm, signal)))).filter((one) => one !== undefined);
      const pods = await Promise.all(looks.map((one) => messages.add(one, signal)));
      const present = looks.map(({ vm }) => vm);
      for (const vm of present) tasks.follow(vm);
      if (present.length > 0) return together(uid, present, pods);
      // There is something to be removed, and nothing to be run.
      return begun ? { uid, ips: [], containers: [], sandboxLost: true } : undefined;
    },

    watch: async (onChange, signal) => {
      const powerOff = (id: string, ending: AbortSignal): Promise<void> => stopVm(power, { id, containers: 1, stopSignal: '' }, 1, ending);
      const idle = async (vm: PodVm, ending: AbortSignal): Promise<boolean> => {
        const seen = await look(vm, ending);
        return seen?.runs.group.length === 1 && aliveIn(seen).length === 0;
      };
      tasks.listen(onChange, signal);
      try {
        await watchPodVms(
          { portLayer, index, clock, log, idle, follow: (vm) => tasks.follow(vm), powerOff, remove, pollMs: options.pollMs ?? POLL_MS },
          onChange,
          signal,
        );
      } finally {
        stats.stop();
        taskLogs.stop();
      }
    },
  };
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
