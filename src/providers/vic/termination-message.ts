import { messageOf } from '../../errors/vick-error.ts';
import type { ContainerLogs } from '../../kubelet/capabilities.ts';
import type { ObservedPod, ObservedState } from '../../kubelet/provider.ts';
import type { Log } from '../../platform/log.ts';
import type { Look } from './look.ts';

/** Ends of logs that stand for termination messages, where a container asked for that. A message file cannot be read. */
export interface TerminationMessages {
  /** What was seen, with the messages of containers that have failed. What cannot be read is left out, and tried again. */
  add(look: Look, signal: AbortSignal): Promise<ObservedPod>;
  forget(uid: string): void;
}

/** pkg/kubelet/kuberuntime: MaxContainerTerminationMessageLogLines and …LogLength. */
const LINES = 80;
const BYTES = 2048;

type Exit = Extract<ObservedState, { kind: 'exited' }>;

export function terminationMessages(logs: ContainerLogs, log: Log): TerminationMessages {
  /** By pod, then by container: of which run, and what it said. */
  const known = new Map<string, Map<string, { readonly startedAt: number | undefined; readonly message: string }>>();

  const read = async (uid: string, container: string, exit: Exit, signal: AbortSignal): Promise<string | undefined> => {
    const { startedAt } = exit;
    const found = known.get(uid)?.get(container);
    if (found !== undefined && found.startedAt === startedAt) return found.message;
    try {
      const options = { follow: false, previous: false, timestamps: false, tailLines: LINES };
      const bytes = Buffer.concat((await (await logs.open({ uid, container }, options, signal)).toArray({ signal })) as Buffer[]);
      const message = bytes.subarray(-BYTES).toString('utf8');
      known.set(uid, new Map(known.get(uid)).set(container, { startedAt, message }));
      return message;
    } catch (error) {
      signal.throwIfAborted();
      log.debug('the end of a log cannot be read', { uid, container, error: messageOf(error) });
      return undefined;
    }
  };

  return {
    add: async ({ pod, vm: { identity }, runs }, signal) => {
      // The log is that of the one which started with the VM.
      const logged = (name: string): boolean => runs.tasks[name] === undefined && (runs.group.length === 1 || !runs.group.includes(name));
      const asked = identity.containers.filter(({ logMessage, name }) => logMessage === true && logged(name)).map(({ name }) => name);
      if (asked.length === 0) return pod;
      const containers = await Promise.all(
        pod.containers.map(async (container) => {
          const { name, state } = container;
          if (state.kind !== 'exited' || state.exitCode === 0 || state.message !== undefined || !asked.includes(name)) return container;
          const message = await read(pod.uid, name, state, signal);
          return message === undefined || message === '' ? container : { ...container, state: { ...state, message } };
        }),
      );
      return { ...pod, containers };
    },
    forget: (uid) => {
      known.delete(uid);
    },
  };
}
