import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';

const PAUSE_MS = 1_000;

/** Resolves once the engine answers. KUBELET_BACKEND after `budgetMs`, with what it said last. */
export async function waitForEngine(
  engine: ContainerEngine,
  { clock, log, budgetMs }: { readonly clock: Clock; readonly log: Log; readonly budgetMs: number },
  signal: AbortSignal,
): Promise<void> {
  const until = clock.monotonic() + budgetMs;
  let told = false;
  for (;;) {
    try {
      await engine.ping(signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (clock.monotonic() >= until) {
        throw new VickError('KUBELET_BACKEND', `the container engine ${engine.address} does not answer: ${messageOf(error)}`, {
          hint: 'Check that it runs, and that --engine names its socket or port.',
          cause: error,
        });
      }
      if (!told) log.warn('waiting for the container engine', { error: messageOf(error) });
      told = true;
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}
