/** `vick delete vch`: pods → VCH → its Node object → its local files; volumes only when that was said. */
import { join } from 'node:path';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import type { VicTarget } from '../../clients/vic-machine/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Reporter } from '../../platform/talk.ts';
import { findVch } from './find-vch.ts';
import { nodeNameOf } from './name.ts';
import { deleteNode, findNode, podsOn, type PodName } from './node-removal.ts';
import type { ClusterChoice, VchDeps } from './ports.ts';
import { asStep, removeVch } from './remove-vch.ts';
import { openVicMachine, type VicSession } from './vic-session.ts';

export interface DeleteVchRequest {
  readonly name: string;
  readonly target: VicTarget;
  readonly id: string | undefined;
  readonly computeResource: string | undefined;
  readonly cluster: ClusterChoice;
  readonly vicMachine: string | undefined;
  /** Deletes the pods of the node first, and lets vic-machine force where no volume is at stake. */
  readonly force: boolean;
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
  readonly files: 'deleted' | 'absent' | 'kept';
  readonly keptVolumeStores: readonly string[];
  /** What could not be removed. */
  readonly problems: readonly string[];
}

/** VCH_NOT_FOUND when there is neither a VCH nor a node of that name; VCH_BUSY when pods run on it and `force` is not given. */
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
  const pods = api === undefined || node === undefined || vch === undefined ? [] : await podsOn(api, nodeName, signal);
  refuseBusy(nodeName, pods, request.force);
  const folder = join(session.stateDirectory, 'vch', name);
  const hasFiles = (await deps.fs.info(folder)) !== undefined;
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
  const files = request.keepFiles
    ? 'kept'
    : !hasFiles
      ? 'absent'
      : await attempt(deps.reporter, `Delete ${folder}`, problems, () => removeFolder(folder, deps.fs), 'kept' as const);
  return { name, id: vch?.id, node: nodeResult, files: hasFiles ? files : 'absent', keptVolumeStores: removed?.keptVolumeStores ?? [], problems };
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

function refuseBusy(nodeName: string, pods: readonly PodName[], force: boolean): void {
  if (pods.length === 0 || force) return;
  const shown = pods.slice(0, 10).map((pod) => `${pod.namespace}/${pod.name}`);
  const more = pods.length > shown.length ? ` and ${pods.length - shown.length} more` : '';
  throw new VickError('VCH_BUSY', `node ${nodeName} still runs ${pods.length === 1 ? 'a pod' : `${pods.length} pods`}: ${shown.join(', ')}${more}`, {
    hint: `Move them away with: kubectl drain ${nodeName} --ignore-daemonsets; or delete them with --force.`,
    details: { pods },
  });
}

function summaryOf(what: {
  readonly vch: VchListing | undefined;
  readonly nodeName: string;
  readonly hasNode: boolean;
  readonly pods: readonly PodName[];
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
