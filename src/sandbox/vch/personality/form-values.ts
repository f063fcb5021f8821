/** Values of a query as Docker's server reads them (docker/docker api/server/httputils/form.go). */
import { DockerError } from './errors.ts';

const FALSE_WORDS = new Set(['', '0', 'no', 'false', 'none']);

/** Any word that does not say no means yes. */
export function formBoolean(query: URLSearchParams, name: string, absent = false): boolean {
  const text = query.get(name);
  return text === null ? absent : !FALSE_WORDS.has(text.trim().toLowerCase());
}

/** Throws 500 with the words of Go's strconv for what is no whole number; a missing one is the empty text. */
export function formInteger(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (!/^[+-]?\d+$/.test(text)) throw new DockerError(500, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
