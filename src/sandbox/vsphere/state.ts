import { posix } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import type { VchHost } from '../vch/host.ts';
import { EndpointVm } from './endpoint-vm.ts';
import { VSphereFault, duplicateName, noPermission, notFound } from './faults.ts';
import type { Inventory } from './inventory.ts';
import type { CallName, Calls, GuestAccess, Pool, VchConfig, VchVm } from './protocol.ts';
import { sentinelOf } from './sentinels.ts';
import { Site } from './site.ts';

interface VmRecord {
  readonly id: string;
  readonly datacenter: string;
  readonly cluster: string;
  readonly pool: Pool;
  config: VchConfig;
  /** Whether the appliance image that it boots from next has the kubelet programs. */
  uploadedKubelet: boolean;
  updateInProgress: boolean;
  snapshot: Snapshot | undefined;
  /** Between the snapshot of an update and its end. */
  updating: boolean;
  access: GuestAccess | undefined;
  readonly machine: EndpointVm;
}

interface Snapshot {
  readonly name: string;
  readonly config: VchConfig;
  readonly hasKubelet: boolean;
}

export interface StateOptions {
  readonly inventory: Inventory;
  readonly host: VchHost;
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** The calls that a sentinel in the name of the VCH refuses for want of rights. */
const DENIED: Readonly<Partial<Record<CallName, string>>> = {
  UpdateOptions: 'deny-setting',
  CreateResourcePool: 'deny-pool',
  CreateFolder: 'deny-folder',
  CreateVM_Task: 'deny-vm',
  ReconfigVM_Task: 'deny-reconfigure',
  PowerOnVM_Task: 'deny-power-on',
};

/** How an endpoint VM with new settings fails to come up, by the sentinel in its name. */
const UPDATE_TROUBLE: Readonly<Record<string, 'no-address' | 'no-boot'>> = { 'update-timeout': 'no-address', 'update-rolled-back': 'no-boot' };

type Handlers = { readonly [Name in Exclude<CallName, 'Login'>]: (input: Calls[Name]['in']) => Calls[Name]['out'] | Promise<Calls[Name]['out']> };

/** Everything the vSphere stand-in remembers. One call at a time changes it; what a caller left half-made stays. */
export class VSphereState {
  private readonly options: StateOptions;
  private readonly site: Site;
  private nextId = 29;
  private readonly pools: Pool[] = [];
  private readonly folders = new Set<string>();
  private readonly vms = new Map<string, VmRecord>();
  private readonly uploads = new Map<string, number>();
  /** Paths on datastores that delete --force removed, for whoever keeps the files. */
  readonly deletedVolumeStores: { readonly datastore: string; readonly path: string }[] = [];

  constructor(options: StateOptions) {
    this.options = options;
    this.site = new Site(options.inventory);
  }

  readonly handlers: Handlers = {
    RetrieveInventory: ({ name }) => ({ inventory: this.site.seenBy(name), pools: this.pools, vms: this.list() }),
    UpdateOptions: ({ name }) => {
      this.refuse('UpdateOptions', name);
      this.site.persistNetworkBacking();
      return {};
    },
    CreateResourcePool: ({ parent, name }) => {
      this.refuse('CreateResourcePool', name);
      const path = posix.join(parent, name);
      if (this.pools.some((pool) => pool.path === path)) throw duplicateName(name);
      const cluster = this.site.clusters().find(({ pool }) => `${parent}/`.startsWith(`${pool.path}/`));
      if (cluster === undefined) throw notFound(parent);
      const pool = { id: `resgroup-${String(this.takeId())}`, name, path, cluster: cluster.path };
      this.pools.push(pool);
      return { id: pool.id };
    },
    DestroyResourcePool: ({ id }) => {
      const inside = [...this.vms.values()].filter(({ pool }) => pool.id === id).length;
      if (inside > 0) throw new VSphereFault('ResourceInUse', `Resource pool is not empty: found ${String(inside)} vms under ""`);
      const index = this.pools.findIndex((pool) => pool.id === id);
      if (index !== -1) this.pools.splice(index, 1);
      return {};
    },
    AddPortGroup: ({ name }) => {
      this.site.changeNetworks((networks) => [...networks, { name, kind: 'standard' }]);
      return {};
    },
    RemovePortGroup: ({ name }) => {
      this.site.changeNetworks((networks) => networks.filter((network) => network.name !== name));
      return {};
    },
    CreateFolder: ({ datacenter, name }) => {
      this.refuse('CreateFolder', name);
      const path = `${datacenter}/${name}`;
      if (this.folders.has(path)) throw duplicateName(name);
      this.folders.add(path);
      return {};
    },
    DeleteFolder: ({ datacenter, name }) => {
      if ([...this.vms.values()].some((vm) => vm.datacenter === datacenter && vm.config.name === name)) {
        throw new VSphereFault('FolderNotEmpty', 'Folder() is not empty and will not be removed');
      }
      this.folders.delete(`${datacenter}/${name}`);
      return {};
    },
    CreateVM_Task: ({ datacenter, cluster, poolId, config }) => {
      this.refuse('CreateVM_Task', config.name);
      const root = this.site.clusters().find(({ path }) => path === cluster);
      const pool = this.pools.find(({ id }) => id === poolId) ?? (root?.pool.id === poolId ? { ...root.pool, name: 'Resources', cluster } : undefined);
      if (pool === undefined) throw notFound(poolId);
      const id = `vm-${String(this.takeId())}`;
      const { host, directory, clock, random } = this.options;
      const machine = new EndpointVm({ id, biosUuid: random.uuid(), host, directory, clock });
      const updateInProgress = sentinelOf(config.name) === 'update-in-progress';
      this.vms.set(id, {
        id,
        datacenter,
        cluster,
        pool,
        config,
        machine,
        updateInProgress,
        uploadedKubelet: false,
        updating: false,
        snapshot: undefined,
        access: undefined,
      });
      return { id };
    },
    ReconfigVM_Task: ({ id, config, updateInProgress }) => {
      const vm = this.find(id);
      this.refuse('ReconfigVM_Task', vm.config.name);
      if (updateInProgress === true && sentinelOf(vm.config.name) === 'update-denied') throw noPermission();
      if (config !== undefined) vm.config = config;
      if (updateInProgress !== undefined) vm.updateInProgress = updateInProgress;
      if (updateInProgress === false) vm.updating = false;
      return {};
    },
    CreateSnapshot_Task: ({ id, name }) => {
      const vm = this.find(id);
      if (sentinelOf(vm.config.name) === 'update-silent') throw new VSphereFault('SnapshotFault', '');
      vm.snapshot = { name, config: vm.config, hasKubelet: vm.machine.hasKubelet };
      vm.updating = true;
      return {};
    },
    RevertToSnapshot_Task: async ({ id }) => {
      const vm = this.find(id);
      if (vm.snapshot === undefined) throw new VSphereFault('NotFound', 'A VCH version available from before the last upgrade could not be found.');
      await vm.machine.powerOff({ removeContainers: false });
      vm.config = vm.snapshot.config;
      vm.uploadedKubelet = vm.snapshot.hasKubelet;
      vm.snapshot = undefined;
      vm.updating = false;
      return {};
    },
    PowerOffVM_Task: async ({ id }) => {
      const vm = this.find(id);
      vm.access = undefined;
      await vm.machine.powerOff({ removeContainers: false });
      return {};
    },
    StartProgramInGuest: ({ id, access }) => {
      const vm = this.find(id);
      if (!vm.machine.poweredOn || sentinelOf(vm.config.name) === 'debug-no-tools') {
        throw new VSphereFault('GuestOperationsUnavailable', 'Tools is not running in the appliance, unable to continue');
      }
      vm.access = access;
      return {};
    },
    UploadFile: ({ id, file, role, hasKubelet }) => {
      const vm = this.find(id);
      const sentinel = sentinelOf(vm.config.name);
      const tries = (this.uploads.get(id) ?? 0) + 1;
      this.uploads.set(id, tries);
      if (sentinel === 'fail-upload' || (sentinel === 'flaky-upload' && tries === 1)) {
        throw new VSphereFault('UploadFailed', `Put "https://${this.site.hostOf(vm.cluster)}/folder/${file}": 507 Insufficient Storage`);
      }
      if (role === 'appliance') vm.uploadedKubelet = hasKubelet;
      return {};
    },
    PowerOnVM_Task: ({ id }) => {
      const vm = this.find(id);
      this.refuse('PowerOnVM_Task', vm.config.name);
      if (sentinelOf(vm.config.name) === 'fail-power-on') {
        throw new VSphereFault('InsufficientResourcesFault', 'The available Memory resources in the parent resource pool are insufficient for the operation.');
      }
      vm.machine.hasKubelet = vm.uploadedKubelet;
      vm.machine.powerOn(vm.config, vm.updating ? UPDATE_TROUBLE[sentinelOf(vm.config.name) ?? ''] : undefined);
      return {};
    },
    RetrieveGuest: ({ id }) => ({ guest: this.find(id).machine.guest }),
    ListContainers: ({ id }) => ({ containers: this.find(id).machine.containers() }),
    DestroyContainers: ({ id, force }) => {
      const on = this.find(id)
        .machine.containers()
        .filter(({ poweredOn }) => poweredOn);
      if (!force && on.length > 0) throw new VSphereFault('InvalidPowerState', on.map(({ name }) => `VM "${name}" is powered on`).join('\n'));
      return {};
    },
    DestroyVM_Task: async ({ id }) => {
      const vm = this.find(id);
      await vm.machine.powerOff({ removeContainers: true });
      this.vms.delete(id);
      return {};
    },
    DeleteVolumeStore: (store) => {
      this.deletedVolumeStores.push(store);
      return {};
    },
    UpdateRuleset: ({ host, open }) => {
      this.site.changeHosts((candidate) => (candidate.path === host ? { ...candidate, firewallOpen: open } : candidate));
      return {};
    },
  };

  list(): readonly VchVm[] {
    return [...this.vms.values()].map(({ id, datacenter, cluster, pool, config, machine, updateInProgress, snapshot, access }) => ({
      id,
      name: config.name,
      datacenter,
      cluster,
      poolId: pool.id,
      poolPath: pool.path,
      poweredOn: machine.poweredOn,
      updateInProgress,
      config,
      ...(snapshot === undefined ? {} : { snapshot: snapshot.name }),
      ...(access === undefined ? {} : { ssh: access }),
      ...(machine.poweredOn ? { guest: machine.guest } : {}),
    }));
  }

  markInProgress(name: string): void {
    for (const vm of this.vms.values()) if (vm.config.name === name) vm.updateInProgress = true;
  }

  /** Powers every endpoint VM off, with its containers. */
  async shutDown(): Promise<void> {
    await Promise.all([...this.vms.values()].map(({ machine }) => machine.powerOff({ removeContainers: true })));
  }

  private refuse(call: CallName, name: string): void {
    if (DENIED[call] !== undefined && DENIED[call] === sentinelOf(name)) throw noPermission();
  }

  private find(id: string): VmRecord {
    const vm = this.vms.get(id);
    if (vm === undefined) throw notFound(id);
    return vm;
  }

  private takeId(): number {
    const id = this.nextId;
    this.nextId += 5;
    return id;
  }
}
