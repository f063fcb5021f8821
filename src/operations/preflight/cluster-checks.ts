/** Checks that ask the API server, as the operator: reachable, trusted, accepted, allowed, node name free. */
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { failed, failedWith, isFailure, passed, skipped, warned, type Check } from './check.ts';
import { accessReview, permissionsForNode, renderPermission, type Permission, type PermissionNeeds } from './permissions.ts';
import type { Reporter } from '../../platform/talk.ts';
import { asStep } from './run-checks.ts';

const REACHABLE = { name: 'cluster-reachable', title: 'API server answers and is trusted' } as const;
const ACCEPTED = { name: 'credentials-accepted', title: 'credentials are accepted' } as const;
const PERMITTED = { name: 'permissions', title: 'permissions' } as const;
const NODE_FREE = { name: 'node-name-free', title: 'node name is free' } as const;

/** All cluster checks in order, as steps. What depends on a failed one is skipped with the reason. */
export async function checkCluster(api: KubernetesApi, needs: PermissionNeeds, progress: Reporter, signal: AbortSignal): Promise<readonly Check[]> {
  const reachable = await asStep(progress, REACHABLE.title, () => checkReachable(api, signal));
  if (isFailure(reachable)) return [reachable, ...[ACCEPTED, PERMITTED, NODE_FREE].map((about) => skipped(about, 'the API server cannot be asked'))];
  const accepted = await asStep(progress, ACCEPTED.title, () => checkAccepted(api, needs, signal));
  if (isFailure(accepted)) return [reachable, accepted, ...[PERMITTED, NODE_FREE].map((about) => skipped(about, 'the credentials are not accepted'))];
  const permissions =
    accepted.status === 'skip' ? [skipped(PERMITTED, 'the API server answers no access reviews')] : await checkPermissions(api, needs, progress, signal);
  const nodeFree = await asStep(progress, `node name ${needs.nodeName} is free`, () => checkNodeFree(api, needs.nodeName, signal));
  return [reachable, accepted, ...permissions, nodeFree];
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
async function checkAccepted(api: KubernetesApi, needs: PermissionNeeds, signal: AbortSignal): Promise<Check> {
  const [first] = permissionsForNode(needs);
  if (first === undefined) return passed(ACCEPTED);
  try {
    await ask(api, first, signal);
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

/** Reviews under way at a time: a far server must not cost a round trip each, a small one must not be flooded. */
const AT_ONCE = 5;

async function checkPermissions(api: KubernetesApi, needs: PermissionNeeds, progress: Reporter, signal: AbortSignal): Promise<readonly Check[]> {
  const title = 'permissions of the node and of its operator';
  const step = progress.step(title, { brief: true });
  try {
    const checks: Check[] = [];
    const left = [...permissionsForNode(needs)];
    while (left.length > 0) {
      checks.push(...(await Promise.all(left.splice(0, AT_ONCE).map((permission) => checkPermission(api, permission, signal)))));
    }
    const missing = checks.filter((check) => check.status !== 'pass');
    const fatal = missing.filter(isFailure);
    // The fatal ones are told with the error; beside them the others are noise.
    if (fatal.length === 0) for (const check of missing) step.detail(check.message ?? check.title);
    if (fatal.length > 0) step.fail(`${fatal.length} of ${checks.length} permissions are missing`);
    else step.done(`${title}: ${missing.length === 0 ? `all ${checks.length} granted` : `${checks.length - missing.length} of ${checks.length} granted`}`);
    return checks;
  } catch (error) {
    step.fail();
    throw error;
  }
}

async function checkPermission(api: KubernetesApi, permission: Permission, signal: AbortSignal): Promise<Check> {
  const shown = renderPermission(permission);
  const about = { name: `permission:${shown.replaceAll(' ', '-')}`, title: `may ${shown}` };
  try {
    if (await ask(api, permission, signal)) return passed(about);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return warned(about, `could not be asked whether it may ${shown}: ${messageOf(error)}`);
  }
  const message = `may not ${shown}, which is needed to ${permission.purpose}`;
  return permission.severity === 'fatal'
    ? failed(about, 'KUBE_FORBIDDEN', message, `Ask an administrator to grant it; check with: kubectl auth can-i ${canI(permission)}`)
    : warned(about, message);
}

async function ask(api: KubernetesApi, permission: Permission, signal: AbortSignal): Promise<boolean> {
  const review = accessReview(permission);
  const answer = await api.request<{ readonly status?: { readonly allowed?: boolean } }>(
    { method: 'POST', path: paths.selfSubjectAccessReviews(), body: review },
    signal,
  );
  return answer.status?.allowed === true;
}

function canI({ verb, group, resource, subresource, namespace, name }: Permission): string {
  const kind = `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`}`;
  return `${verb} ${kind}${subresource === undefined ? '' : ` --subresource=${subresource}`}${namespace === undefined ? '' : ` -n ${namespace}`}`;
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
