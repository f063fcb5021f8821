/** Comparing an answer with a recorded one: placeholders are bound at their first appearance, times count by form only. */

const PLACEHOLDER = /<([a-z-]+(?:-\d+)?)(?::(\d+))?>/g;

const FORMS: Readonly<Record<string, string>> = {
  container: '[0-9a-f]{64}',
  task: '[0-9a-f]{64}',
  exec: '[0-9a-f]{64}',
  network: '[0-9a-f]{64}',
  id: '[0-9a-f]{64}',
  'scope-bridge': '[0-9a-f]{64}',
  handle: '[0-9a-f]{32}',
  op: '\\d+\\.\\d+',
  ip: '\\d+\\.\\d+\\.\\d+\\.\\d+',
  uuid: '[0-9a-f-]{36}',
};

/** Keys whose numbers are times or depend on the machine. */
const VOLATILE = new Set(['createTime', 'startTime', 'stopTime', 'NGoroutines', 'SystemTime', 'time', 'timeNano', 'GoVersion', 'IndexServerAddress']);

export class Bindings {
  private values: Map<string, string>;

  constructor(known: Readonly<Record<string, string>>) {
    this.values = new Map(Object.entries(known));
  }

  copy(): Bindings {
    return new Bindings(Object.fromEntries(this.values));
  }

  adopt(other: Bindings): void {
    this.values = new Map(other.values);
  }

  set(placeholder: string, value: string): void {
    this.values.set(placeholder.slice(1, -1), value);
  }

  /** Replaces placeholders by what they stand for; one that is not bound yet stays. */
  fill(text: string): string {
    return text.replace(PLACEHOLDER, (whole, name: string, length: string | undefined) => {
      const value = this.values.get(name);
      return value === undefined ? whole : length === undefined ? value : value.slice(0, Number(length));
    });
  }

  /** Whether `actual` is `recorded` with the placeholders filled in; binds the new ones. */
  match(recorded: string, actual: string): boolean {
    const names: string[] = [];
    const pattern = times(recorded)
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/<([a-z-]+(?:-\d+)?)(?::(\d+))?>/g, (whole, name: string, length: string | undefined) => {
        const value = this.values.get(name);
        if (value !== undefined) return (length === undefined ? value : value.slice(0, Number(length))).replaceAll('.', '\\.');
        const form = FORMS[name] ?? FORMS[name.replace(/-\d+$/, '')];
        if (form === undefined) return name === 'time' || name === 'digest' ? whole : '.*?';
        if (names.includes(name)) return `\\${String(names.indexOf(name) + 1)}`;
        names.push(name);
        return `(${form})`;
      });
    const found = new RegExp(`^${pattern}$`, 's').exec(times(actual));
    if (found === null) return false;
    for (const [index, name] of names.entries()) this.values.set(name, found[index + 1] ?? '');
    return true;
  }
}

const LABEL = /^[0-9a-f]{16}$/;

/** Every scenario starts at 10 o'clock of 20 August 2018. */
const RECORDING_DAY = 1_534_723_200;

/**
 * `shape`: text counts for nothing; `unordered`: lines and elements in any order; `kinds`: documents with the same keys
 * and types, whatever their numbers and the names in `networks`.
 */
export type Lax = 'shape' | 'unordered' | 'kinds' | undefined;

export function compareBody(recorded: unknown, text: string, bindings: Bindings, lax: Lax): readonly string[] {
  let actual: unknown;
  try {
    actual = JSON.parse(text);
  } catch {
    return [`no JSON: ${text.slice(0, 200)}`];
  }
  if (lax === 'kinds') return compareKinds(JSON.stringify(recorded), JSON.stringify(actual));
  return compareValues(recorded, actual, bindings, lax, '$');
}

export function compareText(recorded: string, actual: string, bindings: Bindings, lax: Lax): readonly string[] {
  if (lax === 'unordered') {
    const lines = (text: string): string[] =>
      text
        .split(/(?<=\n)/)
        .map((line) => times(line))
        .sort();
    // A shell remarks on the signal that ended its `sleep`, if it was in one just then.
    const remark = /(Hangup|Terminated)\n$/;
    const [wanted, got] = [recorded, actual].map((text) => lines(text).filter((line) => !remark.test(line))) as [string[], string[]];
    return wanted.join('') === got.join('') ? [] : [`lines ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`];
  }
  if (lax === 'shape') return [];
  if (lax === 'kinds') return compareKinds(recorded, actual);
  return bindings.match(recorded, actual) ? [] : [`text ${JSON.stringify(actual)} instead of ${JSON.stringify(bindings.fill(recorded))}`];
}

/** Every recorded kind of line is there, and no other. */
function compareKinds(recorded: string, actual: string): readonly string[] {
  const kinds = (text: string): readonly string[] => {
    const lines = text.split('\n').filter((line) => line !== '');
    return [...new Set(lines.map((line) => JSON.stringify(kindOf(JSON.parse(line), ''))))].sort();
  };
  const [wanted, got] = [kinds(recorded), kinds(actual)];
  return wanted.join() === got.join() ? [] : [`kinds of lines ${got.join(' ')} instead of ${wanted.join(' ')}`];
}

function kindOf(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => kindOf(item, ''));
  if (typeof value !== 'object' || value === null) return typeof value === 'string' && !/^\d{4}-/.test(value) ? value : value === null ? null : typeof value;
  const entries = Object.entries(value).map(([name, item]) => [key === 'networks' ? '*' : name, kindOf(item, name)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function compareValues(recorded: unknown, actual: unknown, bindings: Bindings, lax: Lax, path: string): readonly string[] {
  const differs = (): readonly string[] => [`${path}: ${JSON.stringify(actual ?? null).slice(0, 300)} instead of ${JSON.stringify(recorded).slice(0, 300)}`];
  const key = path.split('.').at(-1) ?? '';
  if (VOLATILE.has(key)) return typeof recorded === typeof actual ? [] : differs();
  if (typeof recorded === 'string') {
    if (typeof actual !== 'string') return differs();
    // Documents kept as strings are compared as documents.
    if (key === 'Value' && recorded.startsWith('{')) return compareBody(JSON.parse(recorded), actual, bindings, lax);
    return bindings.match(recorded, actual) ? [] : differs();
  }
  if (Array.isArray(recorded)) {
    if (!Array.isArray(actual) || actual.length !== recorded.length) return differs();
    if (lax === 'unordered') return compareSets(recorded, actual, bindings, path);
    return recorded.flatMap((item, index) => compareValues(item, (actual as unknown[])[index], bindings, lax, `${path}.${String(index)}`));
  }
  if (typeof recorded === 'object' && recorded !== null) {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return differs();
    const wanted = new Map(Object.entries(recorded).map(([name, value]) => [bindings.fill(name), value] as const));
    const names = [...new Set([...wanted.keys(), ...Object.keys(actual)])];
    return names.flatMap((name) => {
      const there = path === '$' ? `$.${name}` : `${path}.${name}`;
      // Labels of disks are made from the names of volumes.
      if (name === 'Mountpoint' && /^<uuid-\d+>$/.test(String(wanted.get('Name'))) && LABEL.test(String((actual as Record<string, unknown>)[name]))) return [];
      if (!wanted.has(name)) return [`${there}: ${JSON.stringify((actual as Record<string, unknown>)[name]).slice(0, 200)} where there is nothing`];
      if (!(name in actual)) return [`${there}: missing, should be ${JSON.stringify(wanted.get(name)).slice(0, 200)}`];
      return compareValues(wanted.get(name), (actual as Record<string, unknown>)[name], bindings, lax, there);
    });
  }
  if (isRecordedTime(recorded) && typeof actual === 'number') return [];
  return recorded === actual ? [] : differs();
}

/** Unix seconds of a scenario's own day: when the replay runs it is another one. */
function isRecordedTime(value: unknown): boolean {
  return typeof value === 'number' && value >= RECORDING_DAY && value < RECORDING_DAY + 86_400;
}

function compareSets(recorded: readonly unknown[], actual: readonly unknown[], bindings: Bindings, path: string): readonly string[] {
  const left = [...actual];
  const problems: string[] = [];
  for (const [index, item] of recorded.entries()) {
    const at = left.findIndex((candidate) => compareValues(item, candidate, bindings.copy(), 'unordered', path).length === 0);
    if (at < 0) {
      problems.push(`${path}: nothing like ${JSON.stringify(item).slice(0, 300)} (element ${String(index)}) in ${JSON.stringify(left).slice(0, 500)}`);
    } else compareValues(item, left.splice(at, 1)[0], bindings, 'unordered', path);
  }
  return problems;
}

/** Times in text as one word; likewise digests of manifests, which are signed anew for every recording. */
function times(text: string): string {
  return text
    .replace(/(@|Digest: )sha256:(?:[0-9a-f]{64}|<id-\d+>)/g, '$1<digest>')
    .replace(/"time":\d+,"timeNano":\d+/g, '"time":<n>,"timeNano":<n>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replace(/^((?:Up|Exited \(\d+\)) )\d+ seconds/, '$1<n> seconds');
}
