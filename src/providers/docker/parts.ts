import type { ContainerEngine, WireListed, WireVolume } from '../../clients/docker-engine/containers-port.ts';
import { LABEL, readIdentity } from './labels.ts';
import type { PodIdentity } from './pod-identity.ts';

/** One run of a container, or one that was only made. */
interface Attempt {
  readonly id: string;
  readonly name: string;
  readonly number: number;
}

/** Everything of one pod that the engine lists. */
export interface PodParts {
  readonly identity: PodIdentity;
  readonly sandbox: WireListed | undefined;
  /** By container name, newest first. */
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>;
  readonly ids: readonly string[];
}

/** By UID; all pods of the node, or one. */
export async function listParts(engine: ContainerEngine, node: string, uid: string | undefined, signal: AbortSignal): Promise<ReadonlyMap<string, PodParts>> {
  const found = new Map<string, { identity: PodIdentity; sandbox?: WireListed; attempts: Map<string, Attempt[]>; ids: string[] }>();
  for (const listed of await engine.listContainers({ label: labelFilter(node, uid) }, signal)) {
    const identity = readIdentity(listed.Labels);
    if (identity === undefined) continue;
    const pod = found.get(identity.uid) ?? { identity, attempts: new Map<string, Attempt[]>(), ids: [] };
    found.set(identity.uid, pod);
    const { [LABEL.container]: container, [LABEL.role]: role } = listed.Labels ?? {};
    if (role === 'sandbox') pod.sandbox = listed;
    else pod.ids.push(listed.Id);
    if (container !== undefined) {
      const attempt = { id: listed.Id, name: container, number: Number(listed.Labels?.[LABEL.attempt] ?? 0) };
      pod.attempts.set(
        container,
        [...(pod.attempts.get(container) ?? []), attempt].sort((a, b) => b.number - a.number),
      );
    }
  }
  return new Map([...found].map(([key, { sandbox, ...rest }]) => [key, { ...rest, sandbox }]));
}

export async function listVolumes(engine: ContainerEngine, node: string, uid: string | undefined, signal: AbortSignal): Promise<readonly WireVolume[]> {
  const volumes = await engine.listVolumes({ label: labelFilter(node, uid) }, signal);
  // Engines differ in what several labels mean together.
  return volumes.filter(({ Labels }) => Labels?.[LABEL.node] === node && (uid === undefined || Labels[LABEL.uid] === uid));
}

function labelFilter(node: string, uid: string | undefined): readonly string[] {
  return [`${LABEL.node}=${node}`, ...(uid === undefined ? [] : [`${LABEL.uid}=${uid}`])];
}
