import type { PortLayer } from '../../../clients/port-layer/port.ts';
import { messageOf } from '../../../errors/vick-error.ts';
import type { ContainerLogs } from '../../../kubelet/capabilities.ts';
import type { ObservedPod, ObservedState } from '../../../kubelet/provider.ts';
import type { Clock } from '../../../platform/clock.ts';
import { deadline } from '../../../platform/http-exchange.ts';
import { createLimiter } from '../../../platform/limiter.ts';
import type { Log } from '../../../platform/log.ts';
import type { PodContainer } from '../vm/identity.ts';
import { aliveIn, type Look } from '../vm/look.ts';
import { fileOfRun, type MessageFile } from '../plan/message-file.ts';
import { isPoweredOn } from '../vm/observe.ts';
import { readMessage } from './read-message.ts';
import { isCurrent } from '../vm/runs.ts';
import type { TaskLogs } from '../streams/task-logs.ts';

export interface TerminationMessagesOptions {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  readonly logs: ContainerLogs;
  readonly taskLogs: Pick<TaskLogs, 'of'>;
  readonly log: Log;
}

/** Termination messages: files on the disks of VMs that are off, or ends of logs where a container asked for that. */
export interface TerminationMessages {
  /** What was seen, with the messages of containers that have ended. What cannot be read is left out, and tried again a few times. */
  add(look: Look, signal: AbortSignal): Promise<ObservedPod>;
  forget(uid: string): void;
}

/** pkg/kubelet/kuberuntime: MaxContainerTerminationMessageLogLines and …LogLength. */
const LINES = 80;
const BYTES = 2048;
/** Until the VM is off that has nothing more to run, and until the last of a log is here. */
const WAIT_SECONDS = 5;
const TRIES = 3;
const READERS = 4;

type Exit = Extract<ObservedState, { kind: 'exited' }>;

/** What is known of the last run of a container that was asked for. */
interface Known {
  readonly startedAt: number | undefined;
  file?: string;
  fileTries: number;
  log?: string;
}

export function terminationMessages({ portLayer, clock, logs, taskLogs, log }: TerminationMessagesOptions): TerminationMessages {
  /** By pod, then by container. */
  const known = new Map<string, Map<string, Known>>();
  /** By pod: messages that were told, by file, time and content. The one of an earlier run is not told again for a later one. */
  const told = new Map<string, Map<string, string>>();

  const inTurn = createLimiter(READERS);

  const knownOf = (uid: string, container: string, { startedAt }: Exit): Known => {
    const ofPod = known.get(uid) ?? new Map<string, Known>();
    const found = ofPod.get(container);
    const current = found !== undefined && found.startedAt === startedAt ? found : { startedAt, fileTries: 0 };
    known.set(uid, ofPod.set(container, current));
    return current;
  };

  const isStale = (uid: string, { deviceId, path }: MessageFile, run: string, { text, modifiedAt }: { text: string; modifiedAt: number }): boolean => {
    const ofPod = told.get(uid) ?? new Map<string, string>();
    const key = JSON.stringify([deviceId, path, modifiedAt, text]);
    if (!ofPod.has(key)) told.set(uid, ofPod.set(key, run));
    return ofPod.get(key) !== run;
  };

  /** Empty: there is none. Undefined: it is not known yet. */
  const fromFile = async (look: Look, container: PodContainer, exit: Exit, signal: AbortSignal): Promise<string | undefined> => {
    const { uid } = look.pod;
    const one = knownOf(uid, container.name, exit);
    if (one.file !== undefined) return one.file;
    const file = fileOfRun(look, container, exit);
    if (file === undefined || one.fileTries >= TRIES) return '';
    // While others run the disk is the guest's, and nobody knows for how long.
    if (isPoweredOn(look.vm.info) && aliveIn(look).length > 0) return '';
    const tried = (): void => void (one.fileTries += 1);
    try {
      if (isPoweredOn(look.vm.info) && (await portLayer.waitContainer(look.vm.info.id, WAIT_SECONDS, signal)) === 'running') {
        tried();
        return undefined;
      }
      const found = await readMessage({ portLayer, clock, inTurn }, file, signal, tried);
      const run = `${container.name} ${String(exit.startedAt)}`;
      one.file = found === undefined || isStale(uid, file, run, found) ? '' : found.text;
      return one.file;
    } catch (error) {
      signal.throwIfAborted();
      log.debug('a termination message cannot be read', { uid, container: container.name, error: messageOf(error) });
      return undefined;
    }
  };

  const fromLog = async (uid: string, container: string, exit: Exit, task: boolean, signal: AbortSignal): Promise<string | undefined> => {
    const one = knownOf(uid, container, exit);
    if (one.log !== undefined) return one.log;
    try {
      const bytes = task ? await toEnd(uid, container, signal) : await soFar(uid, container, signal);
      one.log = bytes.subarray(-BYTES).toString('utf8');
      return one.log;
    } catch (error) {
      signal.throwIfAborted();
      log.debug('the end of a log cannot be read', { uid, container, error: messageOf(error) });
      return undefined;
    }
  };

  const readLog = async (uid: string, container: string, follow: boolean, signal: AbortSignal): Promise<Buffer> => {
    const stream = await logs.open({ uid, container }, { follow, previous: false, timestamps: false, tailLines: LINES }, signal);
    return Buffer.concat((await stream.toArray({ signal })) as Buffer[]);
  };
  const soFar = (uid: string, container: string, signal: AbortSignal): Promise<Buffer> => readLog(uid, container, false, signal);
  /** What a task wrote last may still be on its way. */
  const toEnd = async (uid: string, container: string, signal: AbortSignal): Promise<Buffer> => {
    const limit = deadline(clock, WAIT_SECONDS * 1000, signal);
    try {
      return await readLog(uid, container, true, limit.signal);
    } catch (error) {
      if (!limit.expired()) throw error;
      return await soFar(uid, container, signal);
    } finally {
      limit.dispose();
    }
  };

  const messageFor = async (look: Look, container: PodContainer, exit: Exit, signal: AbortSignal): Promise<string | undefined> => {
    const { pod, runs } = look;
    const { name, logMessage } = container;
    const written = await fromFile(look, container, exit, signal);
    if (written !== '' || logMessage !== true || exit.exitCode === 0) return written;
    const task = taskOfRun(look, name);
    // Of several that started with a VM nobody knows whose log it is.
    const logged = task === undefined ? runs.group.length === 1 || !runs.group.includes(name) : taskLogs.of(task) !== undefined;
    return logged ? fromLog(pod.uid, name, exit, task !== undefined, signal) : undefined;
  };

  return {
    add: async (look, signal) => {
      const { pod, vm } = look;
      const asked = new Map(
        vm.identity.containers.filter(({ logMessage, messageFile }) => logMessage === true || messageFile !== undefined).map((one) => [one.name, one]),
      );
      const containers = await Promise.all(
        pod.containers.map(async (container) => {
          const { name, state } = container;
          const own = asked.get(name);
          if (own === undefined || state.kind !== 'exited' || state.message !== undefined) return container;
          const message = await messageFor(look, own, state, signal);
          return message === undefined || message === '' ? container : { ...container, state: { ...state, message } };
        }),
      );
      return asked.size === 0 ? pod : { ...pod, containers };
    },
    forget: (uid) => {
      known.delete(uid);
      told.delete(uid);
    },
  };
}

/** The task that the last run of a container was; undefined: it started with its VM. */
function taskOfRun({ vm, runs }: Look, container: string): string | undefined {
  const startedWithVm = isCurrent(runs, vm.info) && runs.group.includes(container);
  return runs.tasks[container]?.id ?? (startedWithVm ? undefined : runs.past.findLast(({ group }) => group.includes(container))?.task);
}
