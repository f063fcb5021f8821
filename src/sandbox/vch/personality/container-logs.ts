/** A container's log as the Docker API sends it: in frames that all say standard output, or plain for a terminal. */
import { follow, type LogRequest } from '../port-layer/handlers/logs.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { Vm } from '../port-layer/vm.ts';
import { DockerError } from './errors.ts';

const HEADER_LENGTH = 8;
const STDOUT = 1;

/** Throws 400 when no stream is chosen. */
export function logRequest(query: URLSearchParams): LogRequest {
  const on = (name: string): boolean => ['1', 'true'].includes(query.get(name) ?? '');
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
    if (bytes.length > 0) yield tty ? bytes : framed(bytes);
  }
}

function framed(bytes: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt8(STDOUT);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}
