import { posix } from 'node:path';
import { VSphereFault } from '../faults.ts';
import { withScheme } from '../guestinfo.ts';
import type { VchConfig } from '../protocol.ts';
import type { CreateArguments } from './create-arguments.ts';
import { parseUrl } from './go-url.ts';
import { quote } from './go-text.ts';
import { CommandFailure, type Invocation } from './io.ts';
import type { IsoImage } from './iso.ts';
import type { ValidConfiguration } from './validate.ts';
import { toConfig } from './vch-config.ts';

const UPLOAD_RETRIES = 5;
const UPLOAD_RETRY_MS = 10_000;

/**
 * Makes pool, folder and VM, uploads the images and powers the VM on; what exists when a step fails is cleaned up, or left, as the real program does.
 * Throws CommandFailure. (vmware/vic lib/install/management/create.go)
 */
export async function deploy(
  run: Invocation,
  args: CreateArguments,
  valid: ValidConfiguration,
  images: readonly IsoImage[],
): Promise<{ readonly id: string; readonly config: VchConfig }> {
  const { site, compute } = valid;
  const { session } = site;
  const { name } = args;
  const poolPath = posix.join(compute.pool.path, name);
  const existingPool = valid.drs ? site.pools.find(({ path }) => path === poolPath) : compute.pool;
  if (existingPool !== undefined && site.vms.some((vm) => vm.poolId === existingPool.id && vm.name === name)) {
    throw new CommandFailure(`A VCH with the name ${quote(name)} already exists. Please choose a different name before attempting another install`);
  }
  const poolId = existingPool?.id ?? (await createPool(run, valid, name));
  const ownsBridge = await createBridge(run, args, valid);
  const config = toConfig(run, args, valid, ownsBridge);
  const progress: Progress = { poolId, folder: false };
  let id: string;
  try {
    id = await createAppliance(run, args, valid, config, progress);
  } catch (error) {
    if (!(error instanceof VSphereFault || error instanceof CommandFailure)) throw error;
    await cleanUp(run, args, valid, progress, ownsBridge);
    throw new CommandFailure(`Creating the appliance failed with ${error.message}. Exiting...`);
  }
  await upload(run, id, images, session.call);
  await refusable(
    () => session.call('PowerOnVM_Task', { id }),
    (message) => message,
  );
  return { id, config };
}

interface Progress {
  readonly poolId: string;
  folder: boolean;
}

async function createPool({ log }: Invocation, { site, compute }: ValidConfiguration, name: string): Promise<string> {
  log.info(`Creating Resource Pool ${quote(name)}`);
  const made = await refusable(
    () => site.session.call('CreateResourcePool', { parent: compute.pool.path, name }),
    (message) => `Creating resource pool failed: ${message}`,
  );
  return made.id;
}

/** On an ESXi host a missing bridge is made. */
async function createBridge({ log }: Invocation, args: CreateArguments, { site, datacenter }: ValidConfiguration): Promise<boolean> {
  if (site.inventory.kind === 'vcenter') return false;
  const networks = site.inventory.datacenters.find(({ name }) => name === datacenter)?.networks ?? [];
  if (networks.some(({ name }) => name === args.bridge)) return false;
  log.info('Creating VirtualSwitch');
  log.info('Creating Portgroup');
  await site.session.call('AddPortGroup', { name: args.bridge });
  return true;
}

async function createAppliance(run: Invocation, args: CreateArguments, valid: ValidConfiguration, config: VchConfig, progress: Progress): Promise<string> {
  const { log } = run;
  const { call } = valid.site.session;
  log.info('Creating appliance on target');
  for (const line of sharedRoles(run, config)) log.info(line);
  if (valid.site.inventory.kind === 'vcenter') {
    log.info('Creating the VCH folder');
    try {
      await call('CreateFolder', { datacenter: valid.datacenter, name: args.name });
    } catch (error) {
      if (!(error instanceof VSphereFault)) throw error;
      if (error.fault === 'DuplicateName') throw new CommandFailure(`The specified VCH name (${args.name}) is already in use`);
      throw new CommandFailure(`Unable to create the VCH Folder(${args.name}): ${error.message}`);
    }
    progress.folder = true;
  }
  log.info('Creating the VCH VM');
  const { id } = await refusable(
    () => call('CreateVM_Task', { datacenter: valid.datacenter, cluster: valid.compute.cluster.path, poolId: progress.poolId, config }),
    (message) => message,
    (message) => log.error(`Unable to create the appliance VM: ${message}`),
  );
  for (const { scheme, host, path } of config.volumeStores) {
    if (scheme !== 'ds') continue;
    log.info(`Creating directory [${host}] ${path}`);
    log.info(`Datastore path is [${host}] ${path}`);
  }
  checkKubernetesAddress(run, config);
  await refusable(
    () => call('ReconfigVM_Task', { id, config }),
    (message) => message,
    (message) => log.error(`Error while getting appliance reconfig spec: ${message}`),
  );
  return id;
}

/** The address is looked at only now that the VM exists. */
function checkKubernetesAddress({ log }: Invocation, config: VchConfig): void {
  if (config.kubelet === undefined) return;
  const { serverAddress } = config.kubelet;
  const url = parseUrl(withScheme(serverAddress));
  if (url.kind === 'url') return;
  log.error(`Failed to parse Kubernetes URL: ${serverAddress}, error: ${url.message}`);
  throw new CommandFailure(url.message);
}

/** Which roles share a network card: which of them comes first is left to chance. */
function sharedRoles({ io }: Invocation, { networks }: VchConfig): readonly string[] {
  const roles = (['client', 'public', 'management'] as const).map((role) => ({ role, at: io.random.fraction() })).sort((a, b) => a.at - b.at);
  const owners = new Map<string, string>();
  const lines: string[] = [];
  for (const { role } of roles) {
    const owner = owners.get(networks[role]);
    if (owner === undefined) owners.set(networks[role], role);
    else lines.push(`Network role "${role}" is sharing NIC with "${owner}"`);
  }
  return lines;
}

async function cleanUp({ log }: Invocation, args: CreateArguments, valid: ValidConfiguration, progress: Progress, ownsBridge: boolean): Promise<void> {
  const { call } = valid.site.session;
  if (progress.poolId === valid.compute.cluster.pool.id) log.info('VCH resource pool is cluster default pool - skipping cleanup');
  else {
    log.info(`Removing Resource Pool ${quote(args.name)}`);
    await refusable(
      () => call('DestroyResourcePool', { id: progress.poolId }),
      (message) => message,
      (message) => log.error(`Failed to clean up dangling VCH resource pool after VCH creation failure: ${message}`),
    ).catch(ignoreFailure);
  }
  if (ownsBridge) {
    log.info(`Removing Portgroup ${quote(args.bridge)}`);
    log.info(`Removing VirtualSwitch ${quote(args.bridge)}`);
    await call('RemovePortGroup', { name: args.bridge }).catch(ignoreFailure);
  }
  if (!progress.folder) return;
  await refusable(
    () => call('DeleteFolder', { datacenter: valid.datacenter, name: args.name }),
    (message) => message,
    (message) => log.warn(message),
  ).catch(ignoreFailure);
}

export async function upload(run: Invocation, id: string, images: readonly IsoImage[], call: ValidConfiguration['site']['session']['call']): Promise<void> {
  const { log, io, signal, flags } = run;
  log.info('Uploading ISO images');
  for (const image of images) {
    for (let retries = UPLOAD_RETRIES; ; retries -= 1) {
      log.info(`Uploading ${image.file} as ${image.as}`);
      try {
        await call('UploadFile', { id, ...image });
        break;
      } catch (error) {
        if (!(error instanceof VSphereFault)) throw error;
        if (retries > 0) {
          log.warn(`Failed an attempt to upload isos with err (${error.message}), ${String(retries - 1)} retries remain`);
          await io.clock.sleep(UPLOAD_RETRY_MS, signal);
          continue;
        }
        log.warn(`Attempted upload a total of ${String(UPLOAD_RETRIES)} times without success, Upload process failed.`);
        const insist = flags.bool('force')
          ? `\t\tContinuing despite failures (due to --force option)\n\t\tNote: The VCH will not function without ${quote(image.file)}...`
          : '';
        log.error(`\t\tUpload failed for ${quote(image.file)}: ${error.message}\n${insist}`);
        throw new CommandFailure('Uploading vic isos failed with Failed to upload iso images.. Exiting...');
      }
    }
  }
}

/** Calls vSphere; a refusal becomes a CommandFailure with `reason`, after `say`. */
async function refusable<T>(call: () => Promise<T>, reason: (message: string) => string, say?: (message: string) => void): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof VSphereFault)) throw error;
    say?.(error.message);
    throw new CommandFailure(reason(error.message));
  }
}

function ignoreFailure(error: unknown): void {
  if (!(error instanceof CommandFailure || error instanceof VSphereFault)) throw error;
}
