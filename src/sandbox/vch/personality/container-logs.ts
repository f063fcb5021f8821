/** A container's log as the Docker API sends it: in frames that all say standard output, or plain for a terminal. */
import { follow, type LogRequest } from '../port-layer/handlers/logs.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { Vm } from '../port-layer/vm.ts';
import { DockerError } from './errors.ts';
import { formBoolean } from './form-values.ts';
import { frame, STDOUT } from './stream-frame.ts';

/** Throws 400 when no stream is chosen. */
export function logRequest(query: URLSearchParams): LogRequest {
  const on = (name: string): boolean => formBoolean(query, name);
  if (!on('stdout') && !on('stderr')) throw new DockerError(400, 'Bad parameters: you must choose at least one stream');
  const tail = query.get('tail') ?? 'all';
  return {
    since: Math.floor(Number(query.get('since') ?? 0)) || 0,
    tail: /^\d+$/.test(tail) ? Number(tail) : -1,
    timestamp: on('timestamps'),
    follow: on('follow'),
  };
}

export async function* containerLog(state: PortLayerState, vm: Vm, request: LogRequest, signal: AbortSignal): AsyncGenerator<Buffer> {
  const tty = vm.config.tasks.find((task) => task.id === vm.id)?.tty === true;
  for await (const entries of follow(state, vm, request, signal)) {
    const bytes = Buffer.concat([...entries]);
    if (bytes.length > 0) yield tty ? bytes : frame(STDOUT, bytes);
  }
}
