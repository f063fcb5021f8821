import { isIP } from 'node:net';
import type { VolumeStore } from '../protocol.ts';
import { parseCidr } from './addresses.ts';
import { isReleased } from './build.ts';
import { readCertificates, type Certificates } from './certificates.ts';
import { parseUrl, type GoUrl } from './go-url.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { goFileError } from './log.ts';
import { unsupportedCharacter, unsupportedCharacterInDatastore } from './names.ts';
import { readContainerNetworks, readRoleNetwork, type ContainerNetwork, type RoleNetwork } from './networks.ts';
import { readVolumeStore } from './stores.ts';
import { askPassword, readTarget, type Target } from './target.ts';

/** create's arguments after every check that needs no vSphere. */
export interface CreateArguments {
  readonly target: Target;
  readonly name: string;
  readonly opsUser: string;
  readonly opsPassword: string;
  readonly bridge: string;
  readonly networks: { readonly client: RoleNetwork; readonly public: RoleNetwork; readonly management: RoleNetwork };
  readonly containerNetworks: readonly ContainerNetwork[];
  readonly certificates: Certificates;
  readonly imageStore: string;
  readonly volumeStores: readonly VolumeStore[];
  readonly proxies: { readonly http?: string; readonly https?: string };
  readonly syslog: GoUrl | undefined;
  /** Both flags were given; the address may still be empty and the file absent. */
  readonly kubernetes: { readonly address: string; readonly file: string } | undefined;
}

const MAX_NAME_BYTES = 31;

/**
 * Checks create's arguments in the real program's order and stops at the first that is wrong, with a CommandFailure. Certificates are made on the way.
 * (vmware/vic cmd/vic-machine/create/create.go)
 */
export async function readCreateArguments(run: Invocation): Promise<CreateArguments> {
  const { flags } = run;
  const target = await readTarget(run);
  const name = flags.text('name');
  const complaint = unsupportedCharacter(name);
  if (complaint !== undefined) {
    throw new CommandFailure(`--name contains unsupported characters: ${complaint} Allowed characters are alphanumeric, space and symbols - _ ( )`);
  }
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new CommandFailure(`Display name ${name} exceeds the permitted ${String(MAX_NAME_BYTES)} characters limit. Please use a shorter -name parameter`);
  }
  const ops = await readOperationsUser(run, target);
  const kubernetes = readKubernetes(run);
  const containerNetworks = readContainerNetworks(run);
  checkBridgeRange(run);
  const networks = { client: readRoleNetwork(run, 'client'), public: readRoleNetwork(run, 'public'), management: readRoleNetwork(run, 'management') };
  checkDns(run);
  const certificates = await readCertificates(run, name, networks);
  const imageStore = flags.text('image-store');
  const imageComplaint = unsupportedCharacterInDatastore(imageStore);
  if (imageComplaint !== undefined) {
    throw new CommandFailure(
      `--image-store contains unsupported characters: ${imageComplaint} Allowed characters are alphanumeric, space and symbols - _ ( ) / :`,
    );
  }
  const volumeStores = uniqueLabels(flags.list('volume-store').map(readVolumeStore));
  await loadRegistryAuthorities(run);
  const proxies = readProxies(run);
  const syslog = readSyslog(run);
  const bridge = flags.text('bridge-network') || name;
  return { target, name, ...ops, bridge, networks, containerNetworks, certificates, imageStore, volumeStores, proxies, syslog, kubernetes };
}

async function readOperationsUser(run: Invocation, target: Target): Promise<{ readonly opsUser: string; readonly opsPassword: string }> {
  const { flags, log } = run;
  const user = flags.optional('ops-user');
  const password = flags.optional('ops-password');
  if (user === undefined && password !== undefined) throw new CommandFailure('Password for operations user specified without operations username');
  if (user === undefined) {
    if (flags.bool('ops-grant-perms')) {
      throw new CommandFailure('Invalid use of flag: --ops-grant-perms. Cannot setup Roles and Permissions for administrative user.');
    }
    log.warn('Using administrative user for VCH operation - use --ops-user to improve security (see -x for advanced help)');
    return { opsUser: target.user, opsPassword: target.password };
  }
  return { opsUser: user, opsPassword: password ?? (await askPassword(run, user)) };
}

/** Only whether both are there is checked here; an empty value counts as there. */
function readKubernetes({ flags }: Invocation): CreateArguments['kubernetes'] {
  const address = flags.optional('k8s-server-address');
  const file = flags.optional('k8s-config');
  if (address === undefined && file === undefined) return undefined;
  if (file === undefined) throw new CommandFailure('A Kubernetes Config File must be specified when specifying a Kubernetes Server Address');
  if (address === undefined) throw new CommandFailure('A Kubernetes Server Address must be specified when specifying a Kubernetes Config File');
  return { address, file };
}

function checkBridgeRange({ flags, build }: Invocation): void {
  const text = flags.text('bridge-network-range');
  const range = parseCidr(text);
  if (range === undefined) {
    throw new CommandFailure(`Error parsing bridge network ip range: invalid CIDR address: ${text}. Range must be in CIDR format, e.g., 172.16.0.0/12`);
  }
  if (!isReleased(build)) return;
  const width = Number(flags.text('bridge-network-width'));
  if (!Number.isInteger(width) || width > 30) {
    throw new CommandFailure('Error parsing bridge network width: %!s(<nil>). Width must be an integer less than 31.');
  }
  if (width < range.prefix) {
    throw new CommandFailure(`Error specifying bridge network width: ${String(width)}. Width must be larger than prefix of bridge network ip range.`);
  }
}

export function checkDns({ flags, log }: Invocation): void {
  const servers = flags.list('dns-server').filter((server) => server !== '');
  const bad = servers.find((server) => isIP(server) === 0);
  if (bad !== undefined) throw new CommandFailure(`Invalid DNS server specified: ${bad}`);
  if (servers.length > 3) log.warn('Maximum of 3 DNS servers allowed. Additional servers specified will be ignored.');
  log.debug(`VCH DNS servers: [${servers.join(' ')}]`);
}

export function uniqueLabels(stores: readonly VolumeStore[]): readonly VolumeStore[] {
  return [...new Map(stores.map((store) => [store.label, store])).values()];
}

export async function loadRegistryAuthorities({ flags, io, log }: Invocation): Promise<void> {
  for (const file of flags.list('registry-ca')) {
    try {
      await io.fs.readText(file.startsWith('/') ? file : `${io.cwd}/${file}`);
    } catch (error) {
      throw new CommandFailure(
        `Unable to load CA certificates for registry logins: Failed to load authority from file ${file}: open ${file}: ${goFileError(error)}`,
      );
    }
    log.info(`Loaded registry CA from ${file}`);
  }
}

export function readProxies(run: Invocation): CreateArguments['proxies'] {
  const http = readProxy(run, 'http');
  const https = readProxy(run, 'https');
  return { ...(http === undefined ? {} : { http }), ...(https === undefined ? {} : { https }) };
}

function readProxy({ flags, build }: Invocation, scheme: 'http' | 'https'): string | undefined {
  const text = flags.text(`${scheme}-proxy`);
  if (text === '') return undefined;
  const url = parseUrl(text);
  if (url.kind === 'error') throw new CommandFailure(url.message);
  const released = isReleased(build);
  const fits = released ? url.scheme === 'http' || url.scheme === 'https' : url.scheme === scheme;
  if (url.host !== '' && fits) return text;
  const [label, form] = released ? ['HTTP(S)', 'http(s)'] : [scheme.toUpperCase(), scheme];
  throw new CommandFailure(`Could not parse ${label} proxy - expected format ${form}://fqnd_or_ip:port: ${text}`);
}

function readSyslog({ flags }: Invocation): GoUrl | undefined {
  const text = flags.text('syslog-address');
  if (text === '') return undefined;
  const url = parseUrl(text);
  if (url.kind === 'error') throw new CommandFailure(url.message);
  return url;
}
