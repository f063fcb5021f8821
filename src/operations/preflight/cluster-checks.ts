/** Checks that ask the API server, as the operator: reachable, trusted, accepted, allowed, node name free. */
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { failed, failedWith, isFailure, passed, skipped, warned, type Check } from './check.ts';
import { checkLease } from './lease-check.ts';
import { CHECKS } from './names.ts';
import { askAccess, checkPermissions, plannedPermissions, type PermissionPlan } from './permission-checks.ts';
import { permissionsForNode } from './permissions.ts';
import type { CheckRunner } from './runner.ts';
import { checkVersion } from './version-check.ts';

const REACHABLE = CHECKS.reachable;
const ACCEPTED = CHECKS.accepted;
const NODE_FREE = CHECKS.nodeFree;
const AFTER = [CHECKS.version, CHECKS.accepted, CHECKS.permissions, CHECKS.nodeFree, CHECKS.lease];

export interface ClusterNeeds extends PermissionPlan {
  /** Now, in milliseconds since the epoch. */
  readonly now: number;
}

/** All cluster checks in order, as steps. What depends on a failed one is skipped with the reason. */
export async function checkCluster(api: KubernetesApi, needs: ClusterNeeds, runner: CheckRunner, signal: AbortSignal): Promise<void> {
  const reachable = await runner.run(REACHABLE, () => checkReachable(api, signal));
  if (isFailure(reachable)) {
    runner.notRun(AFTER, 'the API server cannot be asked');
    return;
  }
  await runner.run(CHECKS.version, () => checkVersion(api, signal));
  const accepted = await runner.run(ACCEPTED, () => checkAccepted(api, needs, signal));
  if (isFailure(accepted)) {
    runner.notRun([CHECKS.permissions, CHECKS.nodeFree, CHECKS.lease], 'the credentials are not accepted');
    return;
  }
  if (runner.isSkipped(CHECKS.permissions)) runner.notRun([CHECKS.permissions], '');
  else if (accepted.status === 'skip' && !runner.isSkipped(ACCEPTED)) runner.notRun([CHECKS.permissions], 'the API server answers no access reviews');
  else runner.results.push(...(await checkPermissions(api, plannedPermissions(needs), runner.reporter, signal)));
  if (needs.isProbe === true) {
    runner.notRun([CHECKS.nodeFree, CHECKS.lease], 'no VCH was named');
    return;
  }
  await runner.run(NODE_FREE, () => checkNodeFree(api, needs.nodeName, signal), `node name ${needs.nodeName} is free`);
  await runner.run(CHECKS.lease, () => checkLease(api, needs.nodeName, needs.now, signal));
}

async function checkReachable(api: KubernetesApi, signal: AbortSignal): Promise<Check> {
  try {
    const version = await api.request<{ readonly gitVersion?: string }>({ method: 'GET', path: paths.version() }, signal);
    return passed(REACHABLE, `${api.server} runs Kubernetes ${version.gitVersion ?? 'of an unknown version'}`);
  } catch (error) {
    signal.throwIfAborted();
    // A refusal is an answer: whether the credentials are good is the next question.
    if (isVickError(error) && typeof error.details?.['httpStatus'] === 'number' && error.details['httpStatus'] < 500) return passed(REACHABLE, api.server);
    if (error instanceof SyntaxError) {
      return failed(REACHABLE, 'KUBE_UNREACHABLE', `${api.server} answers, but not as a Kubernetes API server does`, 'Check the server in the kubeconfig.');
    }
    return failedWith(REACHABLE, error);
  }
}

/** Everybody who is authenticated may ask about himself, so the first review tells whether the credentials are good. */
async function checkAccepted(api: KubernetesApi, needs: PermissionPlan, signal: AbortSignal): Promise<Check> {
  const [first] = permissionsForNode(needs);
  if (first === undefined) return passed(ACCEPTED);
  try {
    await askAccess(api, first, undefined, signal);
    return passed(ACCEPTED);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    if (error.code === 'KUBE_UNAUTHENTICATED') {
      return failed(ACCEPTED, error.code, `${api.server} does not accept the credentials of the kubeconfig: ${error.message}`, error.hint);
    }
    if (error.code === 'KUBE_TLS' || error.code === 'KUBE_UNREACHABLE') return failedWith(ACCEPTED, error);
    if (error.code === 'KUBE_FORBIDDEN' && error.message.includes('system:anonymous')) {
      return failed(ACCEPTED, 'KUBE_UNAUTHENTICATED', `the API server takes these credentials for nobody's: ${error.message}`, error.hint);
    }
    return skipped(ACCEPTED, `the API server answers no access reviews: ${messageOf(error)}`);
  }
}

/** A node of that name that is Ready is another VCH's; one that is not can be taken over by the new VCH. */
async function checkNodeFree(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<Check> {
  try {
    const node = await api.request<Node>({ method: 'GET', path: paths.node(nodeName) }, signal);
    const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
    if (ready) {
      return failed(
        NODE_FREE,
        'KUBE_CONFLICT',
        `node ${nodeName} exists already and is Ready: another VCH of that name serves it`,
        'Choose another name, or delete that VCH first.',
      );
    }
    return warned(NODE_FREE, `node ${nodeName} exists already and is not Ready; the new VCH takes it over with its labels and taints`);
  } catch (error) {
    signal.throwIfAborted();
    if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return passed(NODE_FREE);
    if (isVickError(error) && error.code === 'KUBE_FORBIDDEN') return skipped(NODE_FREE, 'nodes may not be read');
    return failedWith(NODE_FREE, error);
  }
}
