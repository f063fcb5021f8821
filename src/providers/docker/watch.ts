import { messageOf } from '../../errors/vick-error.ts';
import type { DockerContext } from './context.ts';
import { LABEL } from './labels.ts';

const RECONNECT_FIRST_MS = 500;
const RECONNECT_CAP_MS = 30_000;

/** Actions that change what a status is made of. */
const ACTIONS = /^(create|start|die|died|kill|oom|stop|cleanup|destroy|remove|rename|pause|unpause|restart|init)$/;

/** Two sources of hints at once: events are quick, but are not replayed; the list is read every `pollMs` besides. */
export async function watchContainers(context: DockerContext, pollMs: number, onChange: (uid: string | undefined) => void, signal: AbortSignal): Promise<void> {
  await Promise.all([followEvents(context, onChange, signal), pollList(context, pollMs, onChange, signal)]);
}

async function followEvents({ engine, nodeName, clock, log }: DockerContext, onChange: (uid: string | undefined) => void, signal: AbortSignal): Promise<void> {
  let pause = RECONNECT_FIRST_MS;
  while (!signal.aborted) {
    try {
      const opened = (): void => {
        pause = RECONNECT_FIRST_MS;
        // Whatever happened while nobody listened is not told again.
        onChange(undefined);
      };
      for await (const { Action = '', Actor } of engine.events({ type: ['container'] }, signal, opened)) {
        const { [LABEL.uid]: uid, [LABEL.node]: node } = Actor?.Attributes ?? {};
        if (uid !== undefined && node === nodeName && ACTIONS.test(Action)) onChange(uid);
      }
      log.debug('the event stream of the engine ended');
    } catch (error) {
      if (stopped(signal)) return;
      log.warn('the event stream of the engine broke', { error: messageOf(error) });
    }
    await clock.sleep(pause, signal).catch(() => undefined);
    pause = Math.min(pause * 2, RECONNECT_CAP_MS);
  }
}

async function pollList(
  { engine, nodeName, clock, log }: DockerContext,
  pollMs: number,
  onChange: (uid: string | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  let seen = new Map<string, string>();
  let failing = false;
  while (!signal.aborted) {
    await clock.sleep(pollMs, signal).catch(() => undefined);
    if (stopped(signal)) return;
    try {
      const listed = await engine.listContainers({ label: [`${LABEL.node}=${nodeName}`] }, signal);
      const now = new Map(listed.map(({ Id, State = '', Labels }) => [`${Labels?.[LABEL.uid] ?? ''}/${Id}`, State]));
      const moved = [...new Set([...seen.keys(), ...now.keys()])].filter((key) => seen.get(key) !== now.get(key));
      for (const uid of new Set(moved.map((key) => key.split('/')[0]))) onChange(uid);
      seen = now;
      if (failing) log.info('the engine can be listed again');
      failing = false;
    } catch (error) {
      if (stopped(signal)) return;
      if (!failing) log.warn('the engine cannot be listed', { error: messageOf(error) });
      failing = true;
    }
  }
}

function stopped(signal: AbortSignal): boolean {
  return signal.aborted;
}
