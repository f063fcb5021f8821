import { VSphereFault } from '../faults.ts';
import type { VchVm } from '../protocol.ts';
import { formatBuild, parseBuild } from './build.ts';
import { collectDiagnostics } from './diagnostics.ts';
import { withVch, type Opening } from './existing.ts';
import type { Site } from './finder.ts';
import { quote } from './go-text.ts';
import { CommandFailure, type Invocation } from './io.ts';

/** `vic-machine delete`. Throws CommandFailure. */
export async function deleteVch(run: Invocation): Promise<void> {
  const { log, flags } = run;
  const force = flags.bool('force');
  const opening: Opening = { title: '### Removing VCH ####', verb: 'Delete', outcome: 'delete failed', acceptAny: force };
  await withVch(run, opening, async (site, vm) => {
    log.info('');
    log.info(`VCH ID: VirtualMachine:${vm.id}`);
    checkVersion(run, vm, force);
    try {
      await remove(run, site, vm, force);
    } catch (error) {
      if (!(error instanceof VSphereFault)) throw error;
      await collectDiagnostics(run, site.inventory);
      log.error(error.message);
      throw new CommandFailure(opening.outcome);
    }
    log.info('----------');
    log.info('If firewall changes were made for VIC during install, they were not reverted during delete');
    log.info('To modify firewall rules see vic-machine update firewall --help');
    log.info('----------');
    log.info('Completed successfully');
  });
}

function checkVersion({ log, build }: Invocation, vm: VchVm, force: boolean): void {
  const own = formatBuild(build);
  const other = parseBuild(vm.config.version);
  if (other !== undefined && formatBuild(other) === own) return;
  const differs = `VCH version ${quote(vm.config.version)} is different than installer version ${own}.`;
  if (!force) {
    log.error(`${differs} Upgrade VCH before deleting or specify --force to force delete`);
    throw new CommandFailure('delete failed');
  }
  log.warn(`${differs} Force delete will attempt to remove everything related to the installed VCH`);
}

async function remove(run: Invocation, site: Site, vm: VchVm, force: boolean): Promise<void> {
  const { log } = run;
  const { call } = site.session;
  log.info('Removing VMs');
  try {
    await call('DestroyContainers', { id: vm.id, force });
  } catch (error) {
    if (!(error instanceof VSphereFault)) throw error;
    log.error(error.message);
    if (!force) {
      log.info('Specify --force to force delete');
      throw error;
    }
    log.warn('Proceeding with delete of VCH due to --force');
  }
  log.info('Removing image stores');
  await removeVolumeStores(run, site, vm, force);
  log.info('Removing appliance VM network devices');
  if (site.inventory.kind === 'esx') {
    if (vm.config.ownsBridge) {
      const { bridge } = vm.config.networks;
      log.info(`Removing Portgroup ${quote(bridge)}`);
      log.info(`Removing VirtualSwitch ${quote(bridge)}`);
      await call('RemovePortGroup', { name: bridge });
    } else log.info('Bridge network was not created during VCH deployment, leaving it there');
  }
  await call('DestroyVM_Task', { id: vm.id });
  await warnIfRefused(
    () => call('DeleteFolder', { datacenter: vm.datacenter, name: vm.name }),
    (message) => log.warn(message),
  );
  if (!site.pools.some(({ id }) => id === vm.poolId)) {
    log.warn('VCH resource pool is cluster default pool - skipping delete');
    return;
  }
  log.info(`Removing Resource Pool ${quote(vm.name)}`);
  await warnIfRefused(
    () => call('DestroyResourcePool', { id: vm.poolId }),
    (message) => log.warn(`VCH resource pool is not removed: ${message}`),
  );
}

async function removeVolumeStores({ log }: Invocation, site: Site, { config }: VchVm, force: boolean): Promise<void> {
  const stores = config.volumeStores;
  if (!force) {
    if (stores.length === 0) return;
    const list = (wanted: string) =>
      stores.filter(({ scheme }) => scheme === wanted).map((store) => `\t${store.label}: ${wanted === 'ds' ? `[${store.host}] ${store.path}` : store.path}\n`);
    log.warn(
      `Since --force was not specified, the following volume stores will not be removed. Use the vSphere UI or supplied nfs targets to delete content you do not wish to keep.\n vsphere volumestores:\n${list('ds').join('')}\n NFS volumestores:\n${list('nfs').join('')}\n`,
    );
    return;
  }
  log.info('Removing volume stores');
  for (const { label, scheme, host, path } of stores) {
    if (scheme === 'nfs') {
      log.warn(`Cannot delete VolumeStore (nfs://${host}${path}). It may not be reachable by vic-machine and has been skipped by the delete process.`);
      continue;
    }
    log.info(`Deleting volume store ${quote(label)} on Datastore ${quote(host)} at path ${quote(path)}`);
    await site.session.call('DeleteVolumeStore', { datastore: host, path });
  }
}

async function warnIfRefused(call: () => Promise<unknown>, warn: (message: string) => void): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof VSphereFault)) throw error;
    warn(error.message);
  }
}
