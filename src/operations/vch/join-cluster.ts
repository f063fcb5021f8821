/** The part of create after vic-machine: the node registers, gets its labels and taints, becomes Ready. */
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { VchAddresses } from '../../clients/vic-machine/result-block.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { approveServing } from '../identity/approve-serving.ts';
import { labelNodes } from '../node/label.ts';
import { taintNodes } from '../node/taint.ts';
import { dockerEnv, type CreatedVch } from './created-vch.ts';
import type { Journal } from './journal.ts';
import { needsNode, type CreatePlan } from './plan-create.ts';
import type { VchDeps } from './ports.ts';
import { deleteCommand, resumeCommand } from './remains.ts';
import { waitForNode } from './wait-for-node.ts';

export interface MadeVch {
  readonly addresses: VchAddresses;
  readonly problems: readonly string[];
}

/** Ends the journal as complete, or throws saying that the VCH exists. */
export async function joinCluster(
  plan: CreatePlan,
  made: MadeVch,
  kubeconfig: Kubeconfig,
  change: CreatedVch['change'],
  journal: Journal,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<CreatedVch> {
  const { input, nodeName } = plan;
  const { addresses } = made;
  const vch = { name: plan.name, change, addresses, workingDirectory: plan.workingDirectory, dockerEnv: dockerEnv(addresses, plan) };
  const starter = made.problems.find((problem) => problem.includes('kubelet-starter'));
  if (starter !== undefined || (!input.wait && !needsNode(input))) {
    const lost = starter === undefined ? [] : [`the node ${nodeName} will not join the cluster before its kubelet starts${logHint(addresses)}`];
    await journal.complete();
    return { ...vch, node: { name: nodeName, ready: undefined, labels: {} }, problems: [...made.problems, ...lost] };
  }
  const api = await deps.kubernetes.connect(kubeconfig);
  try {
    const deadline = deps.clock.monotonic() + input.timeoutMs;
    const wait = (until: 'registered' | 'ready'): Promise<Node> =>
      journal.step(until === 'registered' ? 'node-registered' : 'node-ready', () => waitAsStep(api, plan, until, deadline, addresses, deps, signal));
    let node = await wait('registered');
    const problems = needsNode(input) ? await journal.step('labels-and-taints', () => decorate(api, plan, addresses, deps, signal)) : [];
    if (input.wait) node = await wait('ready');
    if (input.wait && input.kubeletIdentity === 'node') await certify(api, node, plan, addresses, deps, signal);
    await journal.complete();
    const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
    return { ...vch, node: { name: nodeName, ready, labels: node.metadata?.labels ?? {} }, problems: [...made.problems, ...problems] };
  } finally {
    await api.close();
  }
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
  const title = `Node ${plan.nodeName} ${until === 'registered' ? 'registers' : 'becomes Ready'}`;
  const step = deps.reporter.step(title, { name: `node-${until}` });
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

/** Labels and taints are set as soon as the node is known, before it is Ready: no pod lands on it that should not. */
async function decorate(api: KubernetesApi, plan: CreatePlan, addresses: VchAddresses, deps: VchDeps, signal: AbortSignal): Promise<readonly string[]> {
  const { labels, taints } = plan.input;
  const step = deps.reporter.step('Labels and taints', { name: 'labels-and-taints' });
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
    if (signal.aborted) throw afterCreate(error, plan, addresses, signal);
    return [`labels and taints were not set: ${messageOf(error)}`];
  }
}

/** The kubelet serves with a certificate of its own making until somebody approves one of the cluster's; so this never fails a create. */
async function certify(api: KubernetesApi, node: Node, plan: CreatePlan, addresses: VchAddresses, deps: VchDeps, signal: AbortSignal): Promise<void> {
  const step = deps.reporter.step('Serving certificate of the kubelet', { name: 'serving-certificate', brief: true });
  try {
    const { outcome, csr = '', why = '' } = await approveServing(api, node, deps.clock, signal);
    if (outcome === 'approved') step.done();
    else if (outcome === 'absent') step.skip('the kubelet has not asked for one');
    else step.skip(`${why}; approve it with: kubectl certificate approve ${csr}`);
  } catch (error) {
    step.skip(messageOf(error));
    if (signal.aborted) throw afterCreate(error, plan, addresses, signal);
  }
}

/** A failure after vic-machine has succeeded: the VCH exists and runs. */
function afterCreate(error: unknown, plan: CreatePlan, addresses: VchAddresses, signal: AbortSignal): VickError {
  const exists = `The VCH ${plan.name}${addresses.id === undefined ? '' : ` (${addresses.id})`} exists and runs.`;
  const removal = `Go on with: ${resumeCommand(plan)}\nRemove it with: ${deleteCommand(plan)}`;
  const vch = { name: plan.name, id: addresses.id, adminPortal: addresses.adminPortal };
  const details = { vch, resumeWith: resumeCommand(plan), removeWith: deleteCommand(plan) };
  if (signal.aborted) return new VickError('CANCELLED', `interrupted while waiting for node ${plan.nodeName}\n${exists}`, { hint: removal, details });
  if (!isVickError(error)) throw error;
  const where = error.code === 'NODE_NOT_READY' ? `The kubelet's log says why${logHint(addresses)}. ` : `${error.hint ?? ''} `.trimStart();
  return new VickError(error.code, `${error.message}\n${exists}`, { hint: `${where}${removal}`, details: { ...error.details, ...details }, cause: error });
}

function logHint(addresses: VchAddresses): string {
  return addresses.adminPortal === undefined ? '' : ` (${addresses.adminPortal}/logs/kubelet-starter.log)`;
}
