import type { Host, Inventory } from './inventory.ts';
import { sentinelOf } from './sentinels.ts';

type Datacenter = Inventory['datacenters'][number];
type Cluster = Datacenter['clusters'][number];

/** What the site is made of, apart from VMs and pools; what changes in it, and how a VCH by its name sees it. */
export class Site {
  private inventory: Inventory;

  constructor(inventory: Inventory) {
    this.inventory = inventory;
  }

  clusters(): readonly Cluster[] {
    return this.inventory.datacenters.flatMap(({ clusters }) => clusters);
  }

  /** The host that takes uploads for a cluster. */
  hostOf(cluster: string): string {
    return this.clusters().find(({ path }) => path === cluster)?.hosts[0]?.name ?? '';
  }

  persistNetworkBacking(): void {
    this.inventory = { ...this.inventory, persistNetworkBacking: true };
  }

  changeNetworks(change: (networks: Datacenter['networks']) => Datacenter['networks']): void {
    const datacenters = this.inventory.datacenters.map((datacenter) => ({ ...datacenter, networks: change(datacenter.networks) }));
    this.inventory = { ...this.inventory, datacenters };
  }

  changeHosts(change: (host: Host) => Host): void {
    this.inventory = withHosts(this.inventory, change);
  }

  /** The inventory with what the name's sentinel makes of it. */
  seenBy(name: string | undefined): Inventory {
    const sentinel = name === undefined ? undefined : sentinelOf(name);
    const seen = this.inventory;
    if (sentinel === 'deny-setting') return { ...seen, persistNetworkBacking: false };
    if (sentinel === 'drs-disabled') return withClusters(seen, (cluster) => ({ ...cluster, drs: false }));
    if (sentinel === 'firewall-blocked') return withHosts(seen, (host) => ({ ...host, firewallOpen: false }));
    if (sentinel === 'license-missing') return withHosts(seen, (host) => ({ ...host, missingFeatures: ['serialuri', 'dvs'] }));
    return seen;
  }
}

function withClusters(inventory: Inventory, change: (cluster: Cluster) => Cluster): Inventory {
  return { ...inventory, datacenters: inventory.datacenters.map((datacenter) => ({ ...datacenter, clusters: datacenter.clusters.map(change) })) };
}

function withHosts(inventory: Inventory, change: (host: Host) => Host): Inventory {
  return withClusters(inventory, (cluster) => ({ ...cluster, hosts: cluster.hosts.map(change) }));
}
