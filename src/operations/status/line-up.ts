/** Three who should agree about pods, side by side by UID: the API server, the kubelet of the node, and the port layer of its VCH. Pure. */
import type { ContainerInfo } from '../../clients/port-layer/port.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { readIdentity } from '../../providers/vic/vm/identity.ts';
import { standingVms, type PodVm } from '../../providers/vic/vm/pod-index.ts';
import { mainVm } from '../../providers/vic/plan/pod-parts.ts';
import { podLine } from './pod-line.ts';

/**
 * `ok`: they agree · `pending`: its VM is not made yet, or it has ended · `missing`: the pod runs for Kubernetes and has no
 * VM · `orphan`: a pod VM or a pod of the kubelet that Kubernetes knows nothing of · `elsewhere`: an orphan whose pod is bound to another node ·
 * `duplicate`: a second VM of one pod, or of one container of it · `foreign`: a container that vick has not made · `unknown`: nobody could be asked who would tell.
 */
type Mark = 'ok' | 'pending' | 'missing' | 'orphan' | 'elsewhere' | 'duplicate' | 'foreign' | 'unknown';

export interface LinedUp {
  /** Empty for a foreign container. */
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Set where the VM is that of one container of the pod. Those beside the main one have a line each, behind that of their pod. */
  readonly container?: string;
  /** Status as kubectl shows it; undefined: Kubernetes has no such pod. */
  readonly kubernetes: string | undefined;
  /** Phase as the kubelet has it; undefined: it has no such pod, or was not asked. */
  readonly kubelet: string | undefined;
  /** Of its VM, as the port layer has it. */
  readonly vm: { readonly id: string; readonly state: string } | undefined;
  readonly mark: Mark;
}

export interface Views {
  /** Pods that are bound to the node. */
  readonly kubernetes: readonly Pod[];
  /** UIDs of pods that are bound to other nodes, as far as they were looked for. */
  readonly elsewhere?: ReadonlySet<string>;
  /** Undefined: the kubelet was not asked, or did not answer. */
  readonly kubelet: readonly Pod[] | undefined;
  /** Undefined: the port layer was not asked, or did not answer. */
  readonly containers: readonly ContainerInfo[] | undefined;
}

/** Kubernetes' pods first, by namespace and name, then what has no place there. */
export function lineUp({ kubernetes, elsewhere = new Set(), kubelet, containers }: Views): readonly LinedUp[] {
  const seen = (containers ?? []).filter(({ state }) => state !== 'Removed');
  const vms = seen.flatMap((info): readonly PodVm[] => {
    const identity = readIdentity(info);
    return identity === undefined ? [] : [{ identity, info }];
  });
  const vmsOf = (uid: string): readonly PodVm[] => standingVms(vms.filter(({ identity }) => identity.uid === uid));
  const inKubelet = new Map((kubelet ?? []).map((pod) => [pod.metadata?.uid ?? '', pod.status?.phase ?? 'Pending']));
  const bound = new Set(kubernetes.map(({ metadata }) => metadata?.uid ?? ''));

  const known = kubernetes.flatMap((pod): readonly LinedUp[] => {
    const { uid, namespace, name, status } = podLine(pod);
    const all = vmsOf(uid);
    const main = mainVm(all) ?? all[0];
    const own = { uid, namespace, name, kubernetes: status, kubelet: inKubelet.get(uid), mark: markOf(pod, main, containers !== undefined) };
    const parts = all.filter((vm) => vm !== main).map((vm): LinedUp => ({ ...own, kubernetes: undefined, kubelet: undefined, ...shown(vm) }));
    return [{ ...own, ...shown(main) }, ...parts];
  });
  const duplicates = vms.filter((vm) => bound.has(vm.identity.uid) && !vmsOf(vm.identity.uid).includes(vm));
  const strays = vms.filter(({ identity }) => !bound.has(identity.uid));
  const stray = (vm: PodVm, mark: Mark): LinedUp => {
    const { uid, namespace, name } = vm.identity;
    return { uid, namespace, name, kubernetes: undefined, kubelet: inKubelet.get(uid), ...shown(vm), mark };
  };
  const vmUids = new Set(vms.map(({ identity }) => identity.uid));
  const kubeletOnly = (kubelet ?? []).filter(({ metadata }) => !bound.has(metadata?.uid ?? '') && !vmUids.has(metadata?.uid ?? ''));
  const foreign = seen.filter((info) => readIdentity(info) === undefined);
  return [
    ...known.toSorted(byName),
    ...duplicates.map((vm) => stray(vm, 'duplicate')).toSorted(byName),
    ...strays.map((vm) => stray(vm, elsewhere.has(vm.identity.uid) ? 'elsewhere' : 'orphan')).toSorted(byName),
    ...kubeletOnly
      .map(({ metadata, status }): LinedUp => {
        const [uid, namespace, name] = [metadata?.uid ?? '', metadata?.namespace ?? '', metadata?.name ?? ''];
        return { uid, namespace, name, kubernetes: undefined, kubelet: status?.phase ?? 'Pending', vm: undefined, mark: 'orphan' };
      })
      .toSorted(byName),
    ...foreign
      .map((info): LinedUp => ({
        uid: '',
        namespace: '',
        name: info.name,
        kubernetes: undefined,
        kubelet: undefined,
        vm: { id: info.id, state: stateOf(info) },
        mark: 'foreign',
      }))
      .toSorted(byName),
  ];
}

/** Marks that say that something is wrong; a foreign container is none of vick's business. */
export function isWrong({ mark }: Pick<LinedUp, 'mark'>): boolean {
  return mark === 'missing' || mark === 'orphan' || mark === 'elsewhere' || mark === 'duplicate';
}

function markOf(pod: Pod, vm: PodVm | undefined, asked: boolean): Mark {
  if (vm !== undefined) return 'ok';
  const phase = pod.status?.phase ?? 'Pending';
  if (phase !== 'Running' || pod.metadata?.deletionTimestamp !== undefined) return 'pending';
  return asked ? 'missing' : 'unknown';
}

function shown(vm: PodVm | undefined): Pick<LinedUp, 'vm' | 'container'> {
  if (vm === undefined) return { vm: undefined };
  const { part } = vm.identity;
  return { vm: { id: vm.info.id, state: stateOf(vm.info) }, ...(part === undefined ? {} : { container: part.container }) };
}

function stateOf({ state }: ContainerInfo): string {
  return state === '' ? 'Suspended' : state;
}

function byName(a: LinedUp, b: LinedUp): number {
  return a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name);
}
