import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { ImageService, VolumeService } from '../../kubelet/capabilities.ts';
import { isProviderFailure, ProviderFailure, type CreatePodRequest, type PodProvider } from '../../kubelet/provider.ts';
import type { Clock } from '../../platform/clock.ts';
import { deadline } from '../../platform/http-exchange.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Log } from '../../platform/log.ts';
import { createContext, type DockerContext } from './context.ts';
import { detectEngine, type EngineFacts } from './engine-kind.ts';
import { findSandbox } from './find-container.ts';
import { imageService } from './images.ts';
import { readKeptPod } from './kept-pod.ts';
import { readIdentity } from './labels.ts';
import { containerLogs } from './logs.ts';
import { followMakings } from './makings.ts';
import { podNetwork } from './network.ts';
import { engineHealth, nodeCapacity, nodeFacts } from './node.ts';
import { listParts, listVolumes } from './parts.ts';
import { podStatus } from './pod-status.ts';
import { removeContainers, removePod } from './remove-pod.ts';
import { startContainer } from './run-container.ts';
import { makeSandbox } from './sandbox.ts';
import { runInSandbox } from './sandbox-command.ts';
import { containerAttach, containerExec } from './sessions.ts';
import { podStats } from './stats.ts';
import { stopContainer } from './stop-container.ts';
import { supportOf } from './support.ts';
import { publishFiles } from './volumes.ts';
import { watchContainers } from './watch.ts';

export interface DockerProviderOptions {
  readonly engine: ContainerEngine;
  readonly nodeName: string;
  /** At which the kubelet's server is reached, and the addresses of pods on the engine's own network. */
  readonly addresses: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Addresses of the cluster's DNS; none: pods use the engine's resolver. */
  readonly clusterDns?: readonly string[];
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** Resources that the node reports instead of the engine's. */
  readonly capacityOverrides?: Readonly<Record<string, string>>;
  /** Of this machine, for files of pods on an engine that is here; without it they go through the engine. */
  readonly files?: FileSystem;
  /** Between two looks at the whole list in milliseconds; default 10 000. */
  readonly pollMs?: number;
}

export interface DockerProvider extends PodProvider {
  readonly images: ImageService & Required<Pick<ImageService, 'remove'>>;
}

const POLL_MS = 10_000;
/** For clearing away what a failed creation has made. */
const CLEANUP_MS = 60_000;

/** Asks the engine what it is, and makes the provider for that. Rejects with ENGINE when it does not answer. */
export async function createDockerProvider(options: DockerProviderOptions, signal: AbortSignal): Promise<DockerProvider> {
  const { engine } = options;
  const facts = await detectEngine(engine, signal);
  if (facts.kind === 'vch') {
    throw new VickError(
      'KUBELET_BACKEND',
      `the engine ${engine.address} is a VCH: it makes a VM of every container, so the containers of a pod cannot share a network`,
      {
        hint: 'Use --provider vic, which makes one VM of a whole pod.',
      },
    );
  }
  return dockerProviderOver(options, facts);
}

/** The provider for an engine that has told what it is. */
export function dockerProviderOver(options: DockerProviderOptions, facts: EngineFacts): DockerProvider {
  const { engine, nodeName, addresses, clock, log } = options;
  const dns = { clusterDns: options.clusterDns ?? [], clusterDomain: options.clusterDomain ?? 'cluster.local' };
  const context = createContext({ engine, nodeName, addresses, clock, log, dns, facts, files: options.files });
  const images = imageService(engine);
  const memory = { messages: new Map<string, string | undefined>(), imageIds: new Map<string, string>() };

  return {
    name: 'docker',
    support: supportOf(facts),
    images,
    volumes: volumeService(context),
    logs: containerLogs(context),
    exec: containerExec(context),
    attach: containerAttach(context),
    network: podNetwork(context),
    stats: podStats(context),

    describe: (signal) => nodeFacts(context, signal),
    capacity: (signal) => nodeCapacity(context, options.capacityOverrides ?? {}, signal),
    health: (signal) => engineHealth(context, signal),

    list: async (signal) => {
      const [parts, volumes] = await Promise.all([listParts(engine, nodeName, undefined, signal), listVolumes(engine, nodeName, undefined, signal)]);
      const found = new Map([...parts.values()].map(({ identity }) => [identity.uid, identity]));
      for (const { Labels } of volumes) {
        const identity = readIdentity(Labels);
        if (identity !== undefined) found.set(identity.uid, identity);
      }
      return [...found.values()];
    },

    create: (request, signal) => {
      const uid = request.pod.metadata?.uid ?? '';
      return context.serially(uid, () => create(context, uid, request, signal));
    },
    start: (request, signal) => context.serially(`${request.uid}/${request.containers[0] ?? ''}`, () => startContainer(context, images, request, signal)),
    stop: async ({ uid, container, graceSeconds }, signal) => {
      const [latest] = (await listParts(engine, nodeName, uid, signal)).get(uid)?.attempts.get(container) ?? [];
      const found = latest === undefined ? undefined : await engine.inspectContainer(latest.id, signal);
      if (found !== undefined) await stopContainer(engine, found, graceSeconds, signal);
    },
    remove: (uid, signal) =>
      context.serially(uid, async () => {
        await removePod(context, uid, signal);
        log.info('pod removed', { uid });
      }),
    status: (uid, signal) => podStatus(context, memory, uid, signal),
    watch: (onChange, signal) => watchContainers(context, options.pollMs ?? POLL_MS, onChange, signal),
  };

  function volumeService(of: DockerContext): VolumeService {
    return {
      update: ({ uid, volume }, files, signal) =>
        of.serially(`${uid}:${volume}`, async () => {
          const sandbox = await findSandbox(of, uid, signal);
          const kept = readKeptPod(sandbox.Config?.Labels).volumes.find(({ name }) => name === volume);
          if (kept === undefined) throw new Error(`the pod ${uid} has no volume ${volume}`);
          await publishFiles(engine, sandbox.Id, kept, files, clock.now(), (command) => runInSandbox(engine, sandbox.Id, command, signal), signal);
        }),
    };
  }
}

/** Once, however often it is asked. A sandbox that does not run is made anew; what is on disk in the pod's volumes stays. */
async function create(context: DockerContext, uid: string, request: CreatePodRequest, signal: AbortSignal): Promise<void> {
  const { engine, nodeName, clock, log } = context;
  const before = (await listParts(engine, nodeName, uid, signal)).get(uid);
  if (before?.sandbox?.State === 'running') return;
  const anew = before !== undefined;
  if (anew) await removeContainers(context, uid, signal);
  const makings = followMakings(engine);
  try {
    await makeSandbox({ ...context, engine: makings.engine }, request, signal);
  } catch (error) {
    // Also when the caller has given up: nobody else knows of it.
    const limit = deadline(clock, CLEANUP_MS, new AbortController().signal);
    await makings.settled(limit.signal);
    const clear = anew ? removeContainers(context, uid, limit.signal) : removePod(context, uid, limit.signal);
    await clear
      .catch((failure: unknown) => {
        log.warn('what a failed pod has left could not be cleared away', { uid, error: messageOf(failure) });
      })
      .finally(() => {
        limit.dispose();
      });
    throw asSandboxFailure(error, signal);
  }
  const { namespace = '', name = '' } = request.pod.metadata ?? {};
  log.info('pod sandbox created', { uid, pod: `${namespace}/${name}` });
}

function asSandboxFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || isProviderFailure(error)) return error;
  return new ProviderFailure('CreatePodSandboxError', messageOf(error), { cause: error });
}
