import { quote } from './go-text.ts';
import type { Validation } from './validation.ts';

/** Outgoing 2377/tcp on every host (vmware/vic lib/install/validate/config.go). */
export function checkFirewall(validation: Validation): void {
  const { log } = validation.run;
  if (!validation.ready('Firewall check SKIPPED')) return;
  const hosts = validation.hosts();
  const open = hosts.filter(({ firewallOpen }) => firewallOpen);
  const blocked = hosts.filter(({ firewallOpen }) => !firewallOpen);
  if (open.length > 0) {
    log.info('Firewall configuration OK on hosts:');
    for (const { path } of open) log.info(`\t${quote(path)}`);
  }
  if (blocked.length === 0) return;
  log.error('Firewall configuration incorrect on hosts:');
  for (const { path } of blocked) log.error(`\t${quote(path)}`);
  const issue = 'Firewall must permit dst 2377/tcp outbound to the VCH management interface';
  log.error(issue);
  validation.note(issue);
}

/** Licence features `serialuri` and, in a vCenter, `dvs`. */
export function checkLicense(validation: Validation): void {
  const { log } = validation.run;
  if (!validation.ready('License check SKIPPED')) return;
  const issue = 'License does not meet minimum requirements to use VIC';
  const hosts = validation.hosts();
  if (!validation.isVCenter) {
    if (!hosts.some(({ missingFeatures }) => missingFeatures.includes('serialuri'))) {
      log.info('License check OK');
      return;
    }
    log.error('License check FAILED:');
    log.error(`  ${quote('Host license missing feature "serialuri"')}`);
    validation.note(issue);
    return;
  }
  const valid = hosts.filter(({ missingFeatures }) => missingFeatures.length === 0);
  if (valid.length > 0) {
    log.info('License check OK on hosts:');
    for (const { path } of valid) log.info(`  ${quote(path)}`);
  }
  if (valid.length === hosts.length) return;
  log.error('License check FAILED on hosts:');
  for (const { path, missingFeatures } of hosts) {
    for (const feature of missingFeatures) log.error(`  ${quote(`${quote(path)} - license missing feature ${quote(feature)}`)}`);
  }
  validation.note(issue);
}

const POOL_OPTIONS: readonly (readonly [string, string])[] = [
  ['cpu', 'CPU Limit'],
  ['cpu-reservation', 'CPU Reservation'],
  ['cpu-shares', 'CPU Shares'],
  ['memory', 'Memory Limit'],
  ['memory-reservation', 'Memory Reservation'],
  ['memory-shares', 'Memory Shares'],
];

/** DRS, and the VM group that needs it. */
export function checkDrs(validation: Validation): void {
  const { log, flags } = validation.run;
  let enabled: boolean | undefined;
  if (validation.ready('DRS check SKIPPED') && validation.isVCenter && validation.compute !== undefined) {
    const { cluster } = validation.compute;
    if (cluster.kind === 'standalone-host') log.info('DRS check SKIPPED - target is standalone host');
    else if (cluster.drs) {
      enabled = true;
      log.info('DRS check OK on:');
      log.info(`  ${quote(cluster.path)}`);
    } else {
      enabled = false;
      validation.drs = false;
      log.warn('DRS is recommended, but is disabled:');
      log.warn(`  VIC will select container hosts from ${quote(cluster.path)}`);
      const ignored = POOL_OPTIONS.filter(([flag]) => flags.has(flag));
      if (ignored.length > 0) log.warn('  Provided VCH Resource Pool options are ignored:');
      for (const [, label] of ignored) log.warn(`    ${label}`);
    }
  }
  if (!flags.bool('affinity-vm-group')) return;
  if (!validation.isVCenter) validation.note('DRS VM Groups may only be configured when using VC');
  else if (enabled !== true) validation.note('DRS VM Groups may not be used without DRS');
}

/** Whether the cluster's hosts reach every datastore that was asked for. */
export function checkCompatibility(validation: Validation): void {
  if (!validation.ready('Compatibility check SKIPPED')) return;
  const hosts = validation.compute?.cluster.hosts ?? [];
  const names = new Set([validation.datastore?.name, ...validation.volumeStores.filter(({ scheme }) => scheme === 'ds').map(({ host }) => host)]);
  let common = hosts;
  for (const { name, hosts: mounted } of validation.datacenter.datastores) {
    if (!names.has(name) || mounted === undefined) continue;
    if (!hosts.some((host) => mounted.includes(host.name))) validation.note(`Datastore ${quote(name)} is not accessible by the compute resource`);
    else common = common.filter((host) => mounted.includes(host.name));
  }
  if (common.length === 0) validation.note('No single host can access all of the requested datastores. Installation cannot continue.');
  if (common.length !== 1 || hosts.length === 1 || !validation.isVCenter) return;
  validation.run.log.warn(
    'Only one host can access all of the image/volume datastores. This may be a point of contention/performance degradation and HA/DRS may not work as intended.',
  );
}
