/** Attaching to a container: by a connection that is taken over, or a WebSocket (vmware/vic lib/apiservers/engine/backends/container.go). */
import type { Vm } from '../port-layer/vm.ts';
import { bindInteraction } from '../port-layer/handlers/streams.ts';
import type { DockerReply, PersonalityParts, Route } from './api.ts';
import { attachStreams, type Attachment } from './attach-streams.ts';
import { logContainer } from './container-events.ts';
import { findContainer } from './containers.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from './detach-keys.ts';
import { DockerError } from './errors.ts';
import { formBoolean } from './form-values.ts';
import { changed } from './operate.ts';
import type { RawConnection } from './raw-connection.ts';

type Wanted = Pick<Attachment, 'stdin' | 'stdout' | 'stderr' | 'framed'>;

export const attachHandlers: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/containers\/([^/]+)\/attach$/,
    handle: async (parts, { query }, match) => {
      const wanted = { stdin: formBoolean(query, 'stdin'), stdout: formBoolean(query, 'stdout'), stderr: formBoolean(query, 'stderr'), framed: true };
      return refusedRaw(async () => {
        const serve = await attach(parts, match[1] ?? '', wanted, query.get('detachKeys') ?? '');
        return { kind: 'hijack', apiHeaders: false, serve };
      });
    },
  },
  {
    // Both outputs, mixed.
    method: 'GET',
    path: /^\/containers\/([^/]+)\/attach\/ws$/,
    handle: async (parts, { query }, match) => {
      const wanted = { stdin: true, stdout: true, stderr: true, framed: false };
      return { kind: 'websocket', serve: await attach(parts, match[1] ?? '', wanted, query.get('detachKeys') ?? '') };
    },
  },
];

/** Connects the container, which need not run yet, before the connection is taken over. */
async function attach(parts: PersonalityParts, name: string, wanted: Wanted, detachKeys: string): Promise<(connection: RawConnection) => Promise<void>> {
  const { state, events } = parts;
  const vm = findContainer(state, name);
  await changed(async () => {
    const handle = state.containers.take(vm.id);
    bindInteraction(handle, vm.id);
    await state.containers.commit(handle, undefined);
  });
  const keys = detachKeys === '' ? DEFAULT_DETACH_KEYS : parseDetachKeys(detachKeys);
  return async (connection) => {
    logContainer(events, vm, 'attach');
    // It is found out too late to be told.
    if (keys === undefined) return;
    const result = await attachStreams(state, attachmentOf(vm, wanted, keys), connection);
    if (result === 'detached') logContainer(events, vm, 'detach');
  };
}

function attachmentOf(vm: Vm, wanted: Wanted, detachKeys: readonly number[]): Attachment {
  const tty = vm.config.tasks.find((task) => task.id === vm.id)?.tty === true;
  // `StdinOnce` is taken to be set, whatever was asked for: it is not in the record.
  return { ...wanted, id: vm.id, tty, framed: wanted.framed && !tty, closeInput: true, detachKeys };
}

/** A refusal is written as the stream would have been. */
async function refusedRaw(work: () => Promise<DockerReply>): Promise<DockerReply> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    return { kind: 'raw-error', status: error.status, message: error.message };
  }
}
