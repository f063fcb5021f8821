/** `vick create vch NAME --cleanup`: removes what a create left that did not finish, and nothing else. */
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { VicTarget } from '../../clients/vic-machine/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import { findVch } from './find-vch.ts';
import { readJournal, removeJournal, type JournalFile } from './journal.ts';
import { deleteNode, findNode, podsOn } from './node-removal.ts';
import type { ClusterChoice, VchDeps } from './ports.ts';
import { endProcess, isRunning } from './process-mark.ts';
import { describeLeftovers } from './remains.ts';
import { asStep } from './remove-vch.ts';
import { openVicMachine } from './vic-session.ts';
import { mayRemoveFolder } from './work-folder.ts';

export interface CleanUpRequest {
  readonly name: string;
  readonly target: VicTarget;
  readonly computeResource: string | undefined;
  readonly cluster: ClusterChoice;
  readonly vicMachine: string | undefined;
  /** Limit for vic-machine delete, milliseconds. */
  readonly timeoutMs: number;
  /** Asks the operator; called once, with all that will go. Throws when the answer is no. */
  readonly confirm: (summary: readonly string[]) => Promise<void>;
}

export interface CleanedUp {
  readonly name: string;
  /** Empty: there was nothing. */
  readonly removed: readonly string[];
  readonly problems: readonly string[];
}

/** VCH_BUSY while the create still runs or pods run on its node; VCH_EXISTS for a VCH whose create has finished. */
export async function cleanUp(request: CleanUpRequest, deps: VchDeps, signal: AbortSignal): Promise<CleanedUp> {
  const { name, target } = request;
  const journal = await readJournal(name, target.target, deps);
  const session = await openVicMachine(deps, request.vicMachine);
  const list = async (): Promise<ReturnType<typeof findVch>> =>
    findVch(await session.vic.list(target, { computeResource: request.computeResource }, session.query(signal)), { name });
  if (journal?.state === 'running' && (await isRunning(journal.owner, deps.processes, deps.fs))) {
    throw new VickError('VCH_BUSY', `another vick (process ${journal.owner?.pid ?? 0}) is creating ${name} just now`, { hint: 'End it first.' });
  }
  let found = await list();
  if (journal === undefined || journal.state === 'complete') {
    if (found === undefined && journal === undefined) return { name, removed: [], problems: [] };
    if (found !== undefined) {
      throw new VickError('VCH_EXISTS', `the VCH ${name} (${found.id}) is not what an unfinished create left; it is not cleaned up`, {
        hint: `To delete it: vick delete vch ${name} --target ${target.target}`,
      });
    }
  }
  if (journal === undefined) return { name, removed: [], problems: [] };
  const orphan = (await isRunning(journal.child, deps.processes, deps.fs)) ? journal.child : undefined;
  const api = await connect(request, deps, signal);
  try {
    const node = api === undefined ? undefined : await findNode(api, journal.nodeName, signal);
    if (api !== undefined && node !== undefined) await refuseBusy(api, journal.nodeName, signal);
    const summary = [
      ...(orphan === undefined ? [] : [`vic-machine (process ${orphan.pid})`]),
      ...(found === undefined ? [] : [`VCH ${name} (${found.id} in ${found.path})`]),
      ...(node === undefined ? [] : [`node ${journal.nodeName}`]),
      ...(journal.identity ? [`the identity of ${journal.nodeName}`] : []),
      ...(await describeLeftovers(journal, deps.fs)),
      `the folder ${journal.workingDirectory} and the journal`,
    ];
    await request.confirm(summary);
    signal.throwIfAborted();

    const removed: string[] = [];
    const { processes } = deps;
    if (orphan !== undefined && processes !== undefined) {
      await asStep(deps.reporter, `End vic-machine (${orphan.pid})`, () => endProcess(orphan, processes, deps.fs, deps.clock, signal));
      found = await list();
    }
    if (found !== undefined) {
      const { id } = found;
      const context = session.query(signal, request.timeoutMs + 60_000);
      await asStep(deps.reporter, `Delete VCH ${name} (${id})`, () =>
        session.vic.delete(target, { id }, { force: false, timeoutMs: request.timeoutMs }, context),
      );
      if ((await list()) !== undefined) {
        throw new VickError('PARTIAL', `vic-machine says that it deleted ${name} (${id}), but it is still listed`, { hint: 'Run the command again.' });
      }
      removed.push(`vch/${name}`);
    }
    const problems = await removeRest(journal, request, api, removed, deps, signal);
    return { name, removed, problems };
  } finally {
    await api?.close();
  }
}

async function removeRest(
  journal: JournalFile,
  request: CleanUpRequest,
  api: KubernetesApi | undefined,
  removed: string[],
  deps: VchDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const attempt = async (title: string, work: () => Promise<string | undefined>): Promise<void> => {
    try {
      const what = await asStep(deps.reporter, title, work);
      if (what !== undefined) removed.push(what);
    } catch (error) {
      signal.throwIfAborted();
      if (!isVickError(error)) throw error;
      problems.push(`${title}: ${messageOf(error)}`);
    }
  };
  const { nodeName } = journal;
  if (api === undefined) problems.push(`the cluster could not be asked: node ${nodeName}${journal.identity ? ' and its identity' : ''} may be left`);
  else await attempt(`Delete node ${nodeName}`, async () => ((await deleteNode(api, nodeName, signal)) === 'deleted' ? `node/${nodeName}` : undefined));
  const { identity } = deps;
  if (journal.identity && api !== undefined && identity !== undefined) {
    const kubeconfig = await deps.kubernetes.readKubeconfig(request.cluster);
    await attempt(`Revoke the identity of ${nodeName}`, async () =>
      (await identity.revoke({ vch: journal.name, nodeName, kubeconfig }, signal)) === 'revoked' ? `identity/${nodeName}` : undefined,
    );
  }
  const own = await mayRemoveFolder(journal.workingDirectory, journal.target, deps);
  if (own) await deps.fs.remove(journal.kubeconfigFile);
  if (!own) deps.reporter.info(`The files in ${journal.workingDirectory} are of a VCH on another target and stay.`);
  else if (journal.certificateFolder.startsWith(`${journal.workingDirectory}/`)) await deps.fs.remove(journal.workingDirectory);
  else if ((await deps.fs.info(journal.certificateFolder)) !== undefined) deps.reporter.info(`Certificates were kept: rm -r ${journal.certificateFolder}`);
  // With something left, the journal still has to name it.
  if (problems.length === 0) await removeJournal(journal.name, journal.target, deps);
  return problems;
}

async function connect(request: CleanUpRequest, deps: VchDeps, signal: AbortSignal): Promise<KubernetesApi | undefined> {
  try {
    return await deps.kubernetes.connect(await deps.kubernetes.readKubeconfig(request.cluster));
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    deps.reporter.warn(`the cluster cannot be asked: ${messageOf(error)}`);
    return undefined;
  }
}

async function refuseBusy(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<void> {
  const pods = await podsOn(api, nodeName, signal);
  if (pods.length === 0) return;
  throw new VickError('VCH_BUSY', `node ${nodeName} runs pods: ${pods.map((pod) => `${pod.namespace}/${pod.name}`).join(', ')}`, {
    hint: `Move them away first: kubectl drain ${nodeName} --ignore-daemonsets`,
  });
}
