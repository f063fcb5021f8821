import { isIP } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { LogLevel } from '../../platform/log.ts';
import { canonicalQuantity } from '../../platform/quantity.ts';
import { ISOLATIONS, type Isolation } from '../../providers/vic/support/isolation.ts';
import { parseAddress, type Sourced } from './addresses.ts';
import type { KubeletFlag, KubeletFlags, NodeSettings, PersonaSettings, PersonaTls, VicKubeletSettings } from './settings.ts';
import { serverSettings } from './server-settings.ts';
import { nodeTaints } from './taints.ts';

export interface KubeletInput {
  readonly flags: KubeletFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The provider configuration, read by the caller. */
  readonly file?: { readonly path: string; readonly text: string };
}

const ENV: Partial<Record<KubeletFlag, readonly string[]>> = {
  nodename: ['KUBELET_NAME', 'DEFAULT_NODE_NAME'],
  'persona-addr': ['PERSONA_ADDR'],
  'persona-tls-ca': ['PERSONA_TLS_CA'],
  'persona-tls-cert': ['PERSONA_TLS_CERT'],
  'persona-tls-key': ['PERSONA_TLS_KEY'],
  'persona-tls-server-name': ['PERSONA_TLS_SERVER_NAME'],
  'persona-tls-insecure': ['PERSONA_TLS_INSECURE'],
  'portlayer-addr': ['PORTLAYER_ADDR'],
  'host-uuid': ['HOST_UUID'],
  isolation: ['ISOLATION'],
  'node-ip': ['VKUBELET_POD_IP', 'NODE_IP'],
  'log-level': ['KUBELET_LOG_LEVEL'],
  engine: ['DOCKER_HOST'],
  port: ['KUBELET_PORT'],
  'tls-cert-file': ['APISERVER_CERT_LOCATION'],
  'tls-private-key-file': ['APISERVER_KEY_LOCATION'],
};

const FILE_KEYS: Readonly<Record<string, KubeletFlag>> = {
  'persona-server': 'persona-addr',
  'persona-tls-ca': 'persona-tls-ca',
  'persona-tls-cert': 'persona-tls-cert',
  'persona-tls-key': 'persona-tls-key',
  'persona-tls-server-name': 'persona-tls-server-name',
  'persona-tls-insecure': 'persona-tls-insecure',
  'portlayer-server': 'portlayer-addr',
  'host-uuid': 'host-uuid',
  'node-ip': 'node-ip',
  scope: 'scope',
  isolation: 'isolation',
  'cluster-domain': 'cluster-domain',
};

const TLS_PORT = 2376;
const READY_TIMEOUT_MS = 10 * 60_000;
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
/** Levels that virtual-kubelet takes and this log does not have. */
const OTHER_LEVELS: Readonly<Record<string, LogLevel>> = { trace: 'debug', warning: 'warn', fatal: 'error', panic: 'error' };
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Pure: flags win over the environment, which wins over the file. KUBELET_CONFIG says what is wrong and where it was said. */
export function resolveKubeletOptions(input: KubeletInput): VicKubeletSettings {
  const pick = pickFrom(input);
  refuseOthers(pick);
  return {
    ...nodeSettings(input, pick),
    provider: 'vic',
    portLayer: hostPort(required(pick('portlayer-addr'), 'port layer address', '--portlayer-addr or PORTLAYER_ADDR')),
    persona: tlsAddress(required(pick('persona-addr'), 'address of the Docker personality', '--persona-addr or PERSONA_ADDR'), 'persona', pick, input.env),
    hostUuid: hostUuid(pick('host-uuid')),
    scope: pick('scope')?.value ?? 'default',
    isolation: isolation(pick('isolation')),
  };
}

export type Pick = (flag: KubeletFlag) => Sourced | undefined;

/** What a flag comes to, and where it was said. */
export function pickFrom(input: KubeletInput): Pick {
  const file = readFile(input.file);
  return (flag) => choose(flag, input, file);
}

/** What every provider's kubelet is started with. */
export function nodeSettings(input: KubeletInput, pick: Pick): NodeSettings {
  return { nodeName: nodeName(givenNodeName(pick)), ...settingsOfNodes(input, pick) };
}

/** All of them as they were given, with commas between. */
export function givenNodeName(pick: Pick): Sourced {
  return required(pick('nodename'), 'node name', '--nodename or KUBELET_NAME');
}

/** What holds for every node of the process. */
export function settingsOfNodes(input: KubeletInput, pick: Pick): Omit<NodeSettings, 'nodeName'> {
  return {
    kubeconfig: pick('kubeconfig')?.value,
    context: pick('context')?.value,
    nodeIps: nodeIps(pick('node-ip')),
    clusterDomain: pick('cluster-domain')?.value ?? 'cluster.local',
    taints: nodeTaints(input.flags, input.env),
    labels: pairs('label', input.flags['label']),
    capacity: capacity(input.flags['capacity']),
    readyTimeoutMs: duration(pick('ready-timeout')) ?? READY_TIMEOUT_MS,
    server: serverSettings(pick),
    logFile: pick('log-file')?.value,
    logLevel: logLevel(pick('log-level')),
  };
}

/** Where the drop-in logs: beside the other services of the VCH, or here when it runs on a developer's machine. */
export function defaultLogFile(env: Readonly<Record<string, string | undefined>>): string {
  return isTrue(env['LOCAL_VIRTUAL_KUBELET']) ? './virtual-kubelet.log' : '/var/log/vic/virtual-kubelet.log';
}

function choose(flag: KubeletFlag, input: KubeletInput, file: ReadonlyMap<KubeletFlag, Sourced>): Sourced | undefined {
  const typed = input.flags[flag];
  if (typed !== undefined && typed !== false && typed !== '') {
    return { value: typeof typed === 'object' ? typed.join(',') : String(typed), source: `--${flag}` };
  }
  for (const name of ENV[flag] ?? []) {
    const value = input.env[name];
    if (value !== undefined && value !== '') return { value, source: `$${name}` };
  }
  return file.get(flag);
}

function readFile(file: KubeletInput['file']): ReadonlyMap<KubeletFlag, Sourced> {
  const found = new Map<KubeletFlag, Sourced>();
  if (file === undefined) return found;
  let document: unknown;
  try {
    document = parse(file.text);
  } catch (error) {
    throw new VickError('KUBELET_CONFIG', `${file.path} is not valid YAML: ${messageOf(error)}`, { cause: error });
  }
  if (document === null || document === undefined) return found;
  if (typeof document !== 'object' || Array.isArray(document)) throw new VickError('KUBELET_CONFIG', `${file.path}: expected keys and values`);
  for (const [key, value] of Object.entries(document)) {
    const flag = FILE_KEYS[key];
    if (flag === undefined) {
      throw new VickError('KUBELET_CONFIG', `${file.path}: unknown key "${key}"`, { hint: `Known keys: ${Object.keys(FILE_KEYS).join(', ')}.` });
    }
    if (value === null || value === '' || value === false) continue;
    if (typeof value === 'object') throw new VickError('KUBELET_CONFIG', `${file.path}: ${key}: expected a text`);
    found.set(flag, { value: String(value), source: `${file.path}: ${key}` });
  }
  return found;
}

/** Values of the old program that this one cannot be. */
function refuseOthers(pick: Pick): void {
  const provider = pick('provider');
  if (provider !== undefined && provider.value !== 'vic') {
    throw new VickError('KUBELET_CONFIG', `${provider.source}: there is no provider "${provider.value}"`, { hint: 'The provider is vic.' });
  }
  const os = pick('os');
  if (os !== undefined && os.value.toLowerCase() !== 'linux') throw new VickError('KUBELET_CONFIG', `${os.source}: pod VMs run Linux, not "${os.value}"`);
}

export function required(found: Sourced | undefined, what: string, how: string): Sourced {
  if (found !== undefined) return found;
  throw new VickError('KUBELET_CONFIG', `the ${what} is not given`, { hint: `Set ${how}.` });
}

/** KUBELET_CONFIG for what cannot be the name of a node. */
export function nodeName({ value, source }: Sourced): string {
  if (value.includes(',')) {
    throw new VickError('KUBELET_CONFIG', `${source}: several nodes in one process take --provider mock`);
  }
  if (value.length <= 63 && DNS_SUBDOMAIN.test(value)) return value;
  throw new VickError('KUBELET_CONFIG', `${source}: "${value}" cannot be the name of a node`, {
    hint: 'A node name has at most 63 lower-case letters, digits, "-" and ".", and begins and ends with a letter or digit.',
  });
}

function hostPort(address: Sourced): { host: string; port: number } {
  const { scheme, host, port } = parseAddress(address);
  if (scheme === 'https') throw new VickError('KUBELET_CONFIG', `${address.source}: the port layer speaks plain http only`);
  return { host, port };
}

/**
 * TLS is spoken when the address says https, when any TLS setting is given, or on the port that engines use for it. What
 * is not trusted is never accepted silently: that takes the `…-tls-insecure` flag.
 */
export function tlsAddress(address: Sourced, prefix: 'persona' | 'engine', pick: Pick, env: KubeletInput['env']): PersonaSettings {
  const { scheme, host, port } = parseAddress(address);
  const flags = ['ca', 'cert', 'key', 'server-name', 'insecure'] as const;
  const tls = Object.fromEntries(flags.map((name) => [name, pick(`${prefix}-tls-${name}`)]));
  const wanted = scheme === 'https' || (scheme === undefined && (port === TLS_PORT || Object.values(tls).some((setting) => setting !== undefined)));
  return { host, port, tls: wanted ? tlsSettings(tls, env['DOCKER_CERT_PATH']) : undefined };
}

function tlsSettings(tls: Readonly<Record<string, Sourced | undefined>>, certPath: string | undefined): PersonaTls {
  const inFolder = (name: string): string | undefined => (certPath === undefined || certPath === '' ? undefined : join(certPath, name));
  const [certificate, key] = [tls['cert'], tls['key']];
  if ((certificate === undefined) !== (key === undefined)) {
    const given = certificate ?? key;
    throw new VickError('KUBELET_CONFIG', `${given?.source ?? ''}: a client certificate and its key must be given together`);
  }
  return {
    ca: tls['ca']?.value ?? inFolder('ca.pem'),
    certificate: certificate?.value ?? inFolder('cert.pem'),
    key: key?.value ?? inFolder('key.pem'),
    serverName: tls['server-name']?.value,
    insecure: isTrue(tls['insecure']?.value),
  };
}

function hostUuid(found: Sourced | undefined): string | undefined {
  if (found === undefined) return undefined;
  const uuid = found.value.trim().toLowerCase();
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(uuid)) return uuid;
  throw new VickError('KUBELET_CONFIG', `${found.source}: "${found.value}" is not a UUID`, {
    hint: 'It is the BIOS UUID of the endpoint VM: 8-4-4-4-12 hex digits.',
  });
}

function isolation(found: Sourced | undefined): Isolation {
  const asked = ISOLATIONS.find((one) => one === (found?.value ?? 'pod'));
  if (asked !== undefined) return asked;
  throw new VickError('KUBELET_CONFIG', `${found?.source ?? ''}: "${found?.value ?? ''}" is no isolation`, {
    hint: `What shares a VM: ${ISOLATIONS.map((one) => one).join(', ')}.`,
  });
}

function nodeIps(found: Sourced | undefined): readonly string[] | undefined {
  if (found === undefined) return undefined;
  const ips = found.value.split(',').map((ip) => ip.trim());
  const wrong = ips.find((ip) => isIP(ip) === 0);
  if (wrong !== undefined) throw new VickError('KUBELET_CONFIG', `${found.source}: "${wrong}" is not an IP address`);
  return ips;
}

function capacity(value: KubeletFlags[KubeletFlag]): Readonly<Record<string, string>> {
  const given = pairs('capacity', value);
  for (const [name, quantity] of Object.entries(given)) {
    if (canonicalQuantity(quantity) === undefined) throw new VickError('KUBELET_CONFIG', `--capacity: "${quantity}" is not a quantity for ${name}`);
  }
  return given;
}

export function pairs(flag: KubeletFlag, value: KubeletFlags[KubeletFlag]): Readonly<Record<string, string>> {
  const words = (typeof value === 'object' ? value : typeof value === 'string' ? [value] : []).flatMap((word) => word.split(',')).filter((word) => word !== '');
  return Object.fromEntries(
    words.map((word) => {
      const split = word.indexOf('=');
      if (split <= 0) throw new VickError('KUBELET_CONFIG', `--${flag}: "${word}" is not of the form name=value`);
      return [word.slice(0, split), word.slice(split + 1)];
    }),
  );
}

/** Milliseconds, or `10m`, `30s`, `500ms`. */
function duration(found: Sourced | undefined): number | undefined {
  if (found === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(found.value);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 'ms'];
  if (match === null || unit === undefined) {
    throw new VickError('KUBELET_CONFIG', `${found.source}: "${found.value}" is not a duration`, { hint: 'For example 90s or 10m.' });
  }
  return Number(match[1]) * unit;
}

function logLevel(found: Sourced | undefined): LogLevel {
  const asked = found?.value.toLowerCase() ?? '';
  const level = LEVELS.find((candidate) => candidate === asked) ?? OTHER_LEVELS[asked];
  if (found !== undefined && level === undefined) {
    throw new VickError('KUBELET_CONFIG', `${found.source}: "${found.value}" is not a log level`, { hint: `Levels: ${LEVELS.join(', ')}.` });
  }
  return level ?? 'info';
}

/** The words that virtual-kubelet takes for true. */
function isTrue(text: string | undefined): boolean {
  return ['1', 't', 'true'].includes((text ?? '').toLowerCase());
}
