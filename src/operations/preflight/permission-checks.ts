/** Asks for every permission, one review each: of the operator, and of the identity that the node is going to have. */
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Reporter } from '../../platform/talk.ts';
import { failed, isFailure, passed, skipped, warned, type Check } from './check.ts';
import { CHECKS } from './names.ts';
import {
  accessReview,
  isDecidedPerPod,
  permissionsForNode,
  permissionsOfKubelet,
  permissionsOfOperator,
  permissionsToMint,
  renderPermission,
  type Permission,
  type PermissionNeeds,
} from './permissions.ts';

export interface PermissionPlan extends PermissionNeeds {
  /** `node`: the kubelet gets an identity of its own; default `as-is`: it is the operator. */
  readonly identity?: 'node' | 'as-is' | undefined;
  /** The operator of this kubeconfig is a node itself. */
  readonly isNodeUser?: boolean | undefined;
  /** No node is meant: the name only stands in for one. */
  readonly isProbe?: boolean | undefined;
}

/** Whose permission: undefined is the caller's own. */
export interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
}

interface Planned {
  readonly permission: Permission;
  readonly subject: Subject | undefined;
  readonly perPod: boolean;
}

/** Reviews under way at a time: a far server must not cost a round trip each, a small one must not be flooded. */
const AT_ONCE = 5;

export function plannedPermissions(plan: PermissionPlan): readonly Planned[] {
  const own = (permissions: readonly Permission[]): readonly Planned[] =>
    permissions.map((permission) => ({ permission, subject: undefined, perPod: plan.isNodeUser === true && isDecidedPerPod(permission) }));
  if (plan.identity !== 'node') return own(permissionsForNode(plan));
  const subject = { user: `system:node:${plan.nodeName}`, groups: ['system:nodes', 'system:authenticated'] };
  // Labels and taints are the operator's business then: a node may not change its taints.
  const kubelet = permissionsOfKubelet({ ...plan, patchesNode: false }).map((permission) => ({ permission, subject, perPod: isDecidedPerPod(permission) }));
  return [...own([...permissionsToMint(plan), ...permissionsOfOperator(plan)]), ...kubelet];
}

export async function checkPermissions(api: KubernetesApi, planned: readonly Planned[], progress: Reporter, signal: AbortSignal): Promise<readonly Check[]> {
  const title = 'permissions of the node and of its operator';
  const step = progress.step(title, { brief: true });
  try {
    const checks: Check[] = [];
    const left = [...planned];
    while (left.length > 0) checks.push(...(await Promise.all(left.splice(0, AT_ONCE).map((one) => checkPermission(api, one, signal)))));
    const asked = checks.filter((check) => check.status !== 'skip');
    const missing = asked.filter((check) => check.status !== 'pass');
    const fatal = missing.filter(isFailure);
    // The fatal ones are told with the error; beside them the others are noise.
    if (fatal.length === 0) for (const check of missing) step.detail(check.message ?? check.title);
    if (fatal.length > 0) step.fail(`${fatal.length} of ${asked.length} permissions are missing`);
    else step.done(`${title}: ${missing.length === 0 ? `all ${asked.length} granted` : `${asked.length - missing.length} of ${asked.length} granted`}`);
    return checks;
  } catch (error) {
    step.fail();
    throw error;
  }
}

/** True when the server says yes. KUBE_* when it cannot be asked. */
export async function askAccess(api: KubernetesApi, permission: Permission, subject: Subject | undefined, signal: AbortSignal): Promise<boolean> {
  const review = accessReview(permission);
  const body =
    subject === undefined
      ? review
      : { apiVersion: review.apiVersion, kind: 'SubjectAccessReview', spec: { ...review.spec, user: subject.user, groups: [...subject.groups] } };
  const path = subject === undefined ? paths.selfSubjectAccessReviews() : paths.subjectAccessReviews();
  const answer = await api.request<{ readonly status?: { readonly allowed?: boolean } }>({ method: 'POST', path, body: body }, signal);
  return answer.status?.allowed === true;
}

async function checkPermission(api: KubernetesApi, { permission, subject, perPod }: Planned, signal: AbortSignal): Promise<Check> {
  const shown = renderPermission(permission);
  const who = subject === undefined ? '' : ' (node)';
  const id = `${CHECKS.permissions.name.slice(0, -1)}:${subject === undefined ? '' : 'node:'}${shown.replaceAll(' ', '-')}`;
  const about = { name: id, title: `may ${shown}${who}` };
  if (perPod) return skipped(about, 'decided per pod: a node may read what its pods refer to');
  try {
    if (await askAccess(api, permission, subject, signal)) return passed(about);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    if (subject !== undefined) return skipped(about, `you may not ask for others: ${messageOf(error)}`);
    return warned(about, `could not be asked whether it may ${shown}: ${messageOf(error)}`);
  }
  if (subject !== undefined) {
    const message = `${subject.user} may not ${shown}, which is needed to ${permission.purpose}`;
    // The binding for the client CA is made with the identity.
    if (permission.name === 'extension-apiserver-authentication') return passed(about, 'create binds the role for it');
    if (permission.severity === 'degraded') return warned(about, message);
    return failed(
      about,
      'KUBE_FORBIDDEN',
      message,
      'The API server needs the Node authorizer (--authorization-mode=Node,RBAC); else use --kubelet-identity=as-is.',
    );
  }
  const message = `may not ${shown}, which is needed to ${permission.purpose}`;
  return permission.severity === 'fatal'
    ? failed(about, 'KUBE_FORBIDDEN', message, `Ask an administrator to grant it; check with: kubectl auth can-i ${canI(permission)}`)
    : warned(about, message);
}

function canI({ verb, group, resource, subresource, namespace, name }: Permission): string {
  const kind = `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`}`;
  return `${verb} ${kind}${subresource === undefined ? '' : ` --subresource=${subresource}`}${namespace === undefined ? '' : ` -n ${namespace}`}`;
}
