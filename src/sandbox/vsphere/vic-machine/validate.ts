import { isAbsolute, join } from 'node:path';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { CreateArguments } from './create-arguments.ts';
import { checkCompatibility, checkDrs, checkFirewall, checkLicense } from './check-hosts.ts';
import { checkNetworks } from './check-networks.ts';
import { checkStorage } from './check-storage.ts';
import { requireDatacenter, type Compute, type Site } from './finder.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { goFileError } from './log.ts';
import { openSession } from './session.ts';
import { Validation, checkCompute, confirmVCenterSetting, ensureVCenterSetting } from './validation.ts';

/** What create builds, once nothing is wrong any more. */
export interface ValidConfiguration {
  readonly site: Site;
  readonly datacenter: string;
  readonly compute: Compute;
  readonly imageStore: { readonly name: string; readonly path: string };
  readonly volumeStores: Validation['volumeStores'];
  readonly drs: boolean;
  /** Text of the file that --k8s-config names. */
  readonly kubeletConfig: string | undefined;
}

/**
 * Checks the configuration against vSphere: every line in the order of the real program, issues listed together at the end. Throws CommandFailure.
 * (vmware/vic lib/install/validate/validator.go)
 */
export async function validate(run: Invocation, site: Site, args: CreateArguments): Promise<ValidConfiguration> {
  run.log.info('Validating supplied configuration');
  const validation = new Validation(run, site, args, requireDatacenter(run, site));
  checkBasics(validation);
  if (!validation.isVCenter && site.inventory.managedBy !== undefined) {
    validation.note(
      `Target is managed by vCenter server "${site.inventory.managedBy}", please change --target to vCenter server address or select a standalone ESXi`,
    );
  }
  await checkOperationsUser(validation);
  checkCompute(validation);
  checkStorage(validation);
  checkNetworks(validation);
  await ensureVCenterSetting(validation);
  checkFirewall(validation);
  await confirmVCenterSetting(validation);
  checkLicense(validation);
  checkDrs(validation);
  await checkRegistries(validation);
  checkCompatibility(validation);
  checkSyslog(validation);
  await readKubeletConfig(validation);
  validation.finish();
  const { compute, datastore } = validation;
  if (compute === undefined || datastore === undefined) throw new CommandFailure('validation of configuration failed');
  return {
    site,
    datacenter: validation.datacenter.name,
    compute,
    imageStore: datastore,
    volumeStores: validation.volumeStores,
    drs: validation.drs,
    kubeletConfig: validation.kubeletConfig,
  };
}

function checkBasics(validation: Validation): void {
  const { flags } = validation.run;
  const size = flags.text('base-image-size');
  if (!/^\d+(\.\d+)?\s?([kKmMgGtTpP]?[bB]?)$/.test(size)) {
    validation.note(`Invalid default image size ${size} provided; error from parser: invalid size: '${size}'`);
  }
  const convention = flags.text('container-name-convention');
  if (convention !== '' && !convention.includes('{id}') && !convention.includes('{name}')) {
    validation.note('Container name convention must include {id} or {name} token');
  }
}

/** The operations user logs in once, so that a wrong password is found here. */
async function checkOperationsUser(validation: Validation): Promise<void> {
  const { run, site, args } = validation;
  const { target, thumbprint } = site.session;
  try {
    const session = await openSession(run, { ...target, thumbprint, user: args.opsUser, password: args.opsPassword }, { acceptAny: false });
    session.close();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    validation.note(`Failed to validate operations credentials: ${error.message.replace(/^Failed to log in to [^ ]+: /, '')}`);
  }
}

const PROBE_MS = 5000;

async function checkRegistries(validation: Validation): Promise<void> {
  const { run } = validation;
  const insecure = run.flags.list('insecure-registry');
  const whitelist = run.flags.list('whitelist-registry');
  if (insecure.some((entry) => /^[\d.a-fA-F:]+\/\d+$/.test(entry))) {
    // The real program formats a nil entry, and notes the same issue twice.
    validation.note('invalid insecure registry entry: %!s(<nil>)');
    validation.note('invalid insecure registry entry: %!s(<nil>)');
    return;
  }
  for (const entry of insecure) {
    if (!entry.startsWith('*') && !(await reachable(run, entry))) {
      run.log.warn(`Unable to confirm insecure registry ${entry} is a valid registry at this time.`);
    }
  }
  if (insecure.length > 0) run.log.info(`Insecure registries = ${insecure.join(', ')}`);
  if (whitelist.length > 0) run.log.info(`Whitelist registries = ${[...new Set([...whitelist, ...insecure])].join(', ')}`);
}

async function reachable(run: Invocation, entry: string): Promise<boolean> {
  const given = /^(https?):\/\/(.*)$/.exec(entry);
  const host = given?.[2] ?? entry;
  for (const scheme of given?.[1] === undefined ? ['https', 'http'] : [given[1]]) {
    if (await answers(`${scheme}://${host}/v2/`, run.signal)) return true;
  }
  return false;
}

function answers(url: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (value: boolean) => () => resolve(value);
    try {
      const start = url.startsWith('https:') ? httpsRequest : httpRequest;
      const outgoing = start(url, { rejectUnauthorized: false, timeout: PROBE_MS, signal }, (response) => {
        response.resume();
        resolve(response.statusCode === 200 || response.statusCode === 401);
      });
      outgoing.once('error', settle(false));
      outgoing.once('timeout', () => outgoing.destroy(new Error('timeout')));
      outgoing.end();
    } catch {
      resolve(false);
    }
  });
}

function checkSyslog(validation: Validation): void {
  const { syslog } = validation.args;
  if (syslog === undefined) return;
  if (syslog.scheme === '') validation.note('syslog address does not have network specified');
  else if (syslog.scheme !== 'udp' && syslog.scheme !== 'tcp') validation.note('syslog address transport should be udp or tcp');
  else if (syslog.host === '') validation.note('syslog address host not specified');
}

/** The file is read, never parsed. */
async function readKubeletConfig(validation: Validation): Promise<void> {
  const { run, args } = validation;
  if (args.kubernetes === undefined) return;
  const { file } = args.kubernetes;
  try {
    validation.kubeletConfig = await run.io.fs.readText(isAbsolute(file) ? file : join(run.io.cwd, file));
  } catch (error) {
    const reason = file === '' ? 'no such file or directory' : (error as { code?: unknown }).code === 'EISDIR' ? 'is a directory' : goFileError(error);
    const verb = reason === 'is a directory' ? 'read' : 'open';
    validation.note(`Failed to load K8s config file: ${verb} ${file}: ${reason}`);
  }
}
