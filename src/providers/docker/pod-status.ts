import type { WireContainer } from '../../clients/docker-engine/containers-port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { ObservedContainer, ObservedPod, ObservedState } from '../../kubelet/provider.ts';
import type { DockerContext } from './context.ts';
import { observeContainer } from './observe.ts';
import { listParts, listVolumes } from './parts.ts';
import { ipsOf } from './run-container.ts';
import { terminationMessage } from './termination-message.ts';

/** Facts that cannot change any more, by id: messages of ended runs, digests of images. Dropped when they are many. */
export interface StatusMemory {
  readonly messages: Map<string, string | undefined>;
  readonly imageIds: Map<string, string>;
}

const MEMORY_LIMIT = 5_000;

export async function podStatus(context: DockerContext, memory: StatusMemory, uid: string, signal: AbortSignal): Promise<ObservedPod | undefined> {
  const { engine, nodeName } = context;
  const parts = (await listParts(engine, nodeName, uid, signal)).get(uid);
  if (parts === undefined || (parts.sandbox === undefined && parts.attempts.size === 0)) {
    // Volumes alone are what a creation or a removal has left that did not come to its end.
    const left = parts !== undefined || (await listVolumes(engine, nodeName, uid, signal)).length > 0;
    context.seen.delete(uid);
    return left ? { uid, ips: [], containers: [], sandboxLost: true } : undefined;
  }
  const latest = [...parts.attempts.values()].flatMap(([attempt]) => (attempt === undefined ? [] : [attempt]));
  const [sandbox, ...containers] = await Promise.all([
    parts.sandbox === undefined ? undefined : engine.inspectContainer(parts.sandbox.Id, signal),
    ...latest.map(({ id }) => engine.inspectContainer(id, signal)),
  ]);
  const alive = sandbox?.State?.Running === true;
  const observed = await Promise.all(
    latest.flatMap(({ name }, index): readonly Promise<ObservedContainer>[] => {
      const container = containers[index];
      return container === undefined ? [] : [observe(context, memory, name, container, sandbox, signal)];
    }),
  );
  if (sandbox === undefined && observed.length === 0) return await podStatus(context, memory, uid, signal);
  const ips = sandbox === undefined ? [] : ipsOf(context, sandbox);
  const running = new Map(observed.flatMap(({ name, id, state }) => (state.kind === 'running' ? [[name, id] as const] : [])));
  if (alive) context.seen.set(uid, { ips, running });
  else context.seen.delete(uid);
  return { uid, ips, containers: observed, ...(alive ? {} : { sandboxLost: true }) };
}

async function observe(
  context: DockerContext,
  memory: StatusMemory,
  name: string,
  container: WireContainer,
  sandbox: WireContainer | undefined,
  signal: AbortSignal,
): Promise<ObservedContainer> {
  const state = observeContainer(container, context.startFailures.get(container.Id));
  const imageID = await imageIdOf(context, memory, container.Image, signal);
  const message =
    state.kind === 'exited' && state.message === undefined && sandbox !== undefined
      ? await messageOfRun(context, memory, container, sandbox, signal)
      : undefined;
  const complete: ObservedState = message === undefined || state.kind !== 'exited' ? state : { ...state, message };
  return { name, id: container.Id, ...(imageID === undefined ? {} : { imageID }), state: complete };
}

async function messageOfRun(
  { engine, log }: DockerContext,
  { messages }: StatusMemory,
  container: WireContainer,
  sandbox: WireContainer,
  signal: AbortSignal,
): Promise<string | undefined> {
  // A run is known by its end: some engines let a container run again under its id.
  const key = `${container.Id} ${container.State?.FinishedAt ?? ''}`;
  if (messages.has(key)) return messages.get(key);
  try {
    const message = await terminationMessage(engine, sandbox.Id, container, signal);
    bounded(messages).set(key, message);
    return message;
  } catch (error) {
    signal.throwIfAborted();
    log.warn('the termination message of a container cannot be read', { container: container.Id, error: messageOf(error) });
    return undefined;
  }
}

async function imageIdOf({ engine }: DockerContext, { imageIds }: StatusMemory, image: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  if (image === undefined || image === '') return undefined;
  const known = imageIds.get(image);
  if (known !== undefined) return known;
  const id = image.startsWith('sha256:') ? image : `sha256:${image}`;
  const found = await engine.inspectImage(image, signal);
  const imageID = found?.RepoDigests?.find((digest) => !digest.includes('<none>')) ?? id;
  bounded(imageIds).set(image, imageID);
  return imageID;
}

function bounded<K, V>(map: Map<K, V>): Map<K, V> {
  if (map.size >= MEMORY_LIMIT) map.clear();
  return map;
}
