/** What configure is asked for against what `inspect config` lists: pure. */
import type { VicOptions } from './rules/options.ts';

export interface OptionChange {
  /** `--memory`. */
  readonly option: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

type Current = Readonly<Record<string, readonly string[]>>;

/** Options that vic-machine only adds to: what exists must be said again. */
const ADDED = ['volume-store', 'container-network'] as const;
const OF_CONTAINER_NETWORKS = ['container-network-gateway', 'container-network-ip-range', 'container-network-dns', 'container-network-firewall'] as const;
/** Absent means the same as this. */
const DEFAULTS: Readonly<Record<string, string>> = { memory: '0', cpu: '0', debug: '0' };
/** Not listed by `inspect config`, so never known to be the same. */
const UNLISTED = new Set([
  'tls-cname',
  'no-tlsverify',
  'tls-server-cert',
  'tls-server-key',
  'tls-ca',
  'tls-cert-path',
  'organization',
  'certificate-key-size',
  'registry-ca',
  'ops-password',
  'ops-grant-perms',
  'affinity-vm-group',
]);
/** How the run is done, not what the VCH is. */
const CIRCUMSTANCES = new Set(['force', 'timeout', 'rollback', 'reset-progress']);

/** Words that repeat the existing volume stores and container networks beside those that are asked for. */
export function repeatedWords(asked: VicOptions, current: Current): readonly string[] {
  const words: string[] = [];
  if (asked.has('--volume-store')) {
    const labels = new Set((asked.get('--volume-store') ?? []).map(labelOf));
    for (const store of current['volume-store'] ?? []) if (!labels.has(labelOf(store))) words.push('--volume-store', store);
  }
  const networkFlags = ['container-network', ...OF_CONTAINER_NETWORKS];
  if (networkFlags.some((flag) => asked.has(`--${flag}`))) {
    for (const flag of networkFlags) {
      const given = new Set(asked.get(`--${flag}`) ?? []);
      const groups = new Set([...given].map(groupOf));
      const kept = (current[flag] ?? []).filter(
        (value) => !given.has(value) && (flag.endsWith('dns') || flag.endsWith('range') || !groups.has(groupOf(value))),
      );
      for (const value of kept) words.push(`--${flag}`, value);
    }
  }
  return words;
}

/** What would be different afterwards. Options whose present value nobody tells are always in it, with `from` empty. */
export function optionChanges(asked: VicOptions, current: Current): readonly OptionChange[] {
  return [...asked].flatMap(([option, values]): readonly OptionChange[] => {
    const name = option.slice(2);
    if (CIRCUMSTANCES.has(name)) return [];
    const from = current[name] ?? [];
    const to = (ADDED as readonly string[]).includes(name) || name.startsWith('container-network-') ? unite(from, values, name) : values;
    return !UNLISTED.has(name) && same(from, to, name) ? [] : [{ option, from, to: name === 'ops-password' ? ['[redacted]'] : to }];
  });
}

function unite(from: readonly string[], added: readonly string[], name: string): readonly string[] {
  return [...from, ...added.filter((value) => !from.some((other) => plain(other, name) === plain(value, name)))];
}

function same(from: readonly string[], to: readonly string[], name: string): boolean {
  const settle = (values: readonly string[]): string => {
    const given = values.filter((value) => value !== '');
    return (given.length === 0 && DEFAULTS[name] !== undefined ? [DEFAULTS[name]] : given)
      .map((value) => plain(value, name))
      .sort()
      .join('\n');
  };
  return settle(from) === settle(to);
}

/** `ds://LocalDS_0/vols:default` and `LocalDS_0/vols:default` are one store. */
function plain(value: string, name: string): string {
  return name === 'volume-store' ? value.replace(/^ds:\/\//, '') : value;
}

function labelOf(store: string): string {
  return store.slice(store.lastIndexOf(':') + 1);
}

function groupOf(value: string): string {
  return value.split(':')[0] ?? value;
}
