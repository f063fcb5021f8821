/** JSON as Go's encoding/json writes and refuses it. */
import { DockerError } from './errors.ts';

/** What HTML gives a meaning to is escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Throws 500 with the words of Go's decoder, as far as the place of the error tells them. */
export function parseGoJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (isCut(text)) throw new DockerError(500, 'unexpected EOF');
    const message = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(message)?.[1];
    const character = at === undefined ? (/token '?(.)/.exec(message)?.[1] ?? '') : (text[Number(at)] ?? '');
    throw new DockerError(500, character === '' ? 'unexpected EOF' : `invalid character '${character}' looking for beginning of value`);
  }
}

/** The beginning of a JSON document, as far as brackets and quotes tell. */
function isCut(text: string): boolean {
  const outside = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
  const opened = (outside.match(/[[{]/g) ?? []).length - (outside.match(/[\]}]/g) ?? []).length;
  return opened > 0 || outside.includes('"');
}
