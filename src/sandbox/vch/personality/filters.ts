/** The `filters` parameter of Docker's lists (docker/docker api/types/filters): names with sets of values. */
import { DockerError } from './errors.ts';
import { parseGoJson } from './go-json.ts';

export class Filters {
  private readonly fields: ReadonlyMap<string, ReadonlyMap<string, boolean>>;

  private constructor(fields: ReadonlyMap<string, ReadonlyMap<string, boolean>>) {
    this.fields = fields;
  }

  /** Both forms are read: values as keys of an object, and as a list. Throws 500 for anything else. */
  static parse(text: string | null): Filters {
    if (text === null || text === '') return new Filters(new Map());
    const value = parseGoJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(value, 'map[string]map[string]bool');
    const fields = Object.entries(value).map(([name, values]) => [name, readValues(values)] as const);
    return new Filters(new Map(fields));
  }

  get empty(): boolean {
    return this.fields.size === 0;
  }

  has(name: string): boolean {
    return this.fields.has(name);
  }

  values(name: string): readonly string[] {
    return [...(this.fields.get(name)?.keys() ?? [])];
  }

  /** Throws 500 for a filter that is not among `known`. */
  allowOnly(known: ReadonlySet<string>): void {
    for (const name of this.fields.keys()) if (!known.has(name)) throw new DockerError(500, `Invalid filter '${name}'`);
  }

  /** True without such a filter; else the text is one of its values. */
  exact(name: string, text: string): boolean {
    const values = this.fields.get(name);
    return values === undefined || values.size === 0 || values.get(text) === true;
  }

  /** As `exact`, or the text begins with one of the values. */
  prefix(name: string, text: string): boolean {
    return this.exact(name, text) || this.values(name).some((value) => text.startsWith(value));
  }

  /** As `exact`, or one of the values is a regular expression that is found in the text. */
  pattern(name: string, text: string): boolean {
    return this.exact(name, text) || this.values(name).some((value) => found(value, text));
  }

  /** Every value, `key` or `key=value`, is true of the labels. */
  labels(name: string, labels: Readonly<Record<string, string>>): boolean {
    return this.values(name).every((wanted) => {
      const [key = '', ...rest] = wanted.split('=');
      return Object.hasOwn(labels, key) && (rest.length === 0 || labels[key] === rest.join('='));
    });
  }
}

function readValues(values: unknown): ReadonlyMap<string, boolean> {
  if (values === null) return new Map();
  if (Array.isArray(values)) {
    if (values.every((value) => typeof value === 'string')) return new Map(values.map((value) => [value, true]));
    throw unreadable(values, 'map[string]bool');
  }
  if (typeof values !== 'object') throw unreadable(values, 'map[string]bool');
  const entries = Object.entries(values) as readonly (readonly [string, unknown])[];
  const wrong = entries.find(([, value]) => typeof value !== 'boolean');
  if (wrong !== undefined) throw unreadable(wrong[1], 'bool');
  return new Map(entries.map(([name, value]) => [name, value === true]));
}

function unreadable(value: unknown, wanted: string): DockerError {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new DockerError(500, `json: cannot unmarshal ${kind} into Go value of type ${wanted}`);
}

function found(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}
