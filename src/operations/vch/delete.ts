/**
 * `vick delete vch`: its pods are evicted → VCH → its Node object and identity → its local files; volumes only when that
 * was said. The Node goes after the VCH: a kubelet that still runs would register it anew.
 */
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import type { VicTarget } from '../../clients/vic-machine/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Reporter } from '../../platform/talk.ts';
import { findVch } from './find-vch.ts';
import { nodeNameOf } from './name.ts';
import { removeJournal } from './journal.ts';
import { planDrain, type DrainOptions, type DrainPlan, type PodRef } from './drain.ts';
import { deleteNode, findNode } from './node-removal.ts';
import type { ClusterChoice, VchDeps } from './ports.ts';
import { asStep, removeVch } from './remove-vch.ts';
import { openVicMachine, type VicSession } from './vic-session.ts';
import { ownerOf, plainFolder, workFolder } from './work-folder.ts';

export interface DeleteVchRequest {
  readonly name: string;
  readonly target: VicTarget;
  readonly id: string | undefined;
  readonly computeResource: string | undefined;
  readonly cluster: ClusterChoice;
  readonly vicMachine: string | undefined;
  /** How the node is emptied; `force` also lets vic-machine force where no volume is at stake. */
  readonly drain: DrainOptions;
  /** Lets vic-machine delete --force remove volume stores with their content. */
  readonly deleteVolumes: boolean;
  /** Leaves the Node object alone and asks no cluster. */
  readonly keepNode: boolean;
  readonly keepFiles: boolean;
  /** Limit for the pods to go and for vic-machine, milliseconds each. */
  readonly timeoutMs: number;
  /** Asks the operator; called once, with all that will go. Throws when the answer is no. */
  readonly confirm: (summary: readonly string[]) => Promise<void>;
}

export interface DeletedVch {
  readonly name: string;
  /** Undefined: there was no VCH, only its node. */
  readonly id: string | undefined;
  readonly node: 'deleted' | 'absent' | 'kept';
  readonly identity: 'revoked' | 'absent' | 'kept';
  readonly files: 'deleted' | 'absent' | 'kept';
  readonly keptVolumeStores: readonly string[];
  /** What could not be removed. */
  readonly problems: readonly string[];
}

/** VCH_NOT_FOUND when there is neither a VCH nor a node of that name; VCH_BUSY when pods are in the way that were not said to go. */
export async function deleteVch(request: DeleteVchRequest, deps: VchDeps, signal: AbortSignal): Promise<DeletedVch> {
  const session = await openVicMachine(deps, request.vicMachine);
  const api = request.keepNode ? undefined : await connectCluster(request, deps);
  try {
    return await remove(request, session, api, deps, signal);
  } finally {
    await api?.close();
  }
}

async function remove(request: DeleteVchRequest, session: VicSession, api: KubernetesApi | undefined, deps: VchDeps, signal: AbortSignal): Promise<DeletedVch> {
  const { name } = request;
  const listings = await session.vic.list(request.target, { computeResource: request.computeResource }, session.query(signal));
  const vch = findVch(listings, { id: request.id, name });
  if (vch !== undefined && vch.name !== name) {
    throw new VickError('USAGE', `${vch.id} is the VCH ${vch.name}, not ${name}`, { hint: `To delete it: vick delete vch ${vch.name} --id ${vch.id}` });
  }
  const nodeName = nodeNameOf(name);
  const node = api === undefined ? undefined : await findNode(api, nodeName, signal);
  if (vch === undefined && node === undefined) {
    throw new VickError('VCH_NOT_FOUND', `there is no VCH called ${name} on ${request.target.target}${api === undefined ? '' : `, and no node ${nodeName}`}`, {
      hint: 'See what there is with: vick list vch',
    });
  }
  const plan = api === undefined || node === undefined || vch === undefined ? NOTHING : await planDrain(api, nodeName, request.drain, signal);
  refuseBusy(nodeName, plan);
  const pods = plan.evict;
  const folder = await workFolder(name, request.target.target, deps);
  const hasFiles = (await deps.fs.info(folder)) !== undefined;
  if (!hasFiles && !request.keepFiles) await tellOthersFiles(name, folder, deps);
  await request.confirm(
    summaryOf({
      vch,
      nodeName,
      hasNode: node !== undefined,
      pods,
      folder: hasFiles && !request.keepFiles ? folder : undefined,
      deleteVolumes: request.deleteVolumes,
    }),
  );
  signal.throwIfAborted();

  const removed =
    vch === undefined ? undefined : await removeVch(request, vch, session, api, { nodeName, hasNode: node !== undefined, pods, folder }, deps, signal);
  if (vch === undefined) deps.reporter.info(`There is no VCH called ${name}; only its node ${nodeName} was left.`);
  // From here on the VCH is gone: what fails is reported, and the rest is still done.
  const problems = [...(removed?.problems ?? [])];
  const nodeResult =
    api === undefined ? 'kept' : await attempt(deps.reporter, `Delete node ${nodeName}`, problems, () => deleteNode(api, nodeName, signal), 'kept' as const);
  const identity =
    api === undefined || deps.identity === undefined
      ? 'kept'
      : await attempt(deps.reporter, `Revoke the identity of ${nodeName}`, problems, () => revokeIdentity(request, nodeName, deps, signal), 'kept' as const);
  const files = request.keepFiles
    ? 'kept'
    : !hasFiles
      ? 'absent'
      : await attempt(deps.reporter, `Delete ${folder}`, problems, () => removeFolder(folder, deps.fs), 'kept' as const);
  // Made for this run alone; all that is in it is the log of a delete that succeeded.
  if (!hasFiles && problems.length === 0) await deps.fs.remove(folder).catch(() => undefined);
  if (problems.length === 0) await removeJournal(name, request.target.target, deps);
  return { name, id: vch?.id, node: nodeResult, identity, files: hasFiles ? files : 'absent', keptVolumeStores: removed?.keptVolumeStores ?? [], problems };
}

/** Perhaps the same target by another name; perhaps another VCH. */
async function tellOthersFiles(name: string, folder: string, deps: VchDeps): Promise<void> {
  const plain = plainFolder(name, deps);
  const owner = folder === plain || (await deps.fs.info(plain)) === undefined ? undefined : await ownerOf(name, deps);
  if (owner !== undefined) deps.reporter.info(`The files in ${plain} are of the VCH ${name} on ${owner} and stay.`);
}

/** Certificates cannot be revoked in Kubernetes; what was made for this one goes, and without its Node it may do next to nothing. */
async function revokeIdentity(request: DeleteVchRequest, nodeName: string, deps: VchDeps, signal: AbortSignal): Promise<'revoked' | 'absent'> {
  if (deps.identity === undefined) return 'absent';
  const kubeconfig = await deps.kubernetes.readKubeconfig(request.cluster);
  return deps.identity.revoke({ vch: request.name, nodeName, kubeconfig }, signal);
}

async function connectCluster(request: DeleteVchRequest, deps: VchDeps): Promise<KubernetesApi> {
  try {
    return await deps.kubernetes.connect(await deps.kubernetes.readKubeconfig(request.cluster));
  } catch (error) {
    if (!isVickError(error)) throw error;
    const hint = `${error.hint ?? ''} To leave the node alone: --keep-node.`.trimStart();
    throw new VickError(error.code, error.message, { hint, cause: error, ...(error.details === undefined ? {} : { details: error.details }) });
  }
}

const NOTHING: DrainPlan = { evict: [], refused: [] };

function refuseBusy(nodeName: string, { refused }: DrainPlan): void {
  if (refused.length === 0) return;
  const lines = refused.map(({ reason, flag, pods }) => `  ${shownPods(pods)}: ${reason} (${flag})`);
  const pods = refused.flatMap((group) => group.pods).map(({ namespace, name }) => ({ namespace, name }));
  const flags = refused.map(({ flag }) => flag).join(' ');
  throw new VickError('VCH_BUSY', [`node ${nodeName} still runs ${pods.length === 1 ? 'a pod' : 'pods'} that would be lost`, ...lines].join('\n'), {
    hint: `Move them away with: kubectl drain ${nodeName} --ignore-daemonsets; or let them go with ${flags}.`,
    details: { pods, refused },
  });
}

function shownPods(pods: readonly PodRef[]): string {
  const shown = pods.slice(0, 10).map((pod) => `${pod.namespace}/${pod.name}`);
  return `${shown.join(', ')}${pods.length > shown.length ? ` and ${pods.length - shown.length} more` : ''}`;
}

function summaryOf(what: {
  readonly vch: VchListing | undefined;
  readonly nodeName: string;
  readonly hasNode: boolean;
  readonly pods: readonly PodRef[];
  readonly folder: string | undefined;
  readonly deleteVolumes: boolean;
}): readonly string[] {
  return [
    ...(what.vch === undefined ? [] : [`VCH ${what.vch.name} (${what.vch.id} in ${what.vch.path})`]),
    ...(what.hasNode ? [`node ${what.nodeName}`] : []),
    ...(what.pods.length > 0 ? [`${what.pods.length} pods that run on it`] : []),
    ...(what.deleteVolumes ? ['its volume stores with everything in them'] : []),
    ...(what.folder === undefined ? [] : [`its certificates and logs in ${what.folder}`]),
  ];
}

async function removeFolder(folder: string, fs: FileSystem): Promise<'deleted'> {
  await fs.remove(folder);
  return 'deleted';
}

async function attempt<T, U>(reporter: Reporter, title: string, problems: string[], work: () => Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await asStep(reporter, title, work);
  } catch (error) {
    problems.push(`${title}: ${messageOf(error)}`);
    return otherwise;
  }
}
