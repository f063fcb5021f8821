import type { EndpointTls } from '../vch/host.ts';
import type { Inventory } from './inventory.ts';

/** The private JSON protocol between the stand-ins: one POST per vSphere API call, to this path and the call's name. */
export const API_PATH = '/vick-sandbox/v1/';
/** Carries the session id of a login. */
export const SESSION_HEADER = 'x-vick-session';

/** What create writes into the settings of the endpoint VM. */
export interface VchConfig {
  readonly name: string;
  /** `VERSION-BUILD-COMMIT` of the binary that made it. */
  readonly version: string;
  readonly debug: number;
  readonly tls: EndpointTls;
  /** Without user and datacenter, for inspect config. */
  readonly target: string;
  readonly thumbprint: string;
  readonly opsUser: string;
  readonly imageStore: string;
  readonly volumeStores: readonly VolumeStore[];
  /** Port groups by role. */
  readonly networks: { readonly bridge: string; readonly public: string; readonly client: string; readonly management: string };
  /** The bridge was made by create (ESXi) and goes with the VCH. */
  readonly ownsBridge: boolean;
  readonly cpuMhz: number;
  readonly memoryMiB: number;
  readonly insecureRegistries: readonly string[];
  readonly proxies: { readonly http?: string; readonly https?: string };
  readonly kubelet?: { readonly serverAddress: string; readonly configFile: string; readonly configContent: string };
  /** Options that inspect config lists and nothing else here needs, by flag name. */
  readonly options: Readonly<Record<string, readonly string[]>>;
}

export interface VolumeStore {
  readonly label: string;
  readonly scheme: 'ds' | 'nfs';
  /** `LocalDS_0` or the NFS host. */
  readonly host: string;
  readonly path: string;
}

/** A VCH's VM as ls, inspect and delete see it. */
export interface VchVm {
  readonly id: string;
  readonly name: string;
  readonly datacenter: string;
  readonly cluster: string;
  readonly poolId: string;
  /** Path of the pool that the VM is in. */
  readonly poolPath: string;
  readonly poweredOn: boolean;
  readonly updateInProgress: boolean;
  /** Name of the snapshot that the last configure or upgrade left. */
  readonly snapshot?: string;
  /** What debug set up inside; gone after a restart. */
  readonly ssh?: GuestAccess;
  readonly config: VchConfig;
  readonly guest?: Guest;
}

/** SSH in the endpoint VM: who may log in. The password itself is not kept. */
export interface GuestAccess {
  readonly authorizedKey?: string;
  readonly rootPassword: boolean;
}

/** What the endpoint VM reports through its guest variables. */
export interface Guest {
  readonly clientIp?: string;
  readonly dockerPort?: number;
  readonly adminPort?: number;
  readonly components: readonly { readonly name: string; readonly started: boolean; readonly error?: string }[];
  /** Why it did not boot at all. */
  readonly failure?: string;
  /** False where the Docker API is to be taken as unreachable. */
  readonly dockerReachable: boolean;
  readonly vsphereReachable: boolean;
  readonly volumeStoresOnline: boolean;
}

/** Calls and what they take and give. Names are those of the vSphere API where it has one. */
export interface Calls {
  Login: { in: { user: string; password: string }; out: { session: string } };
  RetrieveInventory: { in: { name?: string }; out: { inventory: Inventory; pools: readonly Pool[]; vms: readonly VchVm[] } };
  UpdateOptions: { in: { name: string }; out: Record<string, never> };
  CreateResourcePool: { in: { parent: string; name: string }; out: { id: string } };
  DestroyResourcePool: { in: { id: string }; out: Record<string, never> };
  AddPortGroup: { in: { name: string }; out: Record<string, never> };
  RemovePortGroup: { in: { name: string }; out: Record<string, never> };
  CreateFolder: { in: { datacenter: string; name: string }; out: Record<string, never> };
  DeleteFolder: { in: { datacenter: string; name: string }; out: Record<string, never> };
  CreateVM_Task: { in: { datacenter: string; cluster: string; poolId: string; config: VchConfig }; out: { id: string } };
  ReconfigVM_Task: { in: { id: string; config?: VchConfig; updateInProgress?: boolean }; out: Record<string, never> };
  CreateSnapshot_Task: { in: { id: string; name: string }; out: Record<string, never> };
  RevertToSnapshot_Task: { in: { id: string }; out: Record<string, never> };
  PowerOffVM_Task: { in: { id: string }; out: Record<string, never> };
  StartProgramInGuest: { in: { id: string; access: GuestAccess }; out: Record<string, never> };
  UploadFile: { in: { id: string; file: string; as: string; role: 'appliance' | 'bootstrap'; hasKubelet: boolean }; out: Record<string, never> };
  PowerOnVM_Task: { in: { id: string }; out: Record<string, never> };
  RetrieveGuest: { in: { id: string }; out: { guest: Guest } };
  ListContainers: { in: { id: string }; out: { containers: readonly { id: string; name: string; poweredOn: boolean }[] } };
  DestroyContainers: { in: { id: string; force: boolean }; out: Record<string, never> };
  DestroyVM_Task: { in: { id: string }; out: Record<string, never> };
  DeleteVolumeStore: { in: { datastore: string; path: string }; out: Record<string, never> };
  UpdateRuleset: { in: { host: string; open: boolean }; out: Record<string, never> };
}

export type CallName = keyof Calls;

export interface Pool {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly cluster: string;
}

/** A refused call. `message` is the fault's text as the API gives it. */
export interface Fault {
  readonly fault: string;
  readonly message: string;
}
