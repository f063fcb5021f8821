import { isVickError } from '../../errors/vick-error.ts';
import type { JsonObject, Node } from '../../platform/kubernetes-objects.ts';
import type { Cluster } from '../cluster.ts';

/**
 * One attempt to have the Node in the API: created, or, when it exists, with the labels and annotations we own put
 * right. Taints are never asserted again. Throws what the API answered.
 */
export async function registerNode(cluster: Pick<Cluster, 'createNode' | 'getNode' | 'patchNode'>, wanted: Node, signal: AbortSignal): Promise<Node> {
  try {
    return await cluster.createNode(wanted, signal);
  } catch (error) {
    if (!isVickError(error) || error.code !== 'KUBE_CONFLICT') throw error;
  }
  const name = wanted.metadata?.name ?? '';
  const existing = await cluster.getNode(name, signal);
  const metadata = metadataPatch(existing, wanted);
  return metadata === undefined ? existing : await cluster.patchNode(name, { metadata }, signal);
}

/** What must change for `existing` to carry the labels and annotations of `wanted`; all others stay. */
function metadataPatch(existing: Node, wanted: Node): JsonObject | undefined {
  const patch: Record<string, JsonObject> = {};
  for (const kind of ['labels', 'annotations'] as const) {
    const held = existing.metadata?.[kind] ?? {};
    const changes = Object.entries(wanted.metadata?.[kind] ?? {}).filter(([key, value]) => held[key] !== value);
    if (changes.length > 0) patch[kind] = Object.fromEntries(changes);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
