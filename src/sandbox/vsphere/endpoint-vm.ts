import { join } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import type { EndpointVmSettings, RunningEndpointVm, VchHost } from '../vch/host.ts';
import type { Guest, VchConfig } from './protocol.ts';
import { sentinelOf } from './sentinels.ts';

export interface EndpointVmOptions {
  readonly id: string;
  readonly biosUuid: string;
  readonly host: VchHost;
  /** Folder of the endpoint VMs' files; each has a folder of its own in it. */
  readonly directory: string;
  readonly clock: Clock;
}

/** What the cluster has: a pool without a limit (0) reports its parent's numbers, as the port layer reads them. */
const CLUSTER = { cpuMhz: 9200, memoryMiB: 32_768 };
const SLOW_BOOT_MS = 20_000;
const NO_GUEST: Guest = { components: [], dockerReachable: true, vsphereReachable: true, volumeStoresOnline: true };

/** Power state of one endpoint VM: starts it through the machine room and tells what its guest reports. */
export class EndpointVm {
  private readonly options: EndpointVmOptions;
  private running: RunningEndpointVm | undefined;
  private boot: Promise<void> | undefined;
  private abort = new AbortController();
  private report: Guest = NO_GUEST;
  /** Whether the appliance image that was uploaded has the kubelet programs. */
  hasKubelet = false;

  constructor(options: EndpointVmOptions) {
    this.options = options;
  }

  get poweredOn(): boolean {
    return this.boot !== undefined;
  }

  get guest(): Guest {
    return this.report;
  }

  containers(): ReturnType<RunningEndpointVm['containers']> {
    return this.running?.containers() ?? [];
  }

  /** Returns at once; the guest's report changes when it has booted. */
  powerOn(config: VchConfig, trouble?: 'no-address' | 'no-boot'): void {
    if (this.boot !== undefined) return;
    this.abort = new AbortController();
    this.report = NO_GUEST;
    this.boot = this.start(config, trouble, this.abort.signal).catch((error: unknown) => {
      if (this.abort.signal.aborted) return;
      this.report = { ...NO_GUEST, failure: error instanceof Error ? error.message : String(error) };
    });
  }

  async powerOff(options: { readonly removeContainers: boolean }): Promise<void> {
    this.abort.abort(new Error('The endpoint VM was powered off.'));
    await this.boot;
    this.boot = undefined;
    this.report = NO_GUEST;
    const running = this.running;
    this.running = undefined;
    await running?.powerOff(options);
  }

  private async start(config: VchConfig, trouble: 'no-address' | 'no-boot' | undefined, signal: AbortSignal): Promise<void> {
    const { id, biosUuid, host, directory, clock } = this.options;
    const sentinel = sentinelOf(config.name);
    if (sentinel === 'no-ip' || trouble === 'no-address') return;
    if (trouble === 'no-boot') throw new Error('the endpoint VM did not boot');
    if (sentinel === 'slow-boot') await clock.sleep(SLOW_BOOT_MS, signal);
    const settings: EndpointVmSettings = {
      id,
      name: config.name,
      biosUuid,
      version: config.version,
      debug: config.debug,
      tls: config.tls,
      cpuMhz: config.cpuMhz === 0 ? CLUSTER.cpuMhz : config.cpuMhz,
      memoryMiB: config.memoryMiB === 0 ? CLUSTER.memoryMiB : config.memoryMiB,
      volumeStores: config.volumeStores.map(({ label }) => label),
      insecureRegistries: config.insecureRegistries,
      ...(config.kubelet === undefined ? {} : { kubelet: config.kubelet }),
      hasKubelet: this.hasKubelet && sentinel !== 'kubelet-starter-fails',
      proxies: config.proxies,
    };
    const running = await host.powerOn(settings, join(directory, id), signal);
    this.running = running;
    this.report = {
      clientIp: running.clientIp,
      dockerPort: running.dockerPort,
      adminPort: running.adminPort,
      components: this.components(config, running),
      dockerReachable: sentinel !== 'docker-api-down',
      vsphereReachable: sentinel !== 'vsphere-unreachable',
      volumeStoresOnline: sentinel !== 'volume-store-missing',
    };
  }

  /** kubelet-starter cannot launch from an image without it, whatever the machine room says. */
  private components(config: VchConfig, running: RunningEndpointVm): Guest['components'] {
    const others = running.components.filter(({ name }) => name !== 'kubelet-starter');
    if (config.kubelet === undefined) return others;
    const reported = running.components.find(({ name }) => name === 'kubelet-starter') ?? { name: 'kubelet-starter', started: true };
    const missing = 'fork/exec /sbin/kubelet-starter: no such file or directory';
    if (sentinelOf(config.name) === 'kubelet-starter-fails') return [...others, { name: 'kubelet-starter', started: false, error: 'exec format error' }];
    return [...others, this.hasKubelet ? reported : { name: 'kubelet-starter', started: false, error: missing }];
  }
}
