/** The part of configure and upgrade after vic-machine: the endpoint VM has restarted, and the node of the VCH has to come back. */
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { UpdateResult } from '../../clients/vic-machine/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { runsSomethingElse } from '../node/vch-node.ts';
import { titleOf, wordsFor, type ExistingVch } from './existing-vch.ts';
import { findVch } from './find-vch.ts';
import { Heartbeats } from './heartbeats.ts';
import { nodeNameOf } from './name.ts';
import { findNode } from './node-removal.ts';
import type { ClusterChoice, VchDeps } from './ports.ts';
import type { VicSession } from './vic-session.ts';
import { waitForNode } from './wait-for-node.ts';

export interface RejoinRequest {
  /** False: no cluster is asked. */
  readonly wait: boolean;
  readonly cluster: ClusterChoice;
  /** Which cluster was typed: a kubeconfig that is none is then said before anything is changed. */
  readonly clusterTyped: boolean;
  /** How long the node may take, milliseconds. */
  readonly nodeTimeoutMs: number;
}

export interface RejoinedNode {
  readonly name: string;
  /** Undefined: it was not waited for, since its kubelet has not started. */
  readonly ready: true | undefined;
}

/** What is done to the VCH. */
export interface Change {
  /** `configured`: for the person who reads that the node is what failed, and not this. */
  readonly done: string;
  readonly run: () => Promise<ChangeResult>;
}

export interface ChangeResult extends UpdateResult {
  /** False: there turned out to be nothing to do. */
  readonly restarted: boolean;
}

export interface Rejoined extends ChangeResult {
  /** Undefined: there is none, or it was not looked for. */
  readonly node: RejoinedNode | undefined;
}

/**
 * Looks for the node of the VCH, runs `change`, and waits until the node is Ready again. Without a cluster or a node this says so
 * and only runs `change`. NODE_NOT_READY and CANCELLED of the wait say that the VCH was changed.
 */
export async function changeAndRejoin(
  request: ExistingVch & RejoinRequest,
  change: Change,
  session: VicSession,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<Rejoined> {
  const found = request.wait ? await lookForNode(request, session, deps, signal) : undefined;
  try {
    const result = await change.run();
    if (!result.restarted || found === undefined) return { ...result, node: undefined };
    const { name } = found;
    if (result.problems.some((problem) => problem.includes('kubelet-starter'))) {
      const lost = `the node ${name} will not come back before its kubelet starts`;
      return { ...result, problems: [...result.problems, lost], node: { name, ready: undefined } };
    }
    await waitAsStep(found, request, change.done, result, deps, signal);
    return { ...result, node: { name, ready: true } };
  } finally {
    await found?.api.close();
  }
}

interface FoundNode {
  readonly name: string;
  readonly api: KubernetesApi;
  readonly wasReady: boolean;
}

async function lookForNode(request: ExistingVch & RejoinRequest, session: VicSession, deps: VchDeps, signal: AbortSignal): Promise<FoundNode | undefined> {
  let api: KubernetesApi | undefined;
  try {
    api = await deps.kubernetes.connect(await deps.kubernetes.readKubeconfig(request.cluster));
    const vch = await nameOf(request, session, signal);
    const name = vch === undefined ? '' : nodeNameOf(vch);
    const node = vch === undefined ? undefined : await findNode(api, name, signal);
    if (node !== undefined && !runsSomethingElse(node)) return { name, api, wasReady: isReady(node) };
    const why =
      vch === undefined
        ? `no VCH with the id ${request.id ?? ''} is listed`
        : node === undefined
          ? `there is no node ${name} in the cluster`
          : `the node ${name} does not run on a VCH`;
    deps.reporter.info(`No node is waited for: ${why}`);
    await api.close();
    return undefined;
  } catch (error) {
    await api?.close();
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    if (request.clusterTyped && error.code.startsWith('KUBECONFIG_')) throw error;
    deps.reporter.info(`No node is waited for: ${messageOf(error)}`);
    return undefined;
  }
}

/** An id wins over a name, so what was typed beside it may be anything. */
async function nameOf({ name, id, target, computeResource }: ExistingVch, { vic, query }: VicSession, signal: AbortSignal): Promise<string | undefined> {
  return id === undefined ? name : findVch(await vic.list(target, { computeResource }, query(signal)), { id })?.name;
}

function isReady(node: Node): boolean {
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

async function waitAsStep(
  { api, name, wasReady }: FoundNode,
  request: ExistingVch & RejoinRequest,
  done: string,
  result: UpdateResult,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<void> {
  const step = deps.reporter.step(`Node ${name} becomes Ready`, { name: 'node-ready' });
  try {
    const heartbeats = new Heartbeats(api, name);
    const wait = {
      nodeName: name,
      until: 'ready' as const,
      deadline: deps.clock.monotonic() + request.nodeTimeoutMs,
      isNew: (node: Node) => heartbeats.heard(node, signal),
      onState: (state: string): void => {
        step.detail(state);
      },
    };
    await waitForNode(api, deps.clock, wait, signal);
    step.done();
  } catch (error) {
    step.fail();
    throw afterChange(error, { name, wasReady, done, request, result }, signal);
  }
}

/** A failure after vic-machine has succeeded: the VCH was changed. */
function afterChange(
  error: unknown,
  about: {
    readonly name: string;
    readonly wasReady: boolean;
    readonly done: string;
    readonly request: ExistingVch & RejoinRequest;
    readonly result: UpdateResult;
  },
  signal: AbortSignal,
): unknown {
  const { name, wasReady, done, request, result } = about;
  const id = result.id ?? request.id;
  const title = titleOf(request);
  const said = [
    `The VCH ${title}${id === undefined || id === title ? '' : ` (${id})`} was ${done}.`,
    ...(wasReady ? [] : [`Its node was not Ready before, either.`]),
    ...result.problems,
  ].join('\n');
  const hint = `See more with: vick status ${name}${clusterWords(request.cluster)}\nThe kubelet's log is at the admin portal, /logs/kubelet-starter.log: vick inspect vch ${wordsFor(request)}`;
  const details = { vch: { name: request.name ?? null, id: id ?? null }, outcome: done, node: name, problems: result.problems };
  if (signal.aborted) return new VickError('CANCELLED', `interrupted while waiting for node ${name}\n${said}`, { hint, details });
  if (!isVickError(error)) return error;
  const why = error.code === 'NODE_NOT_READY' || error.hint === undefined ? '' : `${error.hint}\n`;
  return new VickError(error.code, `${error.message}\n${said}`, { hint: `${why}${hint}`, details: { ...error.details, ...details }, cause: error });
}

function clusterWords({ path, context }: ClusterChoice): string {
  return `${path === undefined ? '' : ` --kubeconfig ${path}`}${context === undefined ? '' : ` --context ${context}`}`;
}
