/** One probe, carried out: the handler that the spec names, its time limit and its retries (pkg/kubelet/prober/prober.go). */
import type { Clock } from '../../../platform/clock.ts';
import type { Container } from '../../../platform/kubernetes-objects.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import { authority } from './connect.ts';
import { execCommand } from './exec-command.ts';
import { grpcHealth } from './grpc-health.ts';
import { HandlerTimeout, type HandlerOutcome, type HandlerTarget } from './handler.ts';
import { actionUrl, httpGet } from './http-get.ts';
import { tcpSocket } from './tcp-socket.ts';

export type ProbeSpec = NonNullable<Container['livenessProbe']>;

/** `error`: the probe could not be carried out, which says nothing about the container. */
export type ProbeOutcome = HandlerOutcome | { readonly result: 'error'; readonly output: string };

const ATTEMPTS = 3;
const DEFAULT_TIMEOUT_SECONDS = 1;
const LATE_MS = 50;

/** Rejects only when the signal aborts. */
export async function runProbe(target: HandlerTarget, probe: ProbeSpec, clock: Clock, signal: AbortSignal): Promise<ProbeOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await limited(target, probe, clock, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= ATTEMPTS) return { result: 'error', output: messageOf(error) };
    }
  }
}

async function limited(target: HandlerTarget, probe: ProbeSpec, clock: Clock, signal: AbortSignal): Promise<HandlerOutcome> {
  signal.throwIfAborted();
  const seconds = probe.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const abort = new AbortController();
  const timeout = new HandlerTimeout(seconds);
  const onAbort = (): void => abort.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const cancel = scheduleFairly(clock, seconds * 1_000, () => abort.abort(timeout));
  // A handler that does not heed its signal must not hold the probe up.
  const ended = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([carryOut(target, probe, abort.signal), ended]);
  } catch (error) {
    signal.throwIfAborted();
    if (abort.signal.reason === timeout) return { result: 'failure', output: timeoutText(target, probe, seconds) };
    throw error;
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

/** A timer that fires late shows that this process stood still, not what it waits for: the time is given back, once. */
function scheduleFairly(clock: Clock, ms: number, callback: () => void): () => void {
  const due = clock.monotonic() + ms;
  let cancel = clock.schedule(ms, () => {
    const late = clock.monotonic() - due;
    if (late < LATE_MS) callback();
    else cancel = clock.schedule(Math.min(late, ms), callback);
  });
  return () => cancel();
}

function carryOut(target: HandlerTarget, { exec, httpGet: http, tcpSocket: tcp, grpc }: ProbeSpec, signal: AbortSignal): Promise<HandlerOutcome> {
  if (exec !== undefined) return execCommand(target, exec.command ?? [], signal);
  if (http !== undefined) return httpGet(target, http, signal);
  if (tcp !== undefined) return tcpSocket(target, tcp, signal);
  if (grpc !== undefined) return grpcHealth(target, grpc, signal);
  return Promise.reject(new Error(`missing probe handler for container ${target.container.name}`));
}

function timeoutText(target: HandlerTarget, { exec, httpGet: http, grpc, tcpSocket: tcp }: ProbeSpec, seconds: number): string {
  const host = target.podIP ?? 'localhost';
  if (exec !== undefined) return `command ${JSON.stringify((exec.command ?? []).join(' '))} timed out after ${String(seconds)}s`;
  if (http !== undefined) return `Get "${actionUrl(target, http).href}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  if (grpc !== undefined) return `timeout: health rpc did not complete within ${String(seconds)}s: service "${authority(host, grpc.port)}"`;
  return `dial tcp ${tcp?.host ?? host}:${String(tcp?.port ?? '')}: i/o timeout`;
}
