/** Three who should agree about pods, side by side by UID: the API server, the kubelet of the node, and the port layer of its VCH. Pure. */
import type { ContainerInfo } from '../../clients/port-layer/port.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { readIdentity } from '../../providers/vic/identity.ts';
import { standingVm, type PodVm } from '../../providers/vic/pod-index.ts';
import { podLine } from './pod-line.ts';

/**
 * `ok`: they agree · `pending`: its VM is not made yet, or it has ended · `missing`: the pod runs for Kubernetes and has no
 * VM · `orphan`: a pod VM or a pod of the kubelet that Kubernetes knows nothing of · `elsewhere`: an orphan whose pod is bound to another node ·
 * `duplicate`: a second VM of one pod · `foreign`: a container that vick has not made · `unknown`: nobody could be asked who would tell.
 */
type Mark = 'ok' | 'pending' | 'missing' | 'orphan' | 'elsewhere' | 'duplicate' | 'foreign' | 'unknown';

export interface LinedUp {
  /** Empty for a foreign container. */
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
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
  const vmsOf = (uid: string): readonly PodVm[] => vms.filter(({ identity }) => identity.uid === uid);
  const inKubelet = new Map((kubelet ?? []).map((pod) => [pod.metadata?.uid ?? '', pod.status?.phase ?? 'Pending']));
  const bound = new Set(kubernetes.map(({ metadata }) => metadata?.uid ?? ''));

  const known = kubernetes.map((pod): LinedUp => {
    const { uid, namespace, name, status } = podLine(pod);
    const vm = standingVm(vmsOf(uid));
    return { uid, namespace, name, kubernetes: status, kubelet: inKubelet.get(uid), vm: shown(vm), mark: markOf(pod, vm, containers !== undefined) };
  });
  const duplicates = vms.filter((vm) => bound.has(vm.identity.uid) && standingVm(vmsOf(vm.identity.uid)) !== vm);
  const strays = vms.filter(({ identity }) => !bound.has(identity.uid));
  const stray = (vm: PodVm, mark: Mark): LinedUp => {
    const { uid, namespace, name } = vm.identity;
    return { uid, namespace, name, kubernetes: undefined, kubelet: inKubelet.get(uid), vm: shown(vm), mark };
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

function shown(vm: PodVm | undefined): LinedUp['vm'] {
  return vm === undefined ? undefined : { id: vm.info.id, state: stateOf(vm.info) };
}

function stateOf({ state }: ContainerInfo): string {
  return state === '' ? 'Suspended' : state;
}

function byName(a: LinedUp, b: LinedUp): number {
  return a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name);
}
