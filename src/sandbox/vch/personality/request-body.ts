/** The JSON body of a call, with the refusals of Docker's server. */
import { DockerError } from './errors.ts';

/** `bytes` is the whole body; `type` its Content-Type, empty without one. Undefined: there is none. */
export function parseBody(bytes: Buffer, type: string): unknown {
  const text = bytes.toString('utf8').trim();
  if (text === '' && type === '') return undefined;
  if (!/^application\/json\b/.test(type)) throw new DockerError(500, `Content-Type specified (${type}) must be 'application/json'`);
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch (error) {
    throw new DockerError(500, isCut(text) ? 'unexpected EOF' : error instanceof Error ? error.message : String(error));
  }
}

/** The beginning of a JSON document, as far as brackets and quotes tell. */
function isCut(text: string): boolean {
  const outside = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
  const opened = (outside.match(/[[{]/g) ?? []).length - (outside.match(/[\]}]/g) ?? []).length;
  return opened > 0 || outside.includes('"');
}
