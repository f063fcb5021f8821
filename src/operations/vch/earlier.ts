/** A VCH of that name is there, or an earlier create has left its journal: is it what is asked for, and can one go on? */
import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import type { Check } from '../preflight/check.ts';
import { compareVch, type ExistingVch } from './compare-vch.ts';
import type { CreateVchRequest } from './create.ts';
import { dockerEnv, emptyAddresses, type CreatedVch } from './created-vch.ts';
import { findVch } from './find-vch.ts';
import { joinCluster } from './join-cluster.ts';
import { isDone, lastStep, startJournal, type JournalFile } from './journal.ts';
import { nodeNameOf } from './name.ts';
import { deleteNode, findNode } from './node-removal.ts';
import type { CreatePlan } from './plan-create.ts';
import type { VchDeps } from './ports.ts';
import { endProcess, isRunning } from './process-mark.ts';
import { cleanupCommand, describeLeftovers, resumeCommand } from './remains.ts';
import { asStep } from './remove-vch.ts';
import { openVicMachine, type VicSession } from './vic-session.ts';

/** The result when there is nothing to make; undefined: begin from the beginning. */
export async function settleEarlier(
  earlier: JournalFile,
  request: CreateVchRequest,
  plan: () => Promise<CreatePlan>,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<CreatedVch | undefined> {
  await refuseWhileRunning(earlier, deps);
  const looked = await look(request, deps, signal);
  // The preflight says why vSphere cannot be asked, with everything else that is wrong.
  if (looked === undefined) return undefined;
  const { session } = looked;
  let { found } = looked;
  if (earlier.state === 'complete') return found === undefined ? undefined : await judge(found, earlier, session, request, deps, signal);

  const orphan = await isRunning(earlier.child, deps.processes, deps.fs);
  if (!request.resume) {
    if (found === undefined && !orphan) {
      deps.reporter.info(`An earlier create of ${earlier.name} ended at "${lastStep(earlier)?.name ?? 'start'}" and left no VCH; this one begins anew.`);
      return undefined;
    }
    throw unfinished(earlier, found, orphan, await describeLeftovers(earlier, deps.fs), request);
  }
  if (orphan && earlier.child !== undefined && deps.processes !== undefined) {
    const { child, name } = { child: earlier.child, name: earlier.name };
    const { processes } = deps;
    await asStep(deps.reporter, `End vic-machine (${child.pid}), which still works on ${name}`, () =>
      endProcess(child, processes, deps.fs, deps.clock, signal),
    );
    found = (await look(request, deps, signal))?.found;
  }
  if (found === undefined) return undefined;
  refuseOther(found, request, { recorded: earlier.document, seen: undefined, node: undefined });
  const made = await finishedByItself(earlier, found, session, request, signal);
  if (made === undefined) {
    await removeHalfMade(found, session, request, deps, signal);
    return undefined;
  }
  // Whoever wrote it, and the vic-machine it had, are gone.
  const journal = await startJournal({ ...earlier, child: undefined, retain: request.retain }, deps);
  if (!isDone(earlier, 'vic-machine')) {
    await journal.step(
      'vic-machine',
      () => Promise.resolve(made),
      ({ addresses }) => ({ addresses }),
    );
  }
  await deps.fs.remove(earlier.kubeconfigFile);
  deps.reporter.info(`The VCH ${earlier.name} (${found.id}) has been made; what is left is its node.`);
  return joinCluster(await plan(), made, await deps.kubernetes.readKubeconfig(request.cluster), 'resumed', journal, deps, signal);
}

/** When all that stops a create is that its VCH exists, and nothing was written down about it: `unchanged`, or VCH_DIFFERS. */
export async function judgeUnrecorded(refused: unknown, request: CreateVchRequest, deps: VchDeps, signal: AbortSignal): Promise<CreatedVch | undefined> {
  if (!isVickError(refused) || signal.aborted) return undefined;
  const failures = ((refused.details?.['checks'] ?? []) as readonly Check[]).filter((check) => check.status === 'fail').map((check) => check.name);
  if (!failures.includes('vch-name-free') || failures.some((name) => name !== 'vch-name-free' && !name.startsWith('node-'))) return undefined;
  const looked = await look(request, deps, signal);
  if (looked?.found === undefined) return undefined;
  return await judge(looked.found, undefined, looked.session, request, deps, signal);
}

async function look(
  { input, vicMachine }: CreateVchRequest,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<{ readonly session: VicSession; readonly found: VchListing | undefined } | undefined> {
  try {
    const session = await openVicMachine(deps, vicMachine);
    const listings = await session.vic.list(input.target, { computeResource: input.computeResource }, session.query(signal));
    return { session, found: findVch(listings, { name: input.name }) };
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return undefined;
  }
}

/** `unchanged`, or VCH_DIFFERS; undefined where nothing at all can be told about the VCH. */
async function judge(
  found: VchListing,
  earlier: JournalFile | undefined,
  session: VicSession,
  request: CreateVchRequest,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<CreatedVch | undefined> {
  const { input } = request;
  const step = deps.reporter.step(`VCH ${input.name} is as asked for`, { name: 'compare', brief: true });
  try {
    const seen = await session.vic.inspectConfig(input.target, { id: found.id }, session.query(signal)).catch((error: unknown) => {
      signal.throwIfAborted();
      if (!isVickError(error)) throw error;
      return undefined;
    });
    // Neither a record nor a look: it may be anything.
    if (earlier === undefined && seen === undefined) {
      step.fail();
      return undefined;
    }
    const node = await readNode(request, deps, signal);
    const unknown = refuseOther(found, request, { recorded: earlier?.document, seen, node: typeof node === 'object' ? node : undefined });
    step.done(unknown.length === 0 ? undefined : `VCH ${input.name} is as asked for, as far as can be seen (not: ${unknown.join(', ')})`);
    const addresses = earlier?.addresses ?? emptyAddresses(found.id);
    const ready = typeof node === 'object' ? node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' : undefined;
    const nodeName = nodeNameOf(input.name);
    return {
      name: input.name,
      change: 'unchanged',
      addresses: { ...addresses, id: found.id },
      node: { name: nodeName, ready, labels: typeof node === 'object' ? (node.metadata?.labels ?? {}) : {} },
      workingDirectory: earlier?.workingDirectory ?? '',
      dockerEnv: earlier === undefined ? {} : dockerEnv(addresses, earlier),
      problems: input.wait && node === 'absent' ? [`there is no node ${nodeName} in the cluster`] : [],
    };
  } catch (error) {
    step.fail();
    throw error;
  }
}

async function readNode(request: CreateVchRequest, deps: VchDeps, signal: AbortSignal): Promise<Awaited<ReturnType<typeof findNode>> | 'absent' | 'unknown'> {
  try {
    const api = await deps.kubernetes.connect(await deps.kubernetes.readKubeconfig(request.cluster));
    try {
      return (await findNode(api, nodeNameOf(request.input.name), signal)) ?? 'absent';
    } finally {
      await api.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return 'unknown';
  }
}

/** VCH_DIFFERS with every field; else the fields that nothing tells about. */
function refuseOther(found: VchListing, { input, declared, fields }: CreateVchRequest, existing: ExistingVch): readonly string[] {
  const { differences, unknown } = compareVch(declared, existing, fields);
  if (differences.length === 0) return unknown;
  const lines = differences.map(({ field, actual, wanted }) => `  ${field}: is ${actual}, asked for ${wanted}`);
  const commands = differences.flatMap(({ changeWith }) => (changeWith === undefined ? [] : [changeWith]));
  const fixed = differences.filter(({ changeWith }) => changeWith === undefined).map(({ field }) => field);
  const hint = [
    ...commands.map((command) => `Change it with: ${command}`),
    ...(fixed.length === 0 ? [] : [`What a VCH is made with (${fixed.join(', ')}) cannot be changed: vick delete vch ${input.name}, then create it again.`]),
  ].join('\n');
  throw new VickError('VCH_DIFFERS', [`a VCH called ${input.name} exists (${found.id}) and is not what was asked for`, ...lines].join('\n'), {
    hint,
    details: { vch: { name: input.name, id: found.id, path: found.path }, differences },
  });
}

async function refuseWhileRunning(earlier: JournalFile, deps: VchDeps): Promise<void> {
  if (earlier.state !== 'running' || earlier.owner?.pid === deps.self?.pid || !(await isRunning(earlier.owner, deps.processes, deps.fs))) return;
  throw new VickError('VCH_BUSY', `another vick (process ${earlier.owner?.pid ?? 0}) is creating ${earlier.name} just now`, {
    hint: 'Wait for it to end, or end it.',
  });
}

function unfinished(earlier: JournalFile, found: VchListing | undefined, orphan: boolean, files: readonly string[], { input }: CreateVchRequest): VickError {
  const step = lastStep(earlier);
  const exists = [
    ...(found === undefined ? [] : [`the VCH ${found.id} in ${found.path}`]),
    ...(orphan ? [`vic-machine (process ${earlier.child?.pid ?? 0}), which still works on it`] : []),
    ...(earlier.identity ? [`the identity of ${earlier.nodeName} in the cluster`] : []),
    ...files,
  ];
  const resumeWith = resumeCommand({ name: earlier.name, input });
  const removeWith = cleanupCommand({ name: earlier.name, input });
  return new VickError(
    'VCH_UNFINISHED',
    `an earlier create of ${earlier.name} did not finish: it ended at "${step?.name ?? 'start'}"${step?.error === undefined ? '' : ` (${step.error.split('\n')[0] ?? ''})`}\n` +
      `What exists now: ${exists.join('; ')}.`,
    {
      hint: `Go on with: ${resumeWith}\nRemove it with: ${removeWith}`,
      details: { step: step?.name, vch: found === undefined ? undefined : { id: found.id, path: found.path }, exists, resumeWith, removeWith },
    },
  );
}

/** vic-machine cannot go on with a create, but a VM that was on when it was cut off may have come up since. */
async function finishedByItself(
  earlier: JournalFile,
  found: VchListing,
  session: VicSession,
  { input }: CreateVchRequest,
  signal: AbortSignal,
): Promise<{ readonly addresses: CreatedVch['addresses']; readonly problems: readonly string[] } | undefined> {
  if (isDone(earlier, 'vic-machine') && earlier.addresses !== undefined) return { addresses: earlier.addresses, problems: earlier.problems ?? [] };
  try {
    const { addresses, problems } = await session.vic.inspect(input.target, { id: found.id }, session.query(signal));
    return addresses.adminPortal === undefined ? undefined : { addresses: { ...addresses, id: found.id }, problems };
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return undefined;
  }
}

/** It never ran anything: made by the same request, cut off before it was up. Without --force, so volumes stay. */
async function removeHalfMade(found: VchListing, session: VicSession, request: CreateVchRequest, deps: VchDeps, signal: AbortSignal): Promise<void> {
  const { input } = request;
  await asStep(deps.reporter, `Delete the half-made VCH ${input.name} (${found.id})`, () =>
    session.vic.delete(input.target, { id: found.id }, { force: false, timeoutMs: input.vicTimeoutMs }, session.query(signal, input.vicTimeoutMs + 60_000)),
  );
  const node = await readNode(request, deps, signal);
  if (typeof node !== 'object') return;
  const api = await deps.kubernetes.connect(await deps.kubernetes.readKubeconfig(request.cluster));
  try {
    await deleteNode(api, nodeNameOf(input.name), signal);
  } finally {
    await api.close();
  }
}
