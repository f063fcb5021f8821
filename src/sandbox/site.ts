/**
 * A whole site in one process: a control plane, the controllers that it lacks, a vSphere whose endpoint VMs boot, and
 * a vic-machine to install them with.
 */
import { join } from 'node:path';
import type { KubernetesApi } from '../clients/kubernetes/port.ts';
import { messageOf } from '../errors/vick-error.ts';
import type { SandboxEngine, SandboxEngineFacts, ServeRequest, VchAddress } from '../operations/sandbox/port.ts';
import { rfc3339, type Clock } from '../platform/clock.ts';
import type { FileSystem } from '../platform/fs.ts';
import type { Log } from '../platform/log.ts';
import { recordingSpawner } from '../platform/process-list.ts';
import type { Random } from '../platform/random.ts';
import type { ProcessTable, Spawner } from '../platform/runner.ts';
import type { SandboxCluster } from './cluster.ts';
import { runCertificateSigning } from './controllers/certificate-signing.ts';
import { runNodeLifecycle } from './controllers/node-lifecycle.ts';
import { runScheduler } from './controllers/scheduler.ts';
import { startEmbeddedCluster } from './embedded-cluster.ts';
import { containersOf } from './engines/containers.ts';
import type { ContainerSite } from './engines/containers.ts';
import type { Engine } from './engines/port.ts';
import { startRealControlPlane } from './real-control-plane/start.ts';
import { createVchHost } from './vch/vch-host.ts';
import type { RunningEndpointVm, VchHost } from './vch/host.ts';
import { startVSphere, type VSphere } from './vsphere/server.ts';
import { writeVicMachine } from './vic-machine-script.ts';
import { untilAborted } from '../platform/until-aborted.ts';

export interface SiteTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly spawner: Spawner;
  readonly processes: ProcessTable;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** A client for a kubeconfig text. */
  readonly connect: (kubeconfig: string) => Promise<KubernetesApi>;
  /** A container engine, for the containers of the sandbox in `directory`; its code is loaded at the call. */
  readonly containers: (engine: SandboxEngine, directory: string) => Promise<ContainerSite>;
  /** argv of the programs that the site starts. */
  readonly programs: { readonly virtualKubelet: readonly string[]; readonly vicMachine: readonly string[] };
}

const USER = 'administrator@vsphere.local';

/** Runs a site until the signal aborts. Whatever was started is ended in reverse order, also when the start fails half way. */
export async function serveSite(request: ServeRequest, tools: SiteTools, signal: AbortSignal): Promise<void> {
  const { clock, fs, log } = tools;
  const ending: { readonly name: string; readonly end: () => Promise<void> }[] = [];
  const onEnd = (name: string, end: () => Promise<void>): void => void ending.unshift({ name, end });
  const spawner = recordingSpawner(tools.spawner, fs, request.processesFile);
  try {
    const containers = await startContainers(request, tools, onEnd, signal);
    const cluster = await startCluster(request, { ...tools, spawner }, signal);
    onEnd('control plane', () => cluster.stop());
    const kubeconfig = join(request.directory, 'kubeconfig');
    await fs.writeFile(kubeconfig, cluster.adminKubeconfig, { mode: 0o600 });

    await startControllers(cluster, tools, onEnd);
    const { vsphere, password } = await startVms(request, { ...tools, spawner }, containers?.engine, onEnd);
    const vicMachine = await writeVicMachine({ directory: join(request.directory, 'bin'), argv: tools.programs.vicMachine, fs });

    await request.ready({
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'Sandbox',
      pid: tools.pid,
      startedAt: rfc3339(clock.now()),
      engine: containers?.facts ?? { kind: 'process' },
      controlPlane: { kind: cluster.kind, server: cluster.server, version: cluster.version },
      kubeconfig,
      vicMachine,
      vsphere: { target: vsphere.address, user: USER, password, thumbprint: vsphere.thumbprint },
    });
    log.info('the sandbox is ready', { server: cluster.server, target: vsphere.address });
    await untilAborted(signal);
  } finally {
    for (const { name, end } of ending) {
      await end().catch((error: unknown) => {
        log.error('a part of the sandbox did not end well', { part: name, why: messageOf(error) });
      });
    }
  }
}

/** Clears away what an earlier life of this sandbox left, and at the end what this one has. */
async function startContainers(
  { engine, directory }: ServeRequest,
  tools: SiteTools,
  onEnd: (name: string, end: () => Promise<void>) => void,
  signal: AbortSignal,
): Promise<{ readonly engine: Engine; readonly facts: SandboxEngineFacts } | undefined> {
  if (engine === undefined) return undefined;
  const site = await tools.containers(engine, directory);
  const containers = containersOf(site, { clock: tools.clock, log: tools.log.with({ part: 'engine' }) });
  onEnd('containers', () => containers.close());
  await containers.clear(signal);
  return { engine: containers.engine, facts: { kind: 'docker', address: engine.address, version: await containers.version(signal) } };
}

async function startCluster(request: ServeRequest, tools: SiteTools, signal: AbortSignal): Promise<SandboxCluster> {
  if (request.assets === undefined) return startEmbeddedCluster(tools);
  return startRealControlPlane({ ...tools, assets: request.assets, directory: join(request.directory, 'control-plane') }, signal);
}

async function startControllers(cluster: SandboxCluster, tools: SiteTools, onEnd: (name: string, end: () => Promise<void>) => void): Promise<void> {
  if (cluster.brings.scheduler && cluster.brings.controllerManager) return;
  const api = await tools.connect(cluster.adminKubeconfig);
  const stop = new AbortController();
  const options = { ...tools, api };
  const running = Promise.all([
    cluster.brings.scheduler ? undefined : runScheduler({ ...options, log: tools.log.with({ part: 'scheduler' }) }, stop.signal),
    cluster.brings.controllerManager ? undefined : runNodeLifecycle({ ...options, log: tools.log.with({ part: 'node-lifecycle' }) }, stop.signal),
    cluster.brings.controllerManager || cluster.authority === undefined
      ? undefined
      : runCertificateSigning({ ...options, authority: cluster.authority, log: tools.log.with({ part: 'certificates' }) }, stop.signal),
  ]);
  onEnd('controllers', async () => {
    stop.abort(new Error('the sandbox ends'));
    await running;
    await api.close();
  });
}

async function startVms(
  request: ServeRequest,
  tools: SiteTools,
  engine: Engine | undefined,
  onEnd: (name: string, end: () => Promise<void>) => void,
): Promise<{ vsphere: VSphere; password: string }> {
  const [file = '', ...prefixArgs] = request.virtualKubelet === undefined ? tools.programs.virtualKubelet : [request.virtualKubelet];
  const host = createVchHost({ ...tools, virtualKubelet: { file, prefixArgs }, ...(engine === undefined ? {} : { engine }) });
  const directory = join(request.directory, 'vms');
  await tools.fs.makeDirectory(directory, { mode: 0o700 });
  await tools.fs.makeDirectory(request.vchDirectory, { mode: 0o700 });
  const password = tools.random.hex(12);
  const vsphere = await startVSphere({
    clock: tools.clock,
    random: tools.random,
    log: tools.log.with({ part: 'vsphere' }),
    host: publishing(host, request.vchDirectory, tools.fs),
    users: [{ name: USER, password }],
    directory,
  });
  onEnd('vSphere', () => vsphere.close());
  return { vsphere, password };
}

/** `host`, writing down how to reach each VCH while it runs: `sandbox logs` reads it. */
function publishing(host: VchHost, folder: string, fs: FileSystem): VchHost {
  return {
    powerOn: async (settings, directory, signal) => {
      const vm: RunningEndpointVm = await host.powerOn(settings, directory, signal);
      const address: VchAddress = {
        portLayer: { host: vm.clientIp, port: vm.portLayerPort },
        docker: { host: vm.clientIp, port: vm.dockerPort },
        hostUuid: settings.biosUuid,
      };
      const file = join(folder, `${settings.name}.json`);
      await fs.writeFile(file, JSON.stringify(address));
      return {
        ...vm,
        containers: () => vm.containers(),
        powerOff: async (options) => {
          await vm.powerOff(options);
          await fs.remove(file);
        },
      };
    },
  };
}
