import type { Readable } from 'node:stream';
import type { ContainerTarget, LogOptions } from '../../../kubelet/capabilities.ts';
import { findVm, type VicContext } from '../vm/context.ts';
import { stampOf } from '../streams/log-entries.ts';
import { logStream } from '../streams/log-stream.ts';
import { aliveIn } from '../vm/look.ts';

const PAUSE_MS = 1_000;

/**
 * What stands for a log that neither the VCH nor this kubelet has: one line that says so, and with `follow` the wait for the end of the run.
 * An error would say it as well, but readers of several logs at once (`kubectl logs --all-containers`, or of a selector) give
 * up all of them at the first one.
 */
export function noLog(context: VicContext, target: ContainerTarget, { follow, tailLines, timestamps }: LogOptions, signal: AbortSignal): Readable {
  const time = timestamps ? `${stampOf(context.clock.now())} ` : '';
  const ending = new AbortController();
  const until = AbortSignal.any([signal, ending.signal]);
  const text = async function* (): AsyncGenerator<Buffer> {
    if (tailLines !== 0) yield Buffer.from(`${time}(vick: ${reason(target.container)})\n`);
    const first = follow ? await taskOf(context, target, until) : undefined;
    while (first !== undefined && (await taskOf(context, target, until)) === first) await context.clock.sleep(PAUSE_MS, until);
  };
  return logStream(text(), ending, signal);
}

function reason(container: string): string {
  return (
    `the log of the container ${container} is not kept: a VCH writes the log of the first container of a VM only, and this kubelet did not run when ${container} did; ` +
    'with --isolation container each has a log of its own'
  );
}

/** Of the run that is under way. */
async function taskOf(context: VicContext, target: ContainerTarget, signal: AbortSignal): Promise<string | undefined> {
  const look = await context.look(await findVm(context, target, signal), signal);
  return look !== undefined && aliveIn(look).includes(target.container) ? look.runs.tasks[target.container]?.id : undefined;
}
