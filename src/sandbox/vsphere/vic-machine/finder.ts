import { posix } from 'node:path';
import type { Cluster, Datacenter, Inventory } from '../inventory.ts';
import type { Pool, VchVm } from '../protocol.ts';
import { CommandFailure, type Invocation } from './io.ts';
import type { Session } from './session.ts';

/** A logged-in view of vSphere and the datacenter that was chosen. */
export interface Site {
  readonly session: Session;
  readonly inventory: Inventory;
  readonly pools: readonly Pool[];
  readonly vms: readonly VchVm[];
  /** Undefined where none was chosen or found. */
  readonly datacenter: Datacenter | undefined;
}

/** A pool that VCHs are made in, and its cluster. */
export interface Compute {
  readonly cluster: Cluster;
  readonly pool: { readonly id: string; readonly path: string };
}

/** Reads the inventory. Throws CommandFailure when the target's path is deeper than a datacenter. */
export async function openSite(run: Invocation, session: Session, vchName?: string): Promise<Site> {
  const view = await session.call('RetrieveInventory', vchName === undefined ? {} : { name: vchName });
  const wanted = session.target.datacenter;
  const { datacenters } = view.inventory;
  if (wanted.includes('/')) {
    const detail =
      '--target should only specify datacenter in the path (e.g. https://addr/datacenter) - specify cluster, resource pool, or folder with --compute-resource';
    run.log.error(detail);
    suggestDatacenters(run, view.inventory);
    throw new CommandFailure(detail);
  }
  const datacenter = wanted === '' ? (datacenters.length === 1 ? datacenters[0] : undefined) : datacenters.find(({ name }) => name === wanted);
  return { ...view, session, datacenter };
}

/** The chosen datacenter. Says what is wrong, with suggestions, and throws where there is none. */
export function requireDatacenter(run: Invocation, site: Site): Datacenter {
  if (site.datacenter !== undefined) return site.datacenter;
  const wanted = site.session.target.datacenter;
  const detail = wanted === '' ? 'Datacenter must be specified in --target (e.g. https://addr/datacenter)' : `Datacenter "${wanted}" in --target is not found`;
  run.log.error(detail);
  suggestDatacenters(run, site.inventory);
  throw new CommandFailure(detail);
}

function suggestDatacenters({ log }: Invocation, { datacenters }: Inventory): void {
  log.info('Suggesting valid values for datacenter in --target');
  log.info('Suggested datacenters:');
  for (const { name } of datacenters) log.info(`  "${name}"`);
}

/** Finds what --compute-resource names, or the only cluster; with suggestions and a CommandFailure where it cannot. */
export function findCompute(run: Invocation, site: Site, path: string): Compute {
  const datacenters = site.datacenter === undefined ? site.inventory.datacenters : [site.datacenter];
  const clusters = datacenters.flatMap((datacenter) => datacenter.clusters);
  const only = clusters.length === 1 ? clusters[0] : undefined;
  if (path === '') {
    if (only !== undefined) return { cluster: only, pool: only.pool };
    suggestClusters(run, clusters);
    throw new CommandFailure('No unambiguous default compute resource available: --compute-resource must be specified');
  }
  const found = clusters.map((cluster) => matchCompute(cluster, site.pools, path)).find((compute) => compute !== undefined);
  if (found !== undefined) return found;
  suggestClusters(run, clusters);
  throw new CommandFailure(`compute resource '${path}' not found`);
}

function matchCompute(cluster: Cluster, pools: readonly Pool[], path: string): Compute | undefined {
  const wanted = path.startsWith('/') ? posix.normalize(path).replace(/\/$/, '') : posix.join(posix.dirname(cluster.path), path).replace(/\/$/, '');
  if (wanted === cluster.path || wanted === cluster.pool.path) return { cluster, pool: cluster.pool };
  const pool = pools.find((candidate) => candidate.cluster === cluster.path && candidate.path === wanted);
  return pool === undefined ? undefined : { cluster, pool };
}

function suggestClusters({ log }: Invocation, clusters: readonly Cluster[]): void {
  log.info('Suggested values for --compute-resource:');
  for (const { name, path } of clusters) {
    const ambiguous = clusters.filter((other) => other.name === name).length > 1;
    log.info(`  "${ambiguous ? path : name}"`);
  }
}

/**
 * The VCH that --id, or --compute-resource and --name, mean: first a pool named as the VCH, then the compute resource's own pool
 * (vmware/vic lib/install/management/finder.go). Says what failed and throws.
 */
export function findVch(run: Invocation, site: Site, outcome: string): VchVm {
  const name = run.flags.text('name');
  try {
    return run.flags.text('id') === '' ? byName(run, site, name) : byId(site, run.flags.text('id'));
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    run.log.error(`Failed to get Virtual Container Host ${name}`);
    run.log.error(error.message);
    throw new CommandFailure(outcome);
  }
}

function byId(site: Site, id: string): VchVm {
  const vm = site.vms.find((candidate) => candidate.id === id);
  if (vm === undefined) throw new CommandFailure(`id "${id}" could not be found`);
  return vm;
}

function byName(run: Invocation, site: Site, name: string): VchVm {
  const parent = findCompute(run, site, run.flags.text('compute-resource')).pool;
  const pool = site.pools.find(({ path }) => path === posix.join(parent.path, name)) ?? parent;
  const vm = site.vms.find((candidate) => candidate.poolId === pool.id && candidate.name === name);
  if (vm !== undefined) return vm;
  const reason = `Didn't find VM "${name}" in resource pool "ResourcePool:${pool.id}"`;
  run.log.error(reason);
  throw new CommandFailure(reason);
}
