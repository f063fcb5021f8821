/** `vick create vch`: preflight → plan → apply → the node joins → its labels and taints. */
import type { VchAddresses } from '../../clients/vic-machine/result-block.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { stateDirectory } from '../../config/state-dir.ts';
import { locateVicMachine } from '../../clients/vic-machine/locate.ts';
import { labelNodes } from '../node/label.ts';
import { taintNodes } from '../node/taint.ts';
import { applyCreate } from './apply-create.ts';
import type { CreateVchInput } from './create-input.ts';
import { findImages } from './images.ts';
import { checkVchName } from './name.ts';
import { needsNode, planCreate, type CreatePlan } from './plan-create.ts';
import type { ClusterChoice, VchDeps } from './ports.ts';
import { preflightCreate } from './preflight-create.ts';
import { deleteCommand } from './remains.ts';
import { waitForNode } from './wait-for-node.ts';

export interface CreateVchRequest {
  readonly input: CreateVchInput;
  readonly cluster: ClusterChoice;
  /** `--vic-machine`. */
  readonly vicMachine: string | undefined;
}

export interface CreatedVch {
  readonly name: string;
  readonly addresses: VchAddresses;
  readonly node: { readonly name: string; readonly ready: boolean | undefined; readonly labels: Readonly<Record<string, string>> };
  readonly workingDirectory: string;
  /** Variables for a Docker client, with the certificate folder as it really is. */
  readonly dockerEnv: Readonly<Record<string, string>>;
  /** What does not work although the VCH exists; empty: all is well. */
  readonly problems: readonly string[];
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
    applianceIso: images.applianceIso,
    bootstrapIso: images.bootstrapIso,
    kubeconfig: factsOf(kubeconfig),
  });
}

/** Creates the VCH. Fails before anything is touched, or says what exists and how to remove it. */
export async function createVch({ input, cluster, vicMachine }: CreateVchRequest, deps: VchDeps, signal: AbortSignal): Promise<CreatedVch> {
  checkVchName(input.name);
  const ready = await preflightCreate(input, cluster, vicMachine, deps, signal);
  const plan = planCreate(input, {
    binary: ready.session.vic.binary,
    stateDirectory: ready.session.stateDirectory,
    applianceIso: ready.images.applianceIso,
    bootstrapIso: ready.images.bootstrapIso,
    kubeconfig: factsOf(ready.kubeconfig),
  });
  for (const note of plan.notes) deps.reporter.info(note);
  const result = await applyCreate(plan, ready.kubeconfigText, ready.session, deps, signal);
  const vch = { name: plan.name, addresses: result.addresses, workingDirectory: plan.workingDirectory, dockerEnv: dockerEnv(result.addresses, plan) };
  const starter = result.problems.find((problem) => problem.includes('kubelet-starter'));
  if (starter !== undefined || (!input.wait && !needsNode(input))) {
    const lost = starter === undefined ? [] : [`the node ${plan.nodeName} will not join the cluster before its kubelet starts${logHint(result.addresses)}`];
    return { ...vch, node: { name: plan.nodeName, ready: undefined, labels: {} }, problems: [...result.problems, ...lost] };
  }
  const api = await deps.kubernetes.connect(ready.kubeconfig);
  try {
    const joined = await joinCluster(api, plan, result.addresses, deps, signal);
    return { ...vch, node: joined.node, problems: [...result.problems, ...joined.problems] };
  } finally {
    await api.close();
  }
}

function factsOf(kubeconfig: {
  readonly path: string;
  readonly contextName: string;
  readonly user: { readonly name: string };
  readonly cluster: { readonly server: string };
}): Parameters<typeof planCreate>[1]['kubeconfig'] {
  return { path: kubeconfig.path, contextName: kubeconfig.contextName, userName: kubeconfig.user.name, server: kubeconfig.cluster.server };
}

/** Labels and taints are set as soon as the node is known, before it is Ready: no pod lands on it that should not. */
async function joinCluster(
  api: KubernetesApi,
  plan: CreatePlan,
  addresses: VchAddresses,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<{ readonly node: CreatedVch['node']; readonly problems: readonly string[] }> {
  const { input, nodeName } = plan;
  const deadline = deps.clock.monotonic() + input.timeoutMs;
  let node = await waitAsStep(api, plan, 'registered', deadline, addresses, deps, signal);
  const problems = await decorate(api, plan, deps, signal);
  if (input.wait) node = await waitAsStep(api, plan, 'ready', deadline, addresses, deps, signal);
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
  return { node: { name: nodeName, ready, labels: node.metadata?.labels ?? {} }, problems };
}

async function waitAsStep(
  api: KubernetesApi,
  plan: CreatePlan,
  until: 'registered' | 'ready',
  deadline: number,
  addresses: VchAddresses,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<Node> {
  const step = deps.reporter.step(until === 'registered' ? `Node ${plan.nodeName} registers` : `Node ${plan.nodeName} becomes Ready`);
  try {
    const onState = (state: string): void => {
      step.detail(state);
    };
    const node = await waitForNode(api, deps.clock, { nodeName: plan.nodeName, until, deadline, onState }, signal);
    step.done();
    return node;
  } catch (error) {
    step.fail();
    throw afterCreate(error, plan, addresses, signal);
  }
}

/** A failure after vic-machine has succeeded: the VCH exists and runs. */
function afterCreate(error: unknown, plan: CreatePlan, addresses: VchAddresses, signal: AbortSignal): VickError {
  const exists = `The VCH ${plan.name}${addresses.id === undefined ? '' : ` (${addresses.id})`} exists and runs.`;
  const removal = `Remove it with: ${deleteCommand(plan)}`;
  const details = { vch: { name: plan.name, id: addresses.id, adminPortal: addresses.adminPortal }, removeWith: deleteCommand(plan) };
  if (signal.aborted) return new VickError('CANCELLED', `interrupted while waiting for node ${plan.nodeName}\n${exists}`, { hint: removal, details });
  if (!isVickError(error)) throw error;
  const where = error.code === 'NODE_NOT_READY' ? `The kubelet's log says why${logHint(addresses)}. ` : `${error.hint ?? ''} `.trimStart();
  return new VickError(error.code, `${error.message}\n${exists}`, { hint: `${where}${removal}`, details: { ...error.details, ...details }, cause: error });
}

async function decorate(api: KubernetesApi, plan: CreatePlan, deps: VchDeps, signal: AbortSignal): Promise<readonly string[]> {
  const { labels, taints } = plan.input;
  if (!needsNode(plan.input)) return [];
  const step = deps.reporter.step('Labels and taints');
  const choice = { names: [plan.nodeName] };
  const update = { api, clock: deps.clock, random: deps.random };
  try {
    const results = [
      ...(labels === undefined ? [] : await labelNodes(update, { choice, change: labels, overwrite: true, dryRun: 'none' }, signal)),
      ...(taints === undefined ? [] : await taintNodes(update, { choice, change: taints, overwrite: true, dryRun: 'none' }, signal)),
    ];
    const problems = results.flatMap((result) => ('error' in result ? [result.error.message] : []));
    if (problems.length > 0) step.fail(problems.join('; '));
    else step.done();
    return problems.map((problem) => `labels and taints were not all set: ${problem}`);
  } catch (error) {
    step.fail();
    if (signal.aborted) {
      throw afterCreate(
        error,
        plan,
        { id: undefined, adminPortal: undefined, publishedAddress: undefined, managementAddress: undefined, dockerEnv: {}, dockerCommand: undefined },
        signal,
      );
    }
    return [`labels and taints were not set: ${messageOf(error)}`];
  }
}

function logHint(addresses: VchAddresses): string {
  return addresses.adminPortal === undefined ? '' : ` (${addresses.adminPortal}/logs/kubelet-starter.log)`;
}

/** vic-machine takes the last component of the certificate folder for a folder of the current one; here is the real one. */
function dockerEnv(addresses: VchAddresses, plan: CreatePlan): Readonly<Record<string, string>> {
  return 'DOCKER_CERT_PATH' in addresses.dockerEnv ? { ...addresses.dockerEnv, DOCKER_CERT_PATH: plan.certificateFolder } : addresses.dockerEnv;
}
