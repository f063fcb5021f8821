import type { Check } from './check.ts';
import type { Reporter } from '../../platform/talk.ts';

/** Runs `check` as a step of `progress` and says how it ended. */
export async function asStep(progress: Reporter, title: string, check: () => Check | Promise<Check>): Promise<Check> {
  const step = progress.step(title, { brief: true });
  try {
    const result = await check();
    if (result.status === 'fail') step.fail(result.message);
    else if (result.status === 'skip') step.skip(result.message ?? '');
    else step.done(result.status === 'pass' && result.message !== undefined ? `${title}: ${result.message}` : undefined);
    if (result.status === 'warn' && result.message !== undefined) progress.warn(result.message);
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}
