import { containerFailure } from '../../clients/docker-engine/container-failure.ts';
import type { ContainerSpec, WireContainer } from '../../clients/docker-engine/containers-port.ts';
import type { ImageService } from '../../kubelet/capabilities.ts';
import { ProviderFailure, type ContainerRequest, type StartRequest } from '../../kubelet/provider.ts';
import { containerSpec } from './container-spec.ts';
import type { DockerContext } from './context.ts';
import { pullByPolicy } from './images.ts';
import { readKeptPod } from './kept-pod.ts';
import { containerMounts } from './mounts.ts';
import { observeContainer } from './observe.ts';
import { writeOwnFile } from './own-files.ts';
import { listParts, listVolumes, type PodParts } from './parts.ts';
import { containerName, volumeName } from './pod-identity.ts';
import { sandboxIps } from './sandbox.ts';
import { messageFile } from './termination-message.ts';

/** Starts one container of a pod as a new run. The run before it stays until the one after: its log is `previous`. */
export async function startContainer(
  context: DockerContext,
  images: ImageService,
  { uid, containers, define }: StartRequest,
  signal: AbortSignal,
): Promise<void> {
  const { engine, nodeName } = context;
  const name = containers[0] ?? '';
  const parts = (await listParts(engine, nodeName, uid, signal)).get(uid);
  if (parts?.sandbox === undefined) throw new Error(`there is no sandbox for the pod ${uid}`);
  const attempts = parts.attempts.get(name) ?? [];
  const latest = attempts[0];
  const before = latest === undefined ? undefined : await engine.inspectContainer(latest.id, signal);
  const state = before === undefined ? undefined : observeContainer(before, context.startFailures.get(before.Id));
  if (state?.kind === 'running' || state?.kind === 'starting') return;

  const sandbox = await engine.inspectContainer(parts.sandbox.Id, signal);
  if (sandbox?.State?.Running !== true) throw new Error(`the sandbox of the pod ${uid} does not run`);
  const ips = ipsOf(context, sandbox);
  const request = (await define(ips)).find((one) => one.name === name);
  if (request === undefined) throw new Error(`there is no definition for the container ${name}`);

  // A run that never began is none: nobody may look for its log.
  const unborn = state?.kind === 'created' ? latest : undefined;
  if (unborn !== undefined) await engine.removeContainer(unborn.id, signal);
  const number = latest === undefined ? 0 : unborn === undefined ? latest.number + 1 : latest.number;
  const id = await make(context, images, { parts, sandbox, request, number }, signal);
  await launch(context, id, name, signal);
  for (const { id: old, number: of } of attempts) {
    if (of >= number - 1 || old === unborn?.id) continue;
    await engine.removeContainer(old, signal);
    context.startFailures.delete(old);
  }
}

/** A pod on the engine's network has the node's addresses. */
export function ipsOf({ addresses }: DockerContext, sandbox: WireContainer): readonly string[] {
  if (sandbox.State?.Running !== true) return [];
  return readKeptPod(sandbox.Config?.Labels).ownNetwork ? sandboxIps(sandbox) : addresses;
}

interface Making {
  readonly parts: PodParts;
  readonly sandbox: WireContainer;
  readonly request: ContainerRequest;
  readonly number: number;
}

async function make(context: DockerContext, images: ImageService, { parts, sandbox, request, number }: Making, signal: AbortSignal): Promise<string> {
  const { engine, nodeName } = context;
  const { identity } = parts;
  const kept = readKeptPod(sandbox.Config?.Labels);
  const volumes = new Map((await listVolumes(engine, nodeName, identity.uid, signal)).map((volume) => [volume.Name, volume]));
  const file = messageFile(request.name, number);
  const folder = volumes.get(volumeName(identity.uid))?.Mountpoint;
  // Everybody may write it: the user of the container is its own affair.
  if (folder !== undefined) await writeOwnFile(context, { sandbox: sandbox.Id, folder }, { path: file, mode: 0o666, content: new Uint8Array() }, signal);
  const mounts = await containerMounts({ engine, uid: identity.uid, sandbox: sandbox.Id, kept, volumes }, request, file, signal);
  const imageId = request.imageId ?? (await pullByPolicy(images, request, signal));
  const spec = containerSpec({
    node: nodeName,
    pod: identity,
    facts: context.facts,
    sandbox: sandbox.Id,
    attempt: number,
    kept,
    request: { ...request, imageId },
    mounts,
  });
  return await createContainer(context, containerName(request.name, identity, number), spec, request.name, signal);
}

async function createContainer({ engine }: DockerContext, name: string, spec: ContainerSpec, container: string, signal: AbortSignal): Promise<string> {
  try {
    return await engine.createContainer(name, spec, signal);
  } catch (error) {
    const failure = containerFailure(error);
    if (failure?.kind !== 'refused' || failure.httpStatus === 409) throw error;
    throw new ProviderFailure('CreateContainerError', `Error response from the container engine: ${failure.reason}`, { container, cause: error });
  }
}

/** What the runtime refuses is how this run ended; any other failure is none of the container's. */
async function launch({ engine, clock, log, startFailures }: DockerContext, id: string, name: string, signal: AbortSignal): Promise<void> {
  try {
    await engine.startContainer(id, signal);
  } catch (error) {
    const failure = containerFailure(error);
    if (failure?.kind !== 'refused' || failure.httpStatus === 404) {
      if (failure?.httpStatus !== 404 || !isLaunchText(failure.reason)) throw error;
    }
    startFailures.set(id, { text: failure.reason, at: clock.now() });
    log.info('a container could not be started', { container: name, id, error: failure.reason });
  }
}

/** Docker answers 404 for a program that is not there, as for a container that is not. */
function isLaunchText(reason: string): boolean {
  return /OCI runtime|executable file not found|no such file or directory/i.test(reason) && !/no such container/i.test(reason);
}
