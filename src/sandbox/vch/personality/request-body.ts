/** The JSON body of a call, with the refusals of Docker's server. */
import { DockerError } from './errors.ts';
import { parseGoJson } from './go-json.ts';

/** `bytes` is the whole body; `type` its Content-Type, empty without one. Undefined: there is none. */
export function parseBody(bytes: Buffer, type: string): unknown {
  const text = bytes.toString('utf8').trim();
  if (text === '' && type === '') return undefined;
  if (!/^application\/json\b/.test(type)) throw new DockerError(500, `Content-Type specified (${type}) must be 'application/json'`);
  return text === '' ? undefined : parseGoJson(text);
}
