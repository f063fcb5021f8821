/** The machine room of the sandbox: boots endpoint VMs whose services are servers of this process. */
import { join } from 'node:path';
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { ProcessTable, Spawner } from '../../platform/runner.ts';
import type { Engine } from '../engines/port.ts';
import { createProcessEngine } from '../engines/process.ts';
import { createRegistry, type Registry } from './catalogue.ts';
import { clientAddresses, type ClientAddress } from './client-address.ts';
import type { EndpointVmSettings, RunningEndpointVm, VchHost } from './host.ts';
import { startKubelet } from './kubelet-starter.ts';
import { startPersonality } from './personality/personality.ts';
import { startPortLayer, type RunningPortLayer } from './port-layer/port-layer.ts';
import { fileLog } from './service-log.ts';
import { startVicadmin } from './vicadmin.ts';

export interface VchHostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly spawner: Spawner;
  readonly processes: ProcessTable;
  readonly log: Log;
  /** Environment of the computer: only PATH is used. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** argv of what stands for /sbin/virtual-kubelet: `file`, then `prefixArgs`, then the arguments of the contract. */
  readonly virtualKubelet: { readonly file: string; readonly prefixArgs: readonly string[] };
  /** What runs the containers; default: processes of this computer. */
  readonly engine?: Engine;
  readonly registry?: Registry;
  /** How long a container VM boots, ms; default 200. */
  readonly containerBootMs?: number;
  /** More environment for the kubelet, beyond what DIFFERENCES lists. */
  readonly kubeletEnvironment?: Readonly<Record<string, string>>;
}

type Component = RunningEndpointVm['components'][number];

const FALLBACK_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ADMIN_PORT = 2378;

export function createVchHost(options: VchHostOptions): VchHost {
  const { clock, fs, spawner, processes } = options;
  const hostPath = options.env['PATH'] ?? FALLBACK_PATH;
  const engine = options.engine ?? createProcessEngine({ spawner, processes, fs, clock, hostPath });
  return { powerOn: (settings, directory, signal) => boot({ ...options, engine, hostPath }, settings, directory, signal) };
}

interface HostParts extends VchHostOptions {
  readonly engine: Engine;
  readonly hostPath: string;
}

/** Undoes what was started, newest first. */
class Running {
  private readonly steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.steps.unshift(step);
  }

  async end(): Promise<void> {
    for (const step of this.steps.splice(0)) await step();
  }
}

async function boot(parts: HostParts, settings: EndpointVmSettings, directory: string, signal: AbortSignal): Promise<RunningEndpointVm> {
  const dockerPort = settings.tls.mode === 'none' ? 2375 : 2376;
  // With a debug level above 2 the port layer moves to another port.
  const portLayerPort = settings.debug > 2 ? 2380 : 2377;
  let lastError: unknown;
  for await (const address of clientAddresses(settings.biosUuid, [dockerPort, portLayerPort, ADMIN_PORT])) {
    signal.throwIfAborted();
    const ports = address.wellKnownPorts ? { docker: dockerPort, portLayer: portLayerPort, admin: ADMIN_PORT } : { docker: 0, portLayer: 0, admin: 0 };
    const running = new Running();
    try {
      return await bootAt(parts, settings, directory, address, ports, running, signal);
    } catch (error) {
      await running.end();
      lastError = error;
      // Somebody else took the address between the look and the start.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  throw lastError;
}

async function bootAt(
  parts: HostParts,
  settings: EndpointVmSettings,
  directory: string,
  address: ClientAddress,
  ports: { readonly docker: number; readonly portLayer: number; readonly admin: number },
  running: Running,
  signal: AbortSignal,
): Promise<RunningEndpointVm> {
  const { clock, random, fs, engine } = parts;
  const { host } = address;
  const logDirectory = join(directory, 'var', 'log', 'vic');
  await fs.makeDirectory(logDirectory);
  const logTo = (service: string): Log => fileLog(fs, clock, join(logDirectory, `${service}.log`), settings.debug > 0 ? 'debug' : 'info');
  const { name, biosUuid, version, debug, cpuMhz, memoryMiB, insecureRegistries, volumeStores } = settings;
  const portLayer = await startPortLayer({
    facts: { name, biosUuid, version, debug, cpuMhz, memoryMiB, insecureRegistries },
    volumeStores,
    directory,
    engine,
    ...(parts.containerBootMs === undefined ? {} : { bootMs: parts.containerBootMs }),
    clock,
    random,
    fs,
    log: logTo('port-layer'),
    host,
    port: ports.portLayer,
  });
  let removeContainers = false;
  running.add(() => portLayer.stop({ removeContainers }));
  const personality = await startPersonality({
    state: portLayer.state,
    portLayer: `${host}:${String(portLayer.port)}`,
    registry: parts.registry ?? createRegistry(),
    tls: settings.tls,
    host,
    port: ports.docker,
    log: logTo('docker-personality'),
  });
  running.add(() => personality.stop());
  const components: Component[] = [];
  const admin = await startVicadmin({
    settings,
    logDirectory,
    fs,
    host,
    port: ports.admin,
    status: () => [['Address', host], ...components.map((one) => [one.name, one.started ? 'running' : (one.error ?? 'failed')] as const)],
  });
  running.add(() => admin.stop());
  signal.throwIfAborted();
  const kubelet = await maybeKubelet(
    parts,
    settings,
    directory,
    { clientIp: host, dockerPort: personality.port, portLayerPort: portLayer.port },
    logTo('init'),
  );
  if (kubelet.stop !== undefined) running.add(kubelet.stop);
  components.push(
    ...kubelet.components,
    { name: 'port-layer', started: true },
    { name: 'docker-personality', started: true },
    { name: 'vicadmin', started: true },
  );
  let ending: Promise<void> | undefined;
  return {
    clientIp: host,
    dockerPort: personality.port,
    portLayerPort: portLayer.port,
    adminPort: admin.port,
    components,
    containers: () => containersOf(portLayer),
    powerOff: async (how) => {
      removeContainers ||= how.removeContainers;
      await (ending ??= running.end());
    },
  };
}

async function maybeKubelet(
  parts: HostParts,
  settings: EndpointVmSettings,
  directory: string,
  where: { readonly clientIp: string; readonly dockerPort: number; readonly portLayerPort: number },
  log: Log,
): Promise<{ readonly stop: (() => Promise<void>) | undefined; readonly components: readonly Component[] }> {
  if (settings.kubelet === undefined) return { stop: undefined, components: [] };
  const name = 'kubelet-starter';
  if (!settings.hasKubelet) {
    return { stop: undefined, components: [{ name, started: false, error: 'fork/exec /sbin/kubelet-starter: no such file or directory' }] };
  }
  try {
    const kubelet = await startKubelet({
      ...parts,
      ...where,
      settings,
      directory,
      command: parts.virtualKubelet,
      path: parts.hostPath,
      extra: { HOST_UUID: settings.biosUuid, LOCAL_VIRTUAL_KUBELET: 'true', ...insecureWithoutClientCa(settings), ...parts.kubeletEnvironment },
      log,
    });
    return { stop: () => kubelet.stop(), components: [{ name, started: true }] };
  } catch (error) {
    return { stop: undefined, components: [{ name, started: false, error: messageOf(error) }] };
  }
}

function insecureWithoutClientCa({ tls }: EndpointVmSettings): Readonly<Record<string, string>> {
  return tls.mode === 'tls' && tls.clientCa === undefined ? { PERSONA_TLS_INSECURE: 'true' } : {};
}

function containersOf(portLayer: RunningPortLayer): ReturnType<RunningEndpointVm['containers']> {
  return portLayer.state.containers.list().map((vm) => ({ id: vm.id, name: vm.config.name, poweredOn: vm.poweredOn }));
}
