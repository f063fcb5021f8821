/** `vick list vch`: what vic-machine lists, joined with the nodes of the cluster where one can be asked. */
import { paths } from '../../clients/kubernetes/paths.ts';
import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import type { VicTarget } from '../../clients/vic-machine/port.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { nodeFacts } from '../node/node-facts.ts';
import { refuseUnknownFlags } from './binary-flags.ts';
import { nodeNameOf } from './name.ts';
import type { PassThrough } from './pass-through.ts';
import type { ClusterChoice, VchDeps } from './ports.ts';
import { openVicMachine } from './vic-session.ts';

export interface ListedVch extends VchListing {
  readonly nodeName: string;
  /** Undefined: no cluster could be asked. `none`: it has no such node. Else as kubectl prints it: `Ready`, `NotReady`, `Unknown`. */
  readonly nodeStatus: string | undefined;
}

export interface VchList {
  readonly vchs: readonly ListedVch[];
  /** Why no cluster was asked. */
  readonly clusterProblem: string | undefined;
}

export interface ListVchRequest {
  readonly target: VicTarget;
  readonly computeResource: string | undefined;
  readonly cluster: ClusterChoice;
  readonly vicMachine: string | undefined;
  /** How long vic-machine may take. */
  readonly timeoutMs: number;
  readonly extra: PassThrough;
}

/** vic-machine's own limit does not cover all that it does. */
const LIMIT_ALLOWANCE_MS = 60_000;

export async function listVchs(request: ListVchRequest, deps: VchDeps, signal: AbortSignal): Promise<VchList> {
  const { vic, query } = await openVicMachine(deps, request.vicMachine);
  const { computeResource, timeoutMs, extra } = request;
  const context = query(signal, timeoutMs + LIMIT_ALLOWANCE_MS);
  await refuseUnknownFlags(vic, 'ls', extra.flags, context);
  const listings = await vic.list(request.target, { computeResource, timeoutMs, extra: extra.words }, context);
  const nodes = await readNodes(request.cluster, deps, signal);
  const vchs = listings.map((vch): ListedVch => {
    const nodeName = nodeNameOf(vch.name);
    const node = typeof nodes === 'string' ? undefined : nodes.find((candidate) => candidate.metadata?.name === nodeName);
    return { ...vch, nodeName, nodeStatus: typeof nodes === 'string' ? undefined : node === undefined ? 'none' : nodeFacts(node, undefined).status };
  });
  return { vchs, clusterProblem: typeof nodes === 'string' ? nodes : undefined };
}

/** The nodes, or why there are none to join with: the list is useful without. */
async function readNodes(cluster: ClusterChoice, deps: VchDeps, signal: AbortSignal): Promise<readonly Node[] | string> {
  try {
    const api = await deps.kubernetes.connect(await deps.kubernetes.readKubeconfig(cluster));
    try {
      return (await api.request<{ readonly items?: readonly Node[] }>({ method: 'GET', path: paths.nodes(), timeoutMs: 10_000 }, signal)).items ?? [];
    } finally {
      await api.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return messageOf(error);
  }
}
