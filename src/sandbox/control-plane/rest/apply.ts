import { DecodeError } from '../api-error.ts';
import type { Engine } from '../engine.ts';
import { parseYaml } from '../http/decode.ts';
import { isObject } from '../json.ts';
import { notImplemented, badRequest } from '../status-errors.ts';
import { requiredOption } from './options.ts';
import type { Answer, ResourceRequest } from './request.ts';

/** Server-side apply. */
export function handleApply(_engine: Engine, request: ResourceRequest): Answer {
  if ((request.query.get('fieldManager') ?? '') === '') throw requiredOption('PatchOptions', 'fieldManager', 'is required for apply patch');
  let body: unknown;
  try {
    body = parseYaml(request.body.toString('utf8'));
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(`error decoding YAML: ${error.message}`);
    throw error;
  }
  if (!isObject(body)) throw badRequest('error decoding YAML: the patch is no object');
  throw notImplemented('server-side apply');
}
