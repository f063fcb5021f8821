/** Which members of an archive are meant, and where they go (vmware/vic lib/archive/archiver.go). */
import { posix } from 'node:path';

export interface FilterSpec {
  readonly inclusions: readonly string[];
  readonly exclusions: readonly string[];
  readonly rebasePath: string;
  readonly stripPath: string;
}

const FIELDS = ['inclusions', 'exclusions', 'rebasePath', 'stripPath'] as const;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Base64 of JSON; absent or empty filters nothing. Undefined: it is not such a text. */
export function decodeFilterSpec(text = ''): FilterSpec | undefined {
  const packed = text.replace(/[\r\n]/g, '');
  if (!BASE64.test(packed)) return undefined;
  const json = Buffer.from(packed, 'base64').toString('utf8');
  let value: unknown;
  try {
    value = json === '' ? null : JSON.parse(json);
  } catch {
    return undefined;
  }
  return specOf(value);
}

/** Of the prefixes that a name has, the longest decides; of two alike, the inclusion. */
export function excludes({ inclusions, exclusions }: FilterSpec, name: string): boolean {
  const longest = (prefixes: readonly string[]): number => Math.max(-1, ...prefixes.filter((prefix) => name.startsWith(prefix)).map((prefix) => prefix.length));
  return longest(inclusions) < longest(exclusions);
}

/** The absolute path on the disk for the name of a member; it never leads above the root. */
export function placeOf({ rebasePath, stripPath }: FilterSpec, name: string): string {
  const stripped = name.startsWith(stripPath) ? name.slice(stripPath.length) : name;
  const path = posix.join('/', posix.join(rebasePath, stripped));
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}

/** The name of a member for a path from the root of the disk. */
export function nameOf({ rebasePath, stripPath }: FilterSpec, path: string): string {
  const stripped = path.startsWith(stripPath) ? path.slice(stripPath.length) : path;
  return [rebasePath, stripped].every((part) => part === '') ? '' : posix.join(rebasePath, stripped).replace(/^\//, '');
}

/** As Go's encoding/json reads it: names of fields in any case, null for nothing, unknown fields ignored. */
function specOf(value: unknown): FilterSpec | undefined {
  const empty: FilterSpec = { inclusions: [], exclusions: [], rebasePath: '', stripPath: '' };
  if (value === null) return empty;
  if (!isObject(value)) return undefined;
  const spec: Record<string, unknown> = { ...empty };
  for (const [key, given] of Object.entries(value)) {
    const field = FIELDS.find((name) => name.toLowerCase() === key.toLowerCase());
    if (field === undefined || given === null) continue;
    const read = field === 'rebasePath' || field === 'stripPath' ? (typeof given === 'string' ? given : undefined) : prefixesOf(given);
    if (read === undefined) return undefined;
    spec[field] = read;
  }
  return spec as unknown as FilterSpec;
}

function prefixesOf(given: unknown): readonly string[] | undefined {
  return isObject(given) && Object.values(given).every((value) => value === null || isObject(value)) ? Object.keys(given) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
