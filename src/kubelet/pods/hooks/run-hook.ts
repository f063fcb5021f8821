/** One lifecycle handler, carried out (pkg/kubelet/lifecycle/handlers.go). */
import type { Clock } from '../../../platform/clock.ts';
import type { Container } from '../../../platform/kubernetes-objects.ts';
import { execCommand } from '../probes/exec-command.ts';
import type { HandlerTarget, HttpGetAction } from '../probes/handler.ts';
import { actionUrl, followRedirects } from '../probes/http-get.ts';

export type Hook = NonNullable<NonNullable<Container['lifecycle']>['preStop']>;

export interface HookContext {
  readonly clock: Clock;
  /** An HTTPS hook was answered in plain HTTP, and has succeeded that way. */
  readonly onFallback: () => void;
}

/** Resolves when the hook has succeeded; rejects when it failed, and when the signal aborts. */
export async function runHook(target: HandlerTarget, hook: Hook, context: HookContext, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { exec, httpGet, sleep } = hook;
  if (exec !== undefined) {
    const { result } = await execCommand(target, exec.command ?? [], signal);
    if (result === 'failure') throw new Error('the command exited with a non-zero code');
  } else if (httpGet !== undefined) {
    await request(target, httpGet, context, signal);
  } else if (sleep !== undefined) {
    await context.clock.sleep(sleep.seconds * 1_000, signal);
  } else {
    // tcpSocket is accepted by the API for compatibility alone, and fails when it is run.
    throw new Error('invalid handler');
  }
}

/** Any answer counts, whatever its status. */
async function request(target: HandlerTarget, action: HttpGetAction, context: HookContext, signal: AbortSignal): Promise<void> {
  const url = actionUrl(target, action);
  try {
    await followRedirects(target, action, url, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (url.protocol !== 'https:' || !isPlainAnswer(error)) throw error;
    // Credentials do not go over a connection that turned out to be open.
    const { httpHeaders = [], ...rest } = action;
    const headers = httpHeaders.filter(({ name }) => name.toLowerCase() !== 'authorization');
    const plain = new URL(url.href);
    plain.protocol = 'http:';
    // The port of the scheme is left out of a URL.
    plain.port = url.port === '' ? '443' : url.port;
    await followRedirects(target, { ...rest, httpHeaders: headers }, plain, signal);
    context.onFallback();
  }
}

/** The peer does not speak TLS. */
function isPlainAnswer(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && /wrong.version.number|packet length too long|record layer failure/i.test(cause.message);
}
