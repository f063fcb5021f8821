/** Pod VMs of a VCH whose pods are gone. */
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { ContainerInfo, PortLayer } from '../../clients/port-layer/port.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { readIdentity, type PodIdentity } from '../../providers/vic/vm/identity.ts';
import { surplusVms, type PodVm } from '../../providers/vic/vm/pod-index.ts';
import { removeVm } from '../../providers/vic/vm/power.ts';
import { createRunStore } from '../../providers/vic/vm/run-store.ts';
import type { Leftover } from './leftover.ts';

export interface VmTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Compares the VMs with the pods of the whole cluster, in this order: a pod exists before its VM does. What has no identity of vick's is
 * told of and never touched, nor is the second VM of a living pod, which its kubelet removes.
 */
export async function findPodVms(api: KubernetesApi, portLayer: PortLayer, vch: string, tools: VmTools, signal: AbortSignal): Promise<readonly Leftover[]> {
  const infos = (await portLayer.listContainers(signal)).filter(({ state }) => state !== 'Removed');
  const { items = [] } = await api.request<{ readonly items?: readonly Pod[] }>({ method: 'GET', path: paths.allPods() }, signal);
  const living = new Set(items.map(({ metadata }) => metadata?.uid ?? ''));
  const vms = infos.flatMap((info): readonly PodVm[] => {
    const identity = readIdentity(info);
    return identity === undefined ? [] : [{ identity, info }];
  });
  const orphans = vms.filter(({ identity }) => !living.has(identity.uid));
  return [
    ...orphans.map((vm) => orphan(vm, portLayer, vch, tools, api)),
    ...surplusVms(vms.filter(({ identity }) => living.has(identity.uid))).map(({ identity, info }) => ({
      ...about(info, nameOf(identity), vch),
      why: `a second VM of a ${identity.part === undefined ? 'pod' : 'container'} that lives; its kubelet removes it`,
    })),
    ...infos
      .filter((info) => readIdentity(info) === undefined)
      .map((info): Leftover => ({ kind: 'container', name: info.name, id: info.id, vch, why: 'not made by vick' })),
  ];
}

function orphan({ identity, info }: PodVm, portLayer: PortLayer, vch: string, tools: VmTools, api: KubernetesApi): Leftover {
  return {
    ...about(info, nameOf(identity), vch),
    why: `there is no pod with the UID ${identity.uid}`,
    remove: async (signal) => {
      // Somebody may have been asked in between; a UID never comes back, so only a list that was cut short could be wrong.
      const { items = [] } = await api.request<{ readonly items?: readonly Pod[] }>({ method: 'GET', path: paths.pods(identity.namespace) }, signal);
      if (items.some(({ metadata }) => metadata?.uid === identity.uid)) throw new Error('its pod is there after all');
      await removeVm({ portLayer, ...tools }, info.id, signal);
      await createRunStore(portLayer).remove(info.id, signal);
    },
  };
}

function about(info: ContainerInfo, name: string, vch: string): Pick<Leftover, 'kind' | 'name' | 'id' | 'vch'> {
  return { kind: 'pod-vm', name, id: info.id, vch };
}

function nameOf({ namespace, name, part }: PodIdentity): string {
  return part === undefined ? `${namespace}/${name}` : `${namespace}/${name} (${part.container})`;
}
