/** `/containerLogs/{namespace}/{pod}/{container}` (pkg/kubelet/server/server.go: getContainerLogs). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../platform/clock.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { ContainerLogs } from '../capabilities.ts';
import { parseLogQuery } from './log-query.ts';
import { findContainer, findPod, type FoundContainer } from './pod-lookup.ts';
import { HttpError } from './responses.ts';
import type { RouteParameters } from './routes.ts';

export interface LogRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly parameters: RouteParameters;
  readonly signal: AbortSignal;
}

export async function serveContainerLogs(
  { request, response, query, parameters, signal }: LogRequest,
  context: { readonly logs: ContainerLogs | undefined; readonly pods: readonly Pod[]; readonly clock: Clock },
): Promise<void> {
  const pod = findPod(context.pods, parameters);
  if (pod === undefined) throw new HttpError(404, `pod "${parameters.pod ?? ''}" does not exist\n`);
  const found = findContainer(pod, parameters.container);
  if (found === undefined) throw new HttpError(404, `container "${parameters.container ?? ''}" not found in pod "${pod.name}"\n`);
  const { options, limitBytes } = parseLogQuery(query, context.clock.now());
  refuseWithoutLog(found, options.previous);
  if (context.logs === undefined) throw new HttpError(501, 'the back end of this node keeps no container logs');
  const source = await context.logs.open({ uid: found.uid, container: found.container }, options, signal);
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' });
  response.flushHeaders();
  if (request.method === 'HEAD') {
    source.destroy();
    response.end();
    return;
  }
  await pipeline(limitBytes === undefined ? source : firstBytes(source, limitBytes), response, { signal, end: false });
  await endApart(response);
}

/**
 * Ends the answer in a TLS record of its own. Go's reader gives the last bytes together with the end of the body when it
 * finds both in one record, and the API server loses them when it passes a log on over WebSocket
 * (apiserver/pkg/util/wsstream/stream.go, messageCopy).
 */
async function endApart(response: ServerResponse): Promise<void> {
  // The callback comes when everything before it was given to the kernel; it fails when the caller has gone.
  await new Promise<void>((resolve) => {
    response.write('', () => resolve());
  });
  response.end();
}

/** Says why a container has no log yet, or no earlier one (pkg/kubelet/kubelet_pods.go: validateContainerLogStatus). */
function refuseWithoutLog({ container, name, status }: FoundContainer, previous: boolean): void {
  const what = `container "${container}" in pod "${name}"`;
  if (status === undefined) throw new HttpError(400, `${what} is waiting to start: ContainerCreating`);
  const last = status.lastState?.terminated;
  if (previous) {
    if ((last?.containerID ?? '') === '') throw new HttpError(400, `previous terminated ${what} not found`);
    return;
  }
  const { running, terminated, waiting } = status.state ?? {};
  if (running !== undefined) return;
  if (terminated !== undefined || last !== undefined) {
    if ((terminated?.containerID ?? '') === '' && (last?.containerID ?? '') === '') throw new HttpError(400, `${what} is terminated`);
    return;
  }
  throw new HttpError(400, `${what} is waiting to start: ${waitingReason(waiting?.reason)}`);
}

function waitingReason(reason: string | undefined): string {
  if (reason === 'ErrImagePull') return "image can't be pulled";
  if (reason === 'ImagePullBackOff') return 'trying and failing to pull image';
  return reason ?? 'ContainerCreating';
}

/** So many bytes, then the end; the source is closed then. */
async function* firstBytes(source: Readable, limit: number): AsyncGenerator<Buffer, void> {
  let left = limit;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
