import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { VickError, isVickError } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';

/** The label by which virtual nodes are known; vick's nodes carry it as well. */
export const VIRTUAL_NODE_SELECTOR = 'type=virtual-kubelet';

/** The node of VCH `web` is `kubelet-web` (vmware/vic lib/install/management/appliance.go). */
const NODE_PREFIX = 'kubelet-';

export interface NodeChoice {
  /** Node names or VCH names, with or without `node/` or `vch/` before them. */
  readonly names: readonly string[];
  readonly selector?: string | undefined;
  /** Every virtual node. */
  readonly all?: boolean | undefined;
}

/** The VCH behind a node, by its name. */
export function vchOf(node: Node): string {
  const name = nameOf(node);
  return name.startsWith(NODE_PREFIX) ? name.slice(NODE_PREFIX.length) : '';
}

export function nameOf(node: Node): string {
  return node.metadata?.name ?? '';
}

/** Checks that the choice means something before any server is asked. USAGE otherwise. */
export function checkNodeChoice({ names, selector, all }: NodeChoice): void {
  const ways = [names.length > 0, selector !== undefined && selector !== '', all === true].filter(Boolean).length;
  if (ways === 0) throw new VickError('USAGE', 'one or more nodes must be given', { hint: 'Give names of nodes or VCHs, a selector (-l) or --all.' });
  if (all === true && selector !== undefined && selector !== '') {
    throw new VickError('USAGE', "setting 'all' parameter with a non empty selector is prohibited", { hint: 'Use --all or -l, not both.' });
  }
  if (ways > 1) throw new VickError('USAGE', 'names cannot be given together with a selector or --all', { hint: 'Use one way of choosing nodes.' });
}

/** The node that `name` means: one of exactly that name, else the one of the VCH of that name. KUBE_NOT_FOUND names both. */
export async function getNode(api: KubernetesApi, name: string, signal: AbortSignal): Promise<Node> {
  const { bare, kind } = splitKind(name);
  const candidates = kind === 'vch' ? [NODE_PREFIX + bare] : kind === 'node' || bare.startsWith(NODE_PREFIX) ? [bare] : [bare, NODE_PREFIX + bare];
  for (const candidate of candidates) {
    try {
      return await api.request<Node>({ method: 'GET', path: paths.node(candidate) }, signal);
    } catch (error) {
      if (!isVickError(error) || error.code !== 'KUBE_NOT_FOUND') throw error;
    }
  }
  const tried = candidates.map((candidate) => `"${candidate}"`).join(' or ');
  throw new VickError('KUBE_NOT_FOUND', `node ${tried} not found`, {
    hint: "See 'vick node list' for the nodes of this cluster, and --context for which cluster that is.",
  });
}

export async function listNodes(api: KubernetesApi, selector: string | undefined, signal: AbortSignal): Promise<readonly Node[]> {
  const query = selector === undefined ? {} : { labelSelector: selector };
  const list = await api.request<{ readonly items?: readonly Node[] }>({ method: 'GET', path: paths.nodes(), query }, signal);
  return [...(list.items ?? [])].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

function splitKind(name: string): { readonly bare: string; readonly kind: 'node' | 'vch' | undefined } {
  const match = /^(nodes?|no|vch)\/(.+)$/.exec(name);
  if (match?.[2] === undefined) return { bare: name, kind: undefined };
  return { bare: match[2], kind: match[1] === 'vch' ? 'vch' : 'node' };
}
