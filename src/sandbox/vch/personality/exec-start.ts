/** `POST /exec/{id}/start`: launches a command, with its streams on the connection or without. */
import { bindInteraction } from '../port-layer/handlers/streams.ts';
import { modify } from '../port-layer/handles.ts';
import { DroppedConnection } from '../port-layer/replies.ts';
import { changeTask, type TaskConfig } from '../port-layer/vm-config.ts';
import type { Vm } from '../port-layer/vm.ts';
import type { PersonalityParts } from './api.ts';
import { attachStreams, type Attachment } from './attach-streams.ts';
import { logContainer } from './container-events.ts';
import { DEFAULT_DETACH_KEYS } from './detach-keys.ts';
import { DockerError } from './errors.ts';
import { findExec, untilLaunched } from './exec-state.ts';
import { changed } from './operate.ts';
import { deafConnection, type RawConnection } from './raw-connection.ts';
import { frame, STDOUT } from './stream-frame.ts';

interface Started {
  readonly parts: PersonalityParts;
  readonly vm: Vm;
  readonly id: string;
}

/** Resolves when the command runs. Throws why it does not, and drops the connection of a command that has streams. */
export async function startDetached({ parts, vm, id }: Started, signal: AbortSignal): Promise<void> {
  const task = await launch({ parts, vm, id });
  const nobody = new AbortController();
  if (task.attach) void attachStreams(parts.state, { ...attachmentOf(task, false), stdin: false }, deafConnection(nobody.signal));
  try {
    await untilLaunched(parts.state, vm, id, signal);
  } finally {
    nobody.abort();
  }
  if (task.attach) throw new DroppedConnection('a command with streams was started without them');
}

/** Copies until the command has ended, or its client has left it; what goes wrong is said on the stream. */
export async function startAttached({ parts, vm, id }: Started, terminal: boolean, connection: RawConnection): Promise<void> {
  const { state, events } = parts;
  let streaming: Promise<'ended' | 'detached'> | undefined;
  try {
    const task = await launch({ parts, vm, id });
    if (task.attach) streaming = attachStreams(state, attachmentOf(task, !terminal), connection);
    await untilLaunched(state, vm, id, connection.left);
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    // Where there are streams, they end with the launch, and the connection with them.
    const text = Buffer.from(`${error.message}\r\n`);
    if (streaming === undefined) await connection.write(terminal ? text : frame(STDOUT, text));
  }
  if (streaming === undefined) return;
  logContainer(events, vm, 'attach');
  if ((await streaming) === 'detached') logContainer(events, vm, 'detach');
}

/** Binds the command, and its streams if it has some: the guest holds it until they are opened. One that runs is left alone. */
async function launch({ parts: { state, events }, vm, id }: Started): Promise<TaskConfig> {
  const { task, state: before } = findExec(state, vm, id);
  if (before.state !== 'running') {
    await changed(async () => {
      findExec(state, vm, id);
      const handle = state.containers.take(vm.id);
      modify(handle, changeTask(id, { active: true }));
      if (task.attach) bindInteraction(handle, id);
      await state.containers.commit(handle, undefined);
    });
  }
  logContainer(events, vm, `exec_start: ${task.path} ${task.argv.slice(1).join(' ')}`);
  return task;
}

/** The keys to detach by cannot be chosen for commands. */
function attachmentOf(task: TaskConfig, framed: boolean): Attachment {
  const { id, openStdin, attach, tty } = task;
  return { id, stdin: openStdin, stdout: attach, stderr: attach, tty, framed, closeInput: true, detachKeys: DEFAULT_DETACH_KEYS };
}
