import { isAbsolute, join } from 'node:path';
import type { VchConfig, VchVm } from '../protocol.ts';
import { readCertificates } from './certificates.ts';
import { flagsOf } from './commands.ts';
import { keepExistingNetworks, keepExistingStores } from './configure-existing.ts';
import { checkDns, loadRegistryAuthorities, readProxies, uniqueLabels, type CreateArguments } from './create-arguments.ts';
import { withVch, type Opening } from './existing.ts';
import type { Site } from './finder.ts';
import { FlagValues } from './flag-values.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { readContainerNetworks, readRoleNetwork } from './networks.ts';
import { parseFlags } from './parse.ts';
import { readVolumeStore } from './stores.ts';
import { restartWith, asUpdate, refuseWhileInProgress, resetProgress, rollBackLast, sayDatastoreFolder, sayDirectory, type Update } from './update.ts';
import { validate, type ValidConfiguration } from './validate.ts';
import { LISTED, STORAGE_FOLDER } from './vch-config.ts';

const UPDATE: Update = { kind: 'configure', outcome: 'configure failed', verb: 'Configure' };
const OPENING: Opening = { title: '### Configuring VCH ####', verb: 'Configure', outcome: UPDATE.outcome };
const CERTIFICATE_FLAGS = ['tls-cname', 'tls-server-cert', 'tls-server-key', 'no-tlsverify', 'tls-ca', 'organization'] as const;

/** `vic-machine configure`. Throws CommandFailure, and SilentFailure for what goes wrong once the VCH is marked as being updated. */
export async function configure(run: Invocation): Promise<void> {
  const { log, flags } = run;
  await withVch(run, { ...OPENING, check: () => checkArguments(run) }, async (site, vm) => {
    log.info('');
    log.info(`VCH ID: VirtualMachine:${vm.id}`);
    if (flags.bool('reset-progress')) {
      await resetProgress(run, site, vm, UPDATE);
      return;
    }
    sayDatastoreFolder(run, vm);
    if (flags.bool('rollback')) {
      refuseWhileInProgress(run, vm, UPDATE);
      await rollBackLast(run, site, vm, UPDATE);
      return;
    }
    keepExistingStores(run, vm);
    keepExistingNetworks(run, vm);
    const merged: Invocation = { ...run, flags: mergedFlags(run, vm) };
    const { tls, certificates } = await readTls(merged, run, vm);
    const args = argumentsOf(merged, site, vm, certificates);
    const valid = await validateOrStop(merged, site, args);
    refuseWhileInProgress(run, vm, UPDATE);
    const config = newConfig(run, merged, vm, args, valid, tls);
    await asUpdate(run, site, vm, UPDATE, () =>
      restartWith(run, site, vm, UPDATE, config, () => {
        for (const { scheme, host, path } of config.volumeStores) if (scheme === 'ds') sayDirectory(log, host, path);
      }),
    );
  });
}

async function checkArguments(run: Invocation): Promise<void> {
  const { flags } = run;
  if (flags.optional('ops-user') === undefined && flags.optional('ops-password') !== undefined) {
    throw new CommandFailure('Password for operations user specified without operations username');
  }
  readContainerNetworks(run);
  checkDns(run);
  uniqueLabels(flags.list('volume-store').map(readVolumeStore));
  if ((flags.text('tls-server-cert') === '') !== (flags.text('tls-server-key') === '')) {
    throw new CommandFailure('key and cert should be specified at the same time');
  }
  await loadRegistryAuthorities(run);
  readProxies(run);
}

/** The flags that create would be given for the VCH as it is, with those of configure on top. */
function mergedFlags({ build, flags }: Invocation, vm: VchVm): FlagValues {
  const parsed = parseFlags(flagsOf('create', build), [], {});
  const merged = parsed.kind === 'parsed' ? parsed.values : new FlagValues();
  const { bridge, client, management, public: publicNetwork } = vm.config.networks;
  const stores = vm.config.volumeStores.map(({ scheme, host, path, label }) => `${scheme}://${host}${path.startsWith('/') ? '' : '/'}${path}:${label}`);
  const known: readonly (readonly [string, readonly string[]])[] = [
    ...Object.entries(vm.config.options),
    ['volume-store', stores],
    ['name', [vm.name]],
    ['compute-resource', [vm.cluster]],
    ['image-store', [vm.config.imageStore]],
    ['bridge-network', [bridge]],
    ['public-network', [publicNetwork]],
    ['client-network', [client]],
    ['management-network', [management]],
  ];
  const repeatable = new Set(
    flagsOf('create', build)
      .filter(({ kind }) => kind === 'strings')
      .map(({ name }) => name),
  );
  for (const [name, values] of known) {
    // Given lists replace the known ones: every value has been named again by now.
    if (repeatable.has(name) && flags.list(name).length > 0) continue;
    for (const value of values) merged.set(name, value, repeatable.has(name));
  }
  for (const [name, value] of flags.entries()) {
    if (name === 'name' || name === 'compute-resource') continue;
    if (Array.isArray(value)) for (const one of value as readonly string[]) merged.set(name, one, true);
    else merged.set(name, value as string | number | boolean);
  }
  return merged;
}

async function readTls(
  merged: Invocation,
  { flags, log, io }: Invocation,
  vm: VchVm,
): Promise<{ readonly tls: VchConfig['tls']; readonly certificates: CreateArguments['certificates'] }> {
  const folder = flags.text('tls-cert-path') || vm.name;
  const wanted = CERTIFICATE_FLAGS.some((name) => flags.bool(name) || !['', 'false'].includes(flags.text(name)) || flags.list(name).length > 0);
  if (!wanted) {
    log.info('No certificate regeneration requested. No new certificates provided. Certificates left unchanged.');
    return { tls: vm.config.tls, certificates: { folder } };
  }
  const own = flags.text('tls-server-cert') !== '';
  if (!own && (await io.fs.info(isAbsolute(folder) ? folder : join(io.cwd, folder))) !== undefined) {
    throw new CommandFailure(`output location ${JSON.stringify(folder)} already exists`);
  }
  const networks = { client: readRoleNetwork(merged, 'client'), public: readRoleNetwork(merged, 'public'), management: readRoleNetwork(merged, 'management') };
  const certificates = await readCertificates(merged, vm.name, networks);
  const { server, clientCa } = certificates;
  if (server === undefined) return { tls: vm.config.tls, certificates };
  return { tls: { mode: 'tls', certificate: server.certificate, key: server.key, ...(clientCa === undefined ? {} : { clientCa }) }, certificates };
}

function argumentsOf(merged: Invocation, site: Site, vm: VchVm, certificates: CreateArguments['certificates']): CreateArguments {
  const { flags } = merged;
  const { target } = site.session;
  const opsUser = flags.optional('ops-user');
  return {
    target,
    name: vm.name,
    // The stored password of another operations user is not at hand; only new credentials are tried.
    opsUser: opsUser ?? target.user,
    opsPassword: opsUser === undefined ? target.password : (flags.optional('ops-password') ?? ''),
    bridge: vm.config.networks.bridge,
    networks: { client: readRoleNetwork(merged, 'client'), public: readRoleNetwork(merged, 'public'), management: readRoleNetwork(merged, 'management') },
    containerNetworks: readContainerNetworks(merged),
    certificates,
    imageStore: vm.config.imageStore,
    volumeStores: uniqueLabels(flags.list('volume-store').map(readVolumeStore)),
    proxies: readProxies(merged),
    syslog: undefined,
    kubernetes: undefined,
  };
}

async function validateOrStop(run: Invocation, site: Site, args: CreateArguments): Promise<ValidConfiguration> {
  try {
    return await validate(run, site, args);
  } catch (error) {
    if (error instanceof CommandFailure) run.log.error('Configure cannot continue: configuration validation failed');
    throw error;
  }
}

function newConfig(
  { flags }: Invocation,
  merged: Invocation,
  { config }: VchVm,
  args: CreateArguments,
  valid: ValidConfiguration,
  tls: VchConfig['tls'],
): VchConfig {
  const options: Record<string, readonly string[]> = { ...config.options };
  for (const name of LISTED) {
    const listed = flags.list(name);
    const text = flags.optional(name);
    // An empty value takes an option away.
    if (listed.length > 0) options[name] = listed.filter((value) => value !== '');
    else if (text !== undefined) options[name] = text === '' ? [] : [text];
  }
  return {
    ...config,
    tls,
    debug: flags.number('debug') ?? config.debug,
    opsUser: args.opsUser === args.target.user ? config.opsUser : args.opsUser,
    volumeStores: valid.volumeStores.map((store) => (store.scheme === 'ds' && store.path === '' ? { ...store, path: STORAGE_FOLDER } : store)),
    cpuMhz: valid.drs ? (flags.number('cpu') ?? config.cpuMhz) : config.cpuMhz,
    memoryMiB: valid.drs ? (flags.number('memory') ?? config.memoryMiB) : config.memoryMiB,
    proxies: readProxies(merged),
    options: Object.fromEntries(Object.entries(options).filter(([, values]) => values.length > 0)),
  };
}
