/** All container VMs of a VCH: creation, commit, removal. Everything that changes a VM goes through a handle. */
import { join } from 'node:path';
import type { Clock } from '../../../platform/clock.ts';
import type { FileSystem } from '../../../platform/fs.ts';
import type { Engine } from '../../engines/port.ts';
import { afflictions } from '../sentinels.ts';
import type { Events } from './events.ts';
import type { Handle, Handles } from './handles.ts';
import type { NetworkContext } from './networks.ts';
import { failed, PortLayerError } from './replies.ts';
import { Vm } from './vm.ts';
import type { VmConfig } from './vm-config.ts';
import { VmLog } from './vm-log.ts';
import { recordOf, type VmStore } from './vm-store.ts';

export interface ContainersOptions {
  readonly clock: Clock;
  readonly fs: FileSystem;
  readonly engine: Engine;
  readonly directory: string;
  /** How long a container VM boots, ms. */
  readonly bootMs: number;
  readonly haltMs: number;
  /** Behave as a simulated vSphere where it differs: a requested stop leaves addresses bound, exec tasks survive. */
  readonly simulatedVsphere: boolean;
}

export class Containers {
  private readonly options: ContainersOptions;
  private readonly handles: Handles;
  private readonly networks: NetworkContext;
  private readonly events: Events;
  private readonly store: VmStore;
  private readonly vms = new Map<string, Vm>();
  private readonly waiting: (() => void)[] = [];
  /** Conflicts still to be raised for a VM with the conflict sentinel. */
  private readonly storms = new Map<string, number>();

  constructor(
    options: ContainersOptions,
    parts: { readonly handles: Handles; readonly networks: NetworkContext; readonly events: Events; readonly store: VmStore },
  ) {
    this.options = options;
    this.handles = parts.handles;
    this.networks = parts.networks;
    this.events = parts.events;
    this.store = parts.store;
  }

  /** Newest first. */
  list(): readonly Vm[] {
    return [...this.vms.values()].reverse();
  }

  find(id: string): Vm | undefined {
    return this.vms.get(id);
  }

  /** The disk whose file name, `<folder of the VM>/<delta id>.vmdk`, ends with `<deviceId>.vmdk`: the first, of all VMs. */
  findDisk(deviceId: string): { readonly vm: Vm; readonly index: number } | undefined {
    for (const vm of this.vms.values()) {
      const index = vm.config.disks.findIndex(({ deltaId }) => `${vm.id}/${deltaId}.vmdk`.endsWith(`${deviceId}.vmdk`));
      if (index >= 0) return { vm, index };
    }
    return undefined;
  }

  need(id: string): Vm {
    const vm = this.vms.get(id);
    if (vm === undefined) throw failed(404, `container ${id} not found`);
    return vm;
  }

  /** A handle on an existing VM. */
  take(id: string): Handle {
    const vm = this.need(id);
    return this.handles.create(vm.config, vm.snapshot());
  }

  /** Carries a handle out. Success consumes it; after a failure it is still there, and stale if anything was changed. */
  async commit(handle: Handle, waitSeconds: number | undefined): Promise<void> {
    const vm = handle.base === undefined ? await this.create(handle) : await this.update(handle, waitSeconds);
    if (handle.target === 'RUNNING') await this.start(vm);
    this.handles.drop(handle.key);
  }

  /** Resolves at the next change of any VM. */
  async nextChange(): Promise<void> {
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Answers for `DELETE /containers/{id}`: unknown 404 and starting 500 without a body, running 409. */
  async remove(id: string): Promise<void> {
    const vm = this.vms.get(id);
    if (vm === undefined) throw new PortLayerError(404);
    if (vm.poweredOn) throw vm.state === 'Running' ? failed(409, `Container ${id} is powered on`) : new PortLayerError(500);
    this.vms.delete(id);
    this.storms.delete(id);
    if (!this.options.simulatedVsphere) this.networks.unbind(id);
    await this.store.remove(id);
    await vm.disks.settled();
    await this.options.fs.remove(vm.context.directory);
    this.events.publish('Removed', id);
  }

  /** Brings back what an earlier run of this VCH stored: every VM is off. */
  async restore(): Promise<void> {
    for (const record of await this.store.load()) {
      const vm = new Vm(this.vmContext(record.config), record.config, record.createTime);
      vm.recover(record.last);
      this.vms.set(vm.id, vm);
    }
  }

  /** Ends every container VM at once; with `remove`, forgets them too. */
  async shutDown(remove: boolean): Promise<void> {
    await Promise.all([...this.vms.values()].map((vm) => vm.cut()));
    if (remove) await Promise.all([...this.vms.keys()].map((id) => this.remove(id)));
    await this.store.settled();
  }

  private async create(handle: Handle): Promise<Vm> {
    if (this.vms.has(handle.id)) throw failed(503, `*types.DuplicateName`);
    const vm = new Vm(this.vmContext(handle.config), handle.config, this.options.clock.now());
    vm.everBound = this.networks.bound(vm.id);
    await this.options.fs.makeDirectory(vm.context.directory);
    this.vms.set(vm.id, vm);
    this.store.save(recordOf(vm));
    this.events.publish('Created', vm.id);
    return vm;
  }

  private async update(handle: Handle, waitSeconds: number | undefined): Promise<Vm> {
    const vm = this.vms.get(handle.id);
    if (vm === undefined || handle.base === undefined) throw failed(404, 'container not found');
    let { version } = handle.base;
    let { config } = handle;
    this.raiseStorm(vm);
    if (handle.target === 'STOPPED') {
      if (vm.poweredOn) {
        await vm.stop(waitSeconds);
        // The handle is refreshed after the power-off: its changes are stacked on what there is now.
        version = vm.stopConflict(version);
        config = handle.changes.reduce((draft, change) => change(draft), vm.config);
      }
    }
    if (vm.version !== version) throw failed(409, '*types.ConcurrentAccess');
    vm.everBound ||= this.networks.bound(vm.id);
    vm.reconfigure(config);
    this.store.save(recordOf(vm));
    if (handle.target === 'STOPPED') this.events.publish('Stopped', vm.id);
    return vm;
  }

  private async start(vm: Vm): Promise<void> {
    if (vm.poweredOn) return;
    try {
      await vm.start();
    } catch (error) {
      this.events.publish('Failed', vm.id);
      throw error;
    }
    this.events.publish('Started', vm.id);
  }

  private raiseStorm(vm: Vm): void {
    const left = this.storms.get(vm.id) ?? afflictions(vm.config.annotations).conflicts;
    this.storms.set(vm.id, Math.max(0, left - 1));
    if (left > 0) {
      vm.touch();
      throw failed(409, '*types.ConcurrentAccess');
    }
  }

  private vmContext(config: VmConfig): Vm['context'] {
    const { clock, fs, engine, simulatedVsphere } = this.options;
    const directory = join(this.options.directory, config.id);
    return {
      clock,
      engine,
      fs,
      directory,
      log: new VmLog(fs, clock, join(directory, 'output.log')),
      bootMs: afflictions(config.annotations).bootMs ?? this.options.bootMs,
      haltMs: this.options.haltMs,
      keepExecs: simulatedVsphere,
      changed: () => {
        for (const resolve of this.waiting.splice(0)) resolve();
      },
      poweredOn: (vm) => {
        this.events.publish('PoweredOn', vm.id);
      },
      booted: (vm, own) => {
        for (const [scope, address] of this.networks.addresses(vm.id)) {
          // The bridge is the engine's: what it gave out is what leads there.
          const reported = own === undefined || this.networks.isExternal(scope) ? address : address.replace(/^[^/]*/, own);
          vm.addresses.set(scope, reported);
        }
      },
      poweredOff: (vm, requested) => {
        if (!requested || !simulatedVsphere) {
          this.networks.unbind(vm.id);
          vm.addresses.clear();
        }
        if (!requested) this.events.publish('PoweredOff', vm.id);
        this.store.save(recordOf(vm));
      },
    };
  }
}
