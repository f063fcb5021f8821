import type { DockerEngine } from '../../../clients/docker-engine/port.ts';
import type { PortLayer } from '../../../clients/port-layer/port.ts';
import { messageOf, VickError } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import { jitter, type Random } from '../../../platform/random.ts';

export interface WaitForVchOptions {
  readonly portLayer: PortLayer;
  readonly engine: DockerEngine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For each of the two services; default 10 minutes, as virtual-kubelet's VIC provider waits. */
  readonly budgetMs?: number;
}

const BUDGET_MS = 10 * 60_000;
const FIRST_PAUSE_MS = 500;
const CAP_MS = 2_000;

/** Resolves when the port layer and then the Docker personality answer; KUBELET_BACKEND when one does not in time. */
export async function waitForVch(options: WaitForVchOptions, signal: AbortSignal): Promise<void> {
  await waitFor(options, `port layer ${options.portLayer.address}`, () => options.portLayer.ping(signal), signal);
  await waitFor(options, `Docker personality ${options.engine.address}`, () => options.engine.info(signal), signal);
}

async function waitFor(options: WaitForVchOptions, what: string, probe: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { clock, random, log, budgetMs = BUDGET_MS } = options;
  const end = clock.monotonic() + budgetMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = CAP_MS) {
    signal.throwIfAborted();
    try {
      await probe();
      log.info(`${what} answers`);
      return;
    } catch (error) {
      signal.throwIfAborted();
      const wait = jitter(random, pause, 0.5);
      if (clock.monotonic() + wait > end) {
        throw new VickError('KUBELET_BACKEND', `the ${what} did not answer within ${String(Math.round(budgetMs / 1000))} s: ${messageOf(error)}`, {
          hint: 'Check that the VCH is powered on, and PORTLAYER_ADDR and PERSONA_ADDR.',
          cause: error,
        });
      }
      log.info(`waiting for the ${what}`, { error: messageOf(error) });
      await clock.sleep(wait, signal);
    }
  }
}
