/**
 * Is the VCH that exists the one that is asked for? Field by field: what vic-machine shows of it (`inspect config`) counts
 * most, then what its create wrote down, then nothing is known (TLS, images and the Kubernetes options are never shown).
 */
import type { Field, FieldValue } from '../../config/fields.ts';
import type { VchDocument } from '../../config/vch-document.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { formatTaint } from '../node/taint-spec.ts';

interface Difference {
  /** `spec.memory`. */
  readonly field: string;
  readonly actual: string;
  readonly wanted: string;
  /** The command that brings it about; undefined: the VCH has to be deleted and created. */
  readonly changeWith: string | undefined;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Fields that were asked for and that nothing tells about. */
  readonly unknown: readonly string[];
}

export interface ExistingVch {
  /** What its create wrote down. */
  readonly recorded: VchDocument | undefined;
  /** What `inspect config` shows, by flag; undefined: it could not be asked. */
  readonly seen: Readonly<Record<string, readonly string[]>> | undefined;
  /** Undefined: not in the cluster, or the cluster was not asked. */
  readonly node: Node | undefined;
}

export function compareVch(wanted: VchDocument, existing: ExistingVch, fields: readonly Field[]): Comparison {
  const results = fields.filter((field) => field.identity).map((field) => compareField(field, wanted, existing));
  const words = compareWords(wanted, existing.recorded);
  return {
    differences: [...results, words].filter((result): result is Difference => typeof result === 'object'),
    unknown: results.filter((result): result is string => typeof result === 'string'),
  };
}

/** A difference, the name of a field that cannot be judged, or nothing. */
function compareField(field: Field, wanted: VchDocument, { recorded, seen, node }: ExistingVch): Difference | string | undefined {
  const asked = wanted.spec[field.key];
  const before = recorded?.spec[field.key];
  const name = `spec.${field.key}`;
  const differ = (actual: FieldValue | undefined): Difference => ({
    field: name,
    actual: shown(actual),
    wanted: shown(asked),
    changeWith: changeCommand(wanted.metadata.name, field, asked),
  });
  if (node !== undefined && (field.flag === 'label' || field.flag === 'taint')) return compareNode(field, asked, before, node, differ);
  const visible = seen?.[field.flag];
  if (visible !== undefined && (asked !== undefined || before !== undefined || (recorded === undefined && TELLING.has(field.flag)))) {
    return same(field, asked, visible) ? undefined : differ(field.form === 'one' ? visible[0] : visible);
  }
  if (recorded !== undefined) return same(field, asked, before) ? undefined : differ(before);
  if (asked === undefined) return undefined;
  const fallback = DEFAULTS[field.flag];
  if (seen === undefined || fallback === undefined) return name;
  return same(field, asked, [fallback]) ? undefined : differ(fallback);
}

/** Labels and taints are the node's: others may have added to them, so only what was asked for has to be there. */
function compareNode(
  field: Field,
  asked: FieldValue | undefined,
  before: FieldValue | undefined,
  node: Node,
  differ: (actual: FieldValue | undefined) => Difference,
): Difference | undefined {
  const labels = Object.entries(node.metadata?.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const present = new Set(field.flag === 'label' ? labels : (node.spec?.taints ?? []).map(formatTaint));
  const want = items(asked);
  const dropped = items(before).filter((item) => !want.includes(item) && present.has(item));
  if (want.every((item) => present.has(item)) && dropped.length === 0) return undefined;
  const keys = [...want, ...dropped].map((item) => item.split(/[=:]/)[0]);
  return differ([...present].filter((item) => keys.includes(item.split(/[=:]/)[0])));
}

function compareWords(wanted: VchDocument, recorded: VchDocument | undefined): Difference | undefined {
  const [asked, before] = [wanted.spec['extraArgs'], recorded?.spec['extraArgs']];
  if (recorded === undefined || JSON.stringify(asked ?? []) === JSON.stringify(before ?? [])) return undefined;
  return { field: 'spec.extraArgs', actual: shown(before), wanted: shown(asked), changeWith: undefined };
}

function same(field: Field, one: FieldValue | undefined, other: FieldValue | undefined): boolean {
  const canonical = (value: FieldValue | undefined): string =>
    items(value)
      .map((item) => canonicalItem(field, item))
      .sort()
      .join('\n');
  // A switch that is off is one that was not given.
  const off = (value: FieldValue | undefined): boolean => value === undefined || value === false || (Array.isArray(value) && value[0] === 'false');
  if (field.kind === 'boolean') return off(one) === off(other);
  return canonical(one) === canonical(other);
}

/** vic-machine writes back `ds://store/path/` for `store/path`, and whole inventory paths for names. */
function canonicalItem({ flag }: Field, item: string): string {
  if (flag === 'image-store' || flag === 'volume-store') return item.replace(/^ds:\/\//, '').replace(/\/+(?=:[^:/]+$|$)/, '');
  if (flag === 'compute-resource') return item.replace(/\/Resources\/?$/, '').replace(/^.*\//, '');
  if (flag === 'memory' || flag === 'cpu') return item === '' ? '0' : item;
  return item.trim();
}

function items(value: FieldValue | undefined): readonly string[] {
  if (value === undefined) return [];
  if (typeof value !== 'object') return [String(value)];
  if (Array.isArray(value)) return value as readonly string[];
  return Object.entries(value as Readonly<Record<string, string>>).map(([key, text]) => `${key}=${text}`);
}

function shown(value: FieldValue | undefined): string {
  return items(value).join(', ') || 'not set';
}

/** What `inspect config` leaves out when it is as create makes it by default. */
const DEFAULTS: Readonly<Record<string, string>> = {
  memory: '0',
  cpu: '0',
  'public-network': 'VM Network',
  'bridge-network-range': '172.16.0.0/12',
  'base-image-size': '8GB',
  'endpoint-memory': '2048',
  'endpoint-cpu': '1',
};

/** Shown only when somebody has set them: without a record, one that was not asked for is a difference. */
const TELLING = new Set(['memory', 'memory-reservation', 'cpu', 'cpu-reservation', 'volume-store', 'container-network', 'http-proxy', 'https-proxy']);

/** Flags of vic-machine configure that do not demand more than the one value. */
const CONFIGURABLE = new Set([
  ...['memory', 'memory-reservation', 'memory-shares', 'cpu', 'cpu-reservation', 'cpu-shares', 'dns-server', 'http-proxy', 'https-proxy'],
  ...['container-name-convention', 'affinity-vm-group', 'volume-store', 'container-network', 'container-network-gateway', 'container-network-ip-range'],
  ...['container-network-dns', 'container-network-firewall', 'registry-ca', 'ops-user', 'ops-grant-perms'],
]);

function changeCommand(name: string, field: Field, asked: FieldValue | undefined): string | undefined {
  const values = items(asked);
  if (field.flag === 'label' || field.flag === 'taint') {
    return values.length === 0 ? `vick node ${field.flag} ${name} KEY-` : `vick node ${field.flag} ${name} ${values.map(quoted).join(' ')} --overwrite`;
  }
  if (!CONFIGURABLE.has(field.flag) || values.length === 0) return undefined;
  return `vick configure vch ${name} ${values.map((value) => `--${field.flag} ${quoted(value)}`).join(' ')}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
