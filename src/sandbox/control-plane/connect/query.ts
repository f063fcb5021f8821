/** Options that come as query parameters, read as the API machinery reads them (k8s.io/apimachinery/pkg/runtime/conversion.go). */
import { badRequest } from '../status-errors.ts';

/** Absent, `false` and `0` are false; anything else is true, the empty value too. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && !['false', '0'].includes(value.toLowerCase());
}

/** Undefined when absent. Throws a 400 for what is no 64-bit integer. */
export function integer(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (BigInt.asIntN(64, value) !== value) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

/** RFC 3339 with whole seconds; undefined when absent or empty. Throws a 400. */
export function time(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null || text === '' || text === 'null') return undefined;
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw badRequest(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`);
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** `?a=1&b=2`, sorted by name as Go's url.Values are encoded; '' for none. */
export function encodeQuery(parameters: readonly (readonly [name: string, value: string])[]): string {
  const search = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]));
  search.sort();
  // Go leaves tildes and escapes asterisks; URLSearchParams does it the other way round.
  const text = search.toString().replaceAll('%7E', '~').replaceAll('*', '%2A');
  return text === '' ? '' : `?${text}`;
}
