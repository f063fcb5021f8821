/** What a vCenter or an ESXi host holds besides VMs; plain data, sent as it is to the stand-in for vic-machine. */
export interface Inventory {
  readonly kind: 'vcenter' | 'esx';
  /** Instance id of the vCenter; names its log in messages. */
  readonly instanceUuid: string;
  readonly datacenters: readonly Datacenter[];
  /** The advanced setting config.vpxd.SerialPort.PersistNetworkBacking. */
  readonly persistNetworkBacking: boolean;
  /** Address of the vCenter that manages this ESXi host, where one does. */
  readonly managedBy?: string;
}

export interface Datacenter {
  readonly name: string;
  readonly clusters: readonly Cluster[];
  readonly datastores: readonly Datastore[];
  readonly networks: readonly Network[];
}

export interface Cluster {
  readonly id: string;
  readonly name: string;
  /** Inventory path: `/DC0/host/DC0_C0`. */
  readonly path: string;
  readonly kind: 'cluster' | 'standalone-host';
  readonly drs: boolean;
  /** The root pool, `/DC0/host/DC0_C0/Resources`, and its managed object id. */
  readonly pool: { readonly id: string; readonly path: string };
  readonly hosts: readonly Host[];
}

export interface Host {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  /** Whether the rule set vSPC lets the host reach 2377/tcp. */
  readonly firewallOpen: boolean;
  /** Licence features that are missing, of `serialuri` and `dvs`. */
  readonly missingFeatures: readonly string[];
}

interface Datastore {
  readonly name: string;
  /** Hosts that mount it, by name; absent: all. */
  readonly hosts?: readonly string[];
}

export interface Network {
  readonly name: string;
  readonly kind: 'distributed' | 'uplink' | 'standard';
  /** Hosts in the distributed switch, by name; absent: all. */
  readonly hosts?: readonly string[];
}

export interface InventoryOptions {
  readonly datacenters?: readonly string[];
  readonly clustersPerDatacenter?: number;
  readonly datastores?: readonly string[];
  /** Distributed port groups besides the uplinks; by default three per datacenter, `DC0_DVPG0` and on. */
  readonly portGroups?: readonly string[];
  readonly standardNetworks?: readonly string[];
  readonly drs?: boolean;
  readonly firewallOpen?: boolean;
  readonly missingFeatures?: readonly string[];
  readonly persistNetworkBacking?: boolean;
}

/** A vCenter named as the API simulator of govmomi (vcsim) names its own. */
export function vcenterInventory(options: InventoryOptions = {}): Inventory {
  const { datacenters = ['DC0'], clustersPerDatacenter = 1, datastores = ['LocalDS_0'], standardNetworks = ['VM Network'] } = options;
  return {
    kind: 'vcenter',
    instanceUuid: 'dbed6e0c-bd88-4ef6-b594-21283e1c677f',
    persistNetworkBacking: options.persistNetworkBacking ?? false,
    datacenters: datacenters.map((name, index) => ({
      name,
      clusters: Array.from({ length: clustersPerDatacenter }, (_, number) => cluster(name, index * clustersPerDatacenter + number, number, options)),
      datastores: datastores.map((store) => ({ name: store })),
      networks: [
        ...standardNetworks.map((network) => ({ name: network, kind: 'standard' as const })),
        { name: `DVS0-DVUplinks-${String(9 + index)}`, kind: 'uplink' as const },
        ...(options.portGroups ?? [0, 1, 2].map((number) => `${name}_DVPG${String(number)}`)).map((group) => ({ name: group, kind: 'distributed' as const })),
      ],
    })),
  };
}

function cluster(datacenter: string, serial: number, number: number, options: InventoryOptions): Cluster {
  const name = `${datacenter}_C${String(number)}`;
  const path = `/${datacenter}/host/${name}`;
  return {
    id: `clustercomputeresource-${String(17 + serial * 20)}`,
    name,
    path,
    kind: 'cluster',
    drs: options.drs ?? true,
    pool: { id: `resgroup-${String(16 + serial * 20)}`, path: `${path}/Resources` },
    hosts: [host(`host-${String(23 + serial * 20)}`, `${name}_H0`, path, options)],
  };
}

/** A single ESXi host. */
export function esxInventory(options: InventoryOptions = {}): Inventory {
  const name = 'localhost.localdomain';
  const path = `/ha-datacenter/host/${name}`;
  return {
    kind: 'esx',
    instanceUuid: '',
    persistNetworkBacking: true,
    datacenters: [
      {
        name: 'ha-datacenter',
        clusters: [
          {
            id: 'ha-compute-res',
            name,
            path,
            kind: 'standalone-host',
            drs: true,
            pool: { id: 'ha-root-pool', path: `${path}/Resources` },
            hosts: [host('ha-host', name, path, options)],
          },
        ],
        datastores: (options.datastores ?? ['LocalDS_0']).map((store) => ({ name: store })),
        networks: (options.standardNetworks ?? ['VM Network']).map((network) => ({ name: network, kind: 'standard' })),
      },
    ],
  };
}

function host(id: string, name: string, parent: string, options: InventoryOptions): Host {
  return { id, name, path: `${parent}/${name}`, firewallOpen: options.firewallOpen ?? true, missingFeatures: options.missingFeatures ?? [] };
}
