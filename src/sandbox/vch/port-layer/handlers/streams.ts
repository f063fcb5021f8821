import type { Readable } from 'node:stream';
import type { Clock } from '../../../../platform/clock.ts';
import { modify, type Handle } from '../handles.ts';
import { DroppedConnection, empty, failed, json, PortLayerError, stream } from '../replies.ts';
import type { Operation } from '../operation.ts';
import { MODELS } from '../schema.ts';
import type { Session } from '../session.ts';
import type { PortLayerState } from '../state.ts';
import { changeTask, joinLogging, setInteraction } from '../vm-config.ts';

/** How long a reader waits for a task to be connected. */
export const CONNECT_WAIT_MS = 50_000;
/** Sent by clients to open the connection before there is input. */
const PRIMER = Buffer.from('v1c#>');

/** Serial ports (interaction, logging) and the streams of running tasks. */
export function streamOperations(state: PortLayerState): readonly Operation[] {
  const { handles } = state;
  const deadline = [{ name: 'deadline', type: 'date-time' }] as const;
  const output = (name: 'stdout' | 'stderr'): Operation => ({
    id: name === 'stdout' ? 'ContainerGetStdout' : 'ContainerGetStderr',
    method: 'GET',
    path: `/interaction/{id}/${name}`,
    query: deadline,
    handle: async ({ path, query, signal }) => {
      const session = await connected(state, path['id'] ?? '', waitUntil(state.clock, query.string('deadline')), signal);
      if (session === undefined) throw new PortLayerError(404);
      const readable = session.open(name);
      return stream(async function* (left) {
        const stop = (): void => {
          session.close(name);
        };
        left.addEventListener('abort', stop, { once: true });
        yield* chunksUntil(readable, left);
      });
    },
  });
  return [
    {
      id: 'InteractionJoin',
      method: 'POST',
      path: '/interaction',
      body: { name: 'config', type: MODELS.InteractionJoinConfig },
      handle: ({ body }) => {
        const handle = handles.need(body['handle']);
        if (handle.config.interaction === 'none') modify(handle, setInteraction('joined'));
        return json({ handle: handle.key });
      },
    },
    {
      id: 'InteractionBind',
      method: 'POST',
      path: '/interaction/binding',
      body: { name: 'config', type: MODELS.InteractionBindConfig },
      handle: ({ body }) => {
        const handle = handles.need(body['handle']);
        bindInteraction(handle, body['id'] as string);
        return json({ handle: handle.key });
      },
    },
    {
      id: 'InteractionUnbind',
      method: 'DELETE',
      path: '/interaction/binding',
      body: { name: 'config', type: MODELS.InteractionUnbindConfig },
      handle: ({ body }) => {
        const handle = handles.need(body['handle']);
        if (handle.base === undefined) throw new DroppedConnection('the handle was never committed');
        modify(handle, setInteraction('joined'));
        modify(handle, changeTask(body['id'] as string, { held: false }));
        return json({ handle: handle.key });
      },
    },
    {
      id: 'LoggingJoin',
      method: 'POST',
      path: '/logging',
      body: { name: 'config', type: MODELS.LoggingJoinConfig },
      handle: ({ body }) => {
        const handle = handles.need(body['handle']);
        if (handle.base !== undefined) throw new DroppedConnection('logging join on an existing container');
        modify(handle, joinLogging);
        return json({ handle: handle.key });
      },
    },
    ...(['POST', 'DELETE'] as const).map((method): Operation => ({
      id: method === 'POST' ? 'LoggingBind' : 'LoggingUnbind',
      method,
      path: '/logging/binding',
      body: { name: 'config', type: method === 'POST' ? MODELS.LoggingBindConfig : MODELS.LoggingUnbindConfig },
      handle: ({ body }) => json({ handle: handles.need(body['handle']).key }),
    })),
    output('stdout'),
    output('stderr'),
    {
      id: 'ContainerSetStdin',
      method: 'POST',
      path: '/interaction/{id}/stdin',
      query: deadline,
      body: { name: 'raw_stream', type: 'stream', required: false },
      consumes: ['application/raw-stream'],
      handle: async ({ path, query, stream: input, signal }) => {
        const id = path['id'] ?? '';
        const session = await connected(state, id, waitUntil(state.clock, query.string('deadline')), signal);
        if (session === undefined) throw noInput(id);
        session.openInput();
        let first = true;
        for await (const chunk of input) {
          const bytes = chunk as Buffer;
          await session.write(first && bytes.subarray(0, PRIMER.length).equals(PRIMER) ? bytes.subarray(PRIMER.length) : bytes);
          first = false;
        }
        return empty();
      },
    },
    {
      id: 'ContainerCloseStdin',
      method: 'DELETE',
      path: '/interaction/{id}/stdin',
      handle: async ({ path, signal }) => {
        const id = path['id'] ?? '';
        const session = await connected(state, id, CONNECT_WAIT_MS, signal);
        if (session === undefined) throw noInput(id);
        await session.closeInput();
        return empty();
      },
    },
    {
      id: 'ContainerResize',
      method: 'POST',
      path: '/interaction/{id}/resize',
      query: [
        { name: 'height', type: 'int32', required: true },
        { name: 'width', type: 'int32', required: true },
      ],
      handle: () => empty(),
    },
  ];
}

/** Connects the serial port; a task that does not run yet is held until it has a reader. Throws as the call answers. */
export function bindInteraction(handle: Handle, id: string): void {
  if (handle.base === undefined) throw new DroppedConnection('the handle was never committed');
  if (handle.config.interaction === 'none') throw failed(500, 'Unable to find a device with desired backing');
  modify(handle, setInteraction('bound'));
  const launched = handle.base.taskStates.get(id);
  if (launched === undefined || !handle.base.poweredOn) modify(handle, changeTask(id, { held: true }));
}

/** What comes until the reader has left: one that waited on would take the next reader's bytes. */
export async function* chunksUntil(source: Readable, left: AbortSignal): AsyncGenerator<Buffer, void> {
  while (!left.aborted) {
    const chunk = source.read() as Buffer | null;
    if (chunk !== null) {
      yield chunk;
      continue;
    }
    if (source.readableEnded || source.closed) return;
    await new Promise<void>((resolve) => {
      const settled = (): void => {
        for (const event of ['readable', 'end', 'close']) source.removeListener(event, settled);
        left.removeEventListener('abort', settled);
        resolve();
      };
      for (const event of ['readable', 'end', 'close']) source.on(event, settled);
      left.addEventListener('abort', settled, { once: true });
    });
  }
}

function waitUntil(clock: Clock, deadline: string | undefined): number {
  return deadline === undefined ? CONNECT_WAIT_MS : Math.max(0, Date.parse(deadline) - clock.now());
}

/** The session of a task whose VM is connected to the attach server, as soon as there is one; undefined after `ms`. */
export async function connected(state: PortLayerState, id: string, ms: number, signal: AbortSignal): Promise<Session | undefined> {
  const find = (): Session | undefined => {
    for (const vm of state.containers.list()) {
      if (vm.config.interaction !== 'bound' || !vm.poweredOn) continue;
      const session = vm.sessions.execs.get(id) ?? vm.sessions.tasks.get(id);
      if (session !== undefined && !session.ended && session.task.attach) return session;
    }
    return undefined;
  };
  const timeout = state.clock.sleep(ms, signal).then(
    () => true,
    () => true,
  );
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    const over = await Promise.race([timeout, state.containers.nextChange().then(() => false)]);
    if (over) return undefined;
  }
}

function noInput(id: string): PortLayerError {
  return failed(404, `No stdin connection found (id: ${id}): attach connector: Connection not found error for id:${id}: context deadline exceeded`);
}
