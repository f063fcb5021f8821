/**
 * Which flags may stand in a file, and under which key: the same table that the command line is made from, so a new flag
 * can be declared without further work.
 */

/** The part of a flag's description that matters here. */
export interface FlagShape {
  readonly name: string;
  readonly kind: 'string' | 'boolean' | 'integer' | 'duration' | 'enum';
  readonly values?: readonly string[];
  readonly repeatable?: boolean;
  readonly secret?: boolean;
  readonly description: string;
}

export interface Field {
  /** `volumeStores`, `noTlsverify`. */
  readonly key: string;
  /** The flag's long name. */
  readonly flag: string;
  readonly kind: FlagShape['kind'];
  readonly values: readonly string[];
  readonly form: 'one' | 'list' | 'map';
  readonly description: string;
  /** Part of what a VCH is; false: how a command is run (who asks, how long it waits). */
  readonly identity: boolean;
}

export type FieldValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

/** Said for one command at a time, dangerous to leave in a file, or no setting at all. */
const NEVER = new Set([
  ...[
    'help',
    'yes',
    'config',
    'output',
    'dry-run',
    'filename',
    'resume',
    'cleanup',
    'retain',
    'force',
    'delete-volumes',
    'delete-emptydir-data',
    'disable-eviction',
    'password-stdin',
    'id',
  ],
  ...['overwrite', 'follow', 'all', 'selector', 'reset-progress', 'rollback', 'allow', 'deny', 'accept-thumbprint', 'shell', 'state-dir'],
]);

/** How a command is run: two VCHs that differ in nothing else are the same. */
const CIRCUMSTANCES = new Set([
  ...['target', 'user', 'password-file', 'thumbprint', 'vic-machine', 'kubeconfig', 'context', 'allow-loopback', 'skip', 'no-input', 'no-color', 'verbose'],
  ...['wait', 'timeout', 'vic-timeout', 'ops-password-file', 'debug'],
]);

const PLURALS: Readonly<Record<string, string>> = {
  'container-network-dns': 'containerNetworkDns',
  'tls-ca': 'tlsCas',
  'registry-ca': 'registryCas',
};

/** Fields of a command, in the order of its flags. */
export function fieldsOf(flags: readonly FlagShape[]): readonly Field[] {
  return flags
    .filter((flag) => flag.secret !== true && !NEVER.has(flag.name))
    .map((flag) => ({
      key: keyOf(flag),
      flag: flag.name,
      kind: flag.kind,
      values: flag.values ?? [],
      form: flag.repeatable !== true ? 'one' : flag.name === 'label' ? 'map' : 'list',
      description: flag.description,
      identity: !CIRCUMSTANCES.has(flag.name),
    }));
}

/** A value of a file as the flag would have been typed. */
export function toFlagValue(value: FieldValue): string | number | boolean | readonly string[] {
  if (typeof value !== 'object' || Array.isArray(value)) return value as string | number | boolean | readonly string[];
  return Object.entries(value as Readonly<Record<string, string>>).map(([key, text]) => `${key}=${text}`);
}

function keyOf(flag: FlagShape): string {
  const known = PLURALS[flag.name];
  if (known !== undefined) return known;
  const camel = flag.name.replaceAll(/-([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());
  if (flag.repeatable !== true) return camel;
  return camel.endsWith('y') ? `${camel.slice(0, -1)}ies` : `${camel}s`;
}
