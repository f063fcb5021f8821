import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { VickError, isVickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { JsonObject, Node } from '../../platform/kubernetes-objects.ts';
import { jitter, type Random } from '../../platform/random.ts';
import { checkNodeChoice, getNode, listNodes, nameOf, VIRTUAL_NODE_SELECTOR, type NodeChoice } from './find-nodes.ts';

export type DryRun = 'none' | 'client' | 'server';

export interface UpdateDeps {
  readonly api: KubernetesApi;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly random: Random;
}

export interface NodeUpdate<V extends string> {
  readonly choice: NodeChoice;
  readonly dryRun: DryRun;
  /** What to do to one node, from what it is now. Called again with a fresh node after a conflict. */
  readonly plan: (node: Node) => { readonly patch: JsonObject | undefined; readonly verb: V; readonly notes?: readonly string[] };
}

export type NodeResult<V extends string> =
  { readonly node: string; readonly verb: V; readonly notes: readonly string[]; readonly after: Node } | { readonly node: string; readonly error: VickError };

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 50;

/**
 * Carries a change out on every chosen node, one after the other, and goes on after a refusal: the result says how each
 * ended. A change is made against the version that was looked at, and planned anew when somebody was faster.
 */
export async function updateNodes<V extends string>(deps: UpdateDeps, update: NodeUpdate<V>, signal: AbortSignal): Promise<readonly NodeResult<V>[]> {
  checkNodeChoice(update.choice);
  const names = await chosenNames(deps.api, update.choice, signal);
  const results: NodeResult<V>[] = [];
  for (const name of names) {
    try {
      results.push(await updateNode(deps, name, update, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!isVickError(error) || hopeless(error)) throw error;
      results.push({ node: name, error });
    }
  }
  return results;
}

/** What will be the same for every other node too. */
function hopeless(error: VickError): boolean {
  return ['KUBE_UNREACHABLE', 'KUBE_TLS', 'KUBE_UNAUTHENTICATED', 'BUG'].includes(error.code);
}

async function chosenNames(api: KubernetesApi, choice: NodeChoice, signal: AbortSignal): Promise<readonly string[]> {
  if (choice.names.length > 0) return [...new Set(choice.names)];
  const selector = choice.all === true ? VIRTUAL_NODE_SELECTOR : choice.selector;
  const nodes = await listNodes(api, selector, signal);
  if (nodes.length === 0) throw new VickError('KUBE_NOT_FOUND', `no node matches ${selector ?? ''}`, { hint: "See 'vick node list'." });
  return nodes.map((node) => `node/${nameOf(node)}`);
}

async function updateNode<V extends string>(deps: UpdateDeps, name: string, update: NodeUpdate<V>, signal: AbortSignal): Promise<NodeResult<V>> {
  for (let attempt = 1; ; attempt += 1) {
    const node = await getNode(deps.api, name, signal);
    const { patch, verb, notes = [] } = update.plan(node);
    const done = { node: nameOf(node), verb, notes };
    if (patch === undefined || update.dryRun === 'client') return { ...done, after: node };
    try {
      return { ...done, after: await send(deps.api, node, patch, update.dryRun, signal) };
    } catch (error) {
      if (!isVickError(error) || error.code !== 'KUBE_CONFLICT' || attempt >= ATTEMPTS) throw error;
    }
    await deps.clock.sleep(jitter(deps.random, FIRST_WAIT_MS * 2 ** (attempt - 1), 0.5), signal);
  }
}

function send(api: KubernetesApi, node: Node, patch: JsonObject, dryRun: DryRun, signal: AbortSignal): Promise<Node> {
  const metadata = (patch['metadata'] ?? {}) as JsonObject;
  const version = node.metadata?.resourceVersion;
  return api.request<Node>(
    {
      method: 'PATCH',
      path: paths.node(nameOf(node)),
      query: { fieldManager: 'vick', dryRun: dryRun === 'server' ? 'All' : undefined },
      contentType: 'application/merge-patch+json',
      // Two writers without a resourceVersion would silently undo each other's taints.
      body: { ...patch, metadata: { ...metadata, ...(version === undefined ? {} : { resourceVersion: version }) } },
    },
    signal,
  );
}
