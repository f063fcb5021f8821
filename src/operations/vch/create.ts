/**
 * `vick create vch`: look at what an earlier run left → preflight → plan → apply → the node joins. Safe to interrupt (the
 * journal says how far it came) and to repeat (the same request on the VCH it made is `unchanged`).
 */
import { stateDirectory } from '../../config/state-dir.ts';
import type { Field } from '../../config/fields.ts';
import type { VchDocument } from '../../config/vch-document.ts';
import { locateVicMachine } from '../../clients/vic-machine/locate.ts';
import { VickError } from '../../errors/vick-error.ts';
import { applyCreate } from './apply-create.ts';
import type { CreateVchInput } from './create-input.ts';
import type { CreatedVch } from './created-vch.ts';
import { judgeUnrecorded, settleEarlier } from './earlier.ts';
import { findImages } from './images.ts';
import { joinCluster } from './join-cluster.ts';
import { readJournal, startJournal, type Journal } from './journal.ts';
import { checkVchName } from './name.ts';
import { planCreate, type CreatePlan } from './plan-create.ts';
import type { ClusterChoice, VchDeps } from './ports.ts';
import { preflightCreate, type CreateReady } from './preflight-create.ts';
import { workFolder } from './work-folder.ts';

export interface CreateVchRequest {
  readonly input: CreateVchInput;
  readonly cluster: ClusterChoice;
  /** `--vic-machine`. */
  readonly vicMachine: string | undefined;
  /** What was asked for, as a document: compared with what exists, and kept in the journal. */
  readonly declared: VchDocument;
  readonly fields: readonly Field[];
  /** Keep whatever a failure leaves. */
  readonly retain: boolean;
  /** Go on with an earlier create that did not finish. */
  readonly resume: boolean;
}

/** The plan alone: reads this machine and the kubeconfig, touches nothing, asks nobody. */
export async function planVch({ input, cluster, vicMachine }: CreateVchRequest, deps: VchDeps): Promise<CreatePlan> {
  checkVchName(input.name);
  const binary = await locateVicMachine({ explicit: vicMachine, env: deps.env, cwd: deps.cwd, fs: deps.fs });
  const kubeconfig = await deps.kubernetes.readKubeconfig(cluster);
  const images = await findImages({ binary, cwd: deps.cwd, applianceIso: input.applianceIso, bootstrapIso: input.bootstrapIso, fs: deps.fs });
  return planCreate(input, {
    binary,
    stateDirectory: stateDirectory(deps),
    workingDirectory: await workFolder(input.name, input.target.target, deps),
    applianceIso: images.applianceIso,
    bootstrapIso: images.bootstrapIso,
    kubeconfig: factsOf(kubeconfig),
  });
}

/**
 * Creates the VCH, or says that it is there already. Fails before anything is touched, or says what exists and how to go
 * on or to remove it. VCH_DIFFERS, VCH_UNFINISHED and VCH_BUSY for a VCH that is there and cannot be taken as it is.
 */
export async function createVch(request: CreateVchRequest, deps: VchDeps, signal: AbortSignal): Promise<CreatedVch> {
  const prepared = await prepare(request, deps, signal);
  if ('change' in prepared) return prepared;
  const { plan, ready } = prepared;
  for (const note of plan.notes) deps.reporter.info(note);
  const journal = await beginJournal(plan, request, deps);
  const made = await applyCreate(plan, ready, journal, deps, signal);
  return await joinCluster(plan, made, ready.kubeconfig, 'created', journal, deps, signal);
}

/** Every check of a create against the cluster and vSphere, and nothing made: the plan, or the VCH that is there already. */
export async function checkCreate(request: CreateVchRequest, deps: VchDeps, signal: AbortSignal): Promise<CreatePlan | CreatedVch> {
  const prepared = await prepare({ ...request, resume: false }, deps, signal);
  return 'change' in prepared ? prepared : prepared.plan;
}

interface Prepared {
  readonly plan: CreatePlan;
  readonly ready: CreateReady;
}

async function prepare(request: CreateVchRequest, deps: VchDeps, signal: AbortSignal): Promise<CreatedVch | Prepared> {
  const { input, cluster, vicMachine } = request;
  checkVchName(input.name);
  const earlier = await readJournal(input.name, input.target.target, deps);
  if (earlier === undefined && request.resume) {
    throw new VickError('VCH_NOT_FOUND', `there is no unfinished create of ${input.name} on ${input.target.target} to go on with`, {
      hint: `Create it with: vick create vch ${input.name}`,
    });
  }
  const settled = earlier === undefined ? undefined : await settleEarlier(earlier, request, () => planVch(request, deps), deps, signal);
  if (settled !== undefined) return settled;
  const ready = await preflightCreate(input, cluster, vicMachine, deps, signal).catch((error: unknown) => error);
  if (!isReady(ready)) {
    const unchanged = await judgeUnrecorded(ready, request, deps, signal);
    if (unchanged === undefined) throw ready;
    return unchanged;
  }
  const plan = planCreate(input, {
    binary: ready.session.vic.binary,
    stateDirectory: ready.session.stateDirectory,
    workingDirectory: await workFolder(input.name, input.target.target, deps),
    applianceIso: ready.images.applianceIso,
    bootstrapIso: ready.images.bootstrapIso,
    kubeconfig: factsOf(ready.kubeconfig),
  });
  return { plan, ready };
}

function isReady(result: unknown): result is CreateReady {
  return typeof result === 'object' && result !== null && 'kubeconfigText' in result;
}

async function beginJournal(plan: CreatePlan, { declared, retain }: CreateVchRequest, deps: VchDeps): Promise<Journal> {
  const { name, nodeName, workingDirectory, certificateFolder, kubeconfigFile } = plan;
  const { target } = plan.input.target;
  return startJournal({ name, target, nodeName, workingDirectory, certificateFolder, kubeconfigFile, document: declared, retain }, deps);
}

function factsOf(kubeconfig: {
  readonly path: string;
  readonly contextName: string;
  readonly user: { readonly name: string };
  readonly cluster: { readonly server: string };
}): Parameters<typeof planCreate>[1]['kubeconfig'] {
  return { path: kubeconfig.path, contextName: kubeconfig.contextName, userName: kubeconfig.user.name, server: kubeconfig.cluster.server };
}
