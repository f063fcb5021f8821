import type { Datacenter, Host } from '../inventory.ts';
import { VSphereFault } from '../faults.ts';
import type { VolumeStore } from '../protocol.ts';
import type { CreateArguments } from './create-arguments.ts';
import { findCompute, type Compute, type Site } from './finder.ts';
import { CommandFailure, type Invocation } from './io.ts';

/** Collects what is wrong with a configuration, to be listed together. */
export class Validation {
  readonly run: Invocation;
  readonly site: Site;
  readonly args: CreateArguments;
  readonly datacenter: Datacenter;
  compute: Compute | undefined;
  /** The image store's datastore and path, once found; before, the only datastore there is. */
  datastore: { readonly name: string; readonly path: string } | undefined;
  volumeStores: readonly VolumeStore[] = [];
  kubeletConfig: string | undefined;
  drs = true;
  private readonly issues: string[] = [];

  constructor(run: Invocation, site: Site, args: CreateArguments, datacenter: Datacenter) {
    this.run = run;
    this.site = site;
    this.args = args;
    this.datacenter = datacenter;
    const only = datacenter.datastores.length === 1 ? datacenter.datastores[0] : undefined;
    if (only !== undefined) this.datastore = { name: only.name, path: '' };
  }

  get isVCenter(): boolean {
    return this.site.inventory.kind === 'vcenter';
  }

  note(issue: string): void {
    this.issues.push(issue);
  }

  /** Runs a search; a CommandFailure becomes an issue. */
  attempt<T>(search: () => T): T | undefined {
    try {
      return search();
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      this.note(error.message);
      return undefined;
    }
  }

  /** Whether cluster and datastore are known; if not, says that the check is skipped. */
  ready(skipped: string): boolean {
    const missing = [...(this.datastore === undefined ? ['datastore not set'] : []), ...(this.compute === undefined ? ['cluster not set'] : [])];
    if (missing.length === 0) return true;
    this.run.log.error(skipped);
    for (const reason of missing) this.run.log.error(`  ${reason}`);
    this.note(skipped);
    return false;
  }

  /** Hosts of the cluster that mount the image store. */
  hosts(): readonly Host[] {
    const mounted = this.datacenter.datastores.find(({ name }) => name === this.datastore?.name)?.hosts;
    const all = this.compute?.cluster.hosts ?? [];
    return mounted === undefined ? all : all.filter(({ name }) => mounted.includes(name));
  }

  /** Lists the issues and throws CommandFailure if there are any. */
  finish(): void {
    if (this.issues.length === 0) return;
    this.run.log.error('--------------------');
    for (const issue of this.issues) this.run.log.error(issue);
    throw new CommandFailure('validation of configuration failed');
  }
}

/** --compute-resource. */
export function checkCompute(validation: Validation): void {
  const { run, site } = validation;
  validation.compute = validation.attempt(() => findCompute(run, site, run.flags.text('compute-resource')));
}

/** The vCenter setting that serial ports need: checked, set where it is missing. */
export async function ensureVCenterSetting(validation: Validation): Promise<void> {
  const { run, site, args } = validation;
  if (!validation.ready('vCenter settings check SKIPPED')) {
    validation.ready('Set vCenter settings SKIPPED');
    return;
  }
  if (!validation.isVCenter) return;
  if (site.inventory.persistNetworkBacking) {
    run.log.info('vCenter settings check OK');
    return;
  }
  try {
    await site.session.call('UpdateOptions', { name: args.name });
    run.log.info('Set vCenter settings OK');
  } catch (error) {
    if (!(error instanceof VSphereFault)) throw error;
    run.log.error(`Failed to set required value "true" for config.vpxd.SerialPort.PersistNetworkBacking: ${error.message}`);
    run.log.error('vCenter settings update FAILED');
  }
}

/** The same setting, read again after the firewall check. */
export async function confirmVCenterSetting(validation: Validation): Promise<void> {
  const { run, site, args } = validation;
  if (!validation.ready('vCenter settings check SKIPPED') || !validation.isVCenter) return;
  const { inventory } = await site.session.call('RetrieveInventory', { name: args.name });
  if (inventory.persistNetworkBacking) {
    run.log.info('vCenter settings check OK');
    return;
  }
  run.log.error('vCenter settings check FAILED');
  validation.note('vCenter advanced option config.vpxd.SerialPort.PersistNetworkBacking=true must be set');
}
