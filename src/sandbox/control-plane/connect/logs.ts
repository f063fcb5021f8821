/** pods/log: reads a container's log from its kubelet (pkg/registry/core/pod/rest/log.go). */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ApiError } from '../api-error.ts';
import { send as answer } from '../http/respond.ts';
import { invalid, type Problem } from '../status-errors.ts';
import { send } from './backend.ts';
import { findContainer } from './container.ts';
import { DialError, dialTls, hostPort } from './dial.ts';
import { kubeletLocation } from './kubelet-location.ts';
import { encodeQuery, flag, integer, time } from './query.ts';
import { refusalOf } from './refusal.ts';
import type { ConnectParts, PodRequest } from './parts.ts';

export async function serveLog({ namespace, name, query, signal }: PodRequest, response: ServerResponse, parts: ConnectParts): Promise<void> {
  const parameters = logParameters(name, query);
  const { container, node } = findContainer(parts.store, namespace, name, query.get('container') ?? '');
  if (node === '') {
    answer(response, 204, '', {});
    return;
  }
  const place = kubeletLocation(parts.store, node);
  const target = `/containerLogs/${namespace}/${name}/${container}${encodeQuery(parameters)}`;
  const headers = [
    ['Host', hostPort(place)],
    ['User-Agent', 'Go-http-client/1.1'],
  ] as const;
  const { response: log } = await (async () => {
    try {
      return await send(await dialTls(place, parts.identity, parts.clock, signal), { method: 'GET', target, headers }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof DialError ? error.message : (error as Error).message;
      throw new ApiError(500, '', `Get "https://${hostPort(place)}${target}": ${why}`);
    }
  })();
  const status = log.statusCode ?? 0;
  if (status < 200 || status > 206) throw await refusalOf(log, 'pods/log', name);
  response.writeHead(200, { 'Cache-Control': 'no-cache, private', 'Content-Type': 'text/plain' });
  response.flushHeaders();
  await pipeline(log, response, { signal });
}

/** PodLogOptions, checked and as the kubelet gets them. Throws 400 or 422. */
function logParameters(pod: string, query: URLSearchParams): readonly (readonly [string, string])[] {
  const tailLines = integer(query, 'tailLines');
  const limitBytes = integer(query, 'limitBytes');
  const sinceSeconds = integer(query, 'sinceSeconds');
  const sinceTime = time(query, 'sinceTime');
  const problems: Problem[] = [];
  const wrong = (field: string, value: bigint, must: string): void =>
    void problems.push({ reason: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${must}` });
  if (tailLines !== undefined && tailLines < 0n) wrong('tailLines', tailLines, 'must be greater than or equal to 0');
  if (limitBytes !== undefined && limitBytes < 1n) wrong('limitBytes', limitBytes, 'must be greater than 0');
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    problems.push({ reason: 'FieldValueForbidden', field: '', message: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified' });
  } else if (sinceSeconds !== undefined && sinceSeconds < 1n) wrong('sinceSeconds', sinceSeconds, 'must be greater than 0');
  if (query.has('stream')) problems.push({ reason: 'FieldValueForbidden', field: 'stream', message: 'Forbidden: may not be specified' });
  if (problems.length > 0) throw invalid('PodLogOptions', '', pod, problems);
  const flags = ['follow', 'previous', 'timestamps'].filter((name) => flag(query, name)).map((name) => [name, 'true'] as const);
  const values = Object.entries({ tailLines, limitBytes, sinceSeconds, sinceTime });
  return [...flags, ...values.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]))];
}
