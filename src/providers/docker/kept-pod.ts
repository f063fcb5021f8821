import type { VolumeRequest } from '../../kubelet/provider.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { hostNames, type DnsSettings } from './dns.ts';
import { LABEL, type Labels } from './labels.ts';

/** What a pod's containers need to know of it, kept with its sandbox: the pod itself is only there when that is made. */
export interface KeptPod {
  readonly hostname: string;
  /** The pod has a network of its own, and so a hosts file. */
  readonly ownNetwork: boolean;
  readonly sharesProcesses: boolean;
  /** Names of the pod-wide profile; undefined: the engine's. */
  readonly seccomp?: string;
  readonly qosClass: string;
  readonly volumes: readonly KeptVolume[];
}

export type KeptVolume =
  | { readonly name: string; readonly kind: 'engine'; readonly readOnly: boolean; readonly fsGroup?: number }
  | { readonly name: string; readonly kind: 'hostPath'; readonly path: string };

export function keepPod(pod: Pod, volumes: readonly VolumeRequest[], dns: DnsSettings): KeptPod {
  const { hostNetwork, shareProcessNamespace, hostPID, securityContext } = pod.spec ?? {};
  const seccomp = securityContext?.seccompProfile?.type;
  return {
    hostname: hostNames(pod, dns).hostname,
    ownNetwork: hostNetwork !== true,
    sharesProcesses: shareProcessNamespace === true || hostPID === true,
    ...(seccomp === undefined ? {} : { seccomp }),
    qosClass: pod.status?.qosClass ?? 'Burstable',
    volumes: volumes.map(keepVolume),
  };
}

export function readKeptPod(labels: Labels | null | undefined): KeptPod {
  const text = labels?.[LABEL.pod];
  if (text === undefined) return { hostname: '', ownNetwork: true, sharesProcesses: false, qosClass: 'Burstable', volumes: [] };
  return JSON.parse(text) as KeptPod;
}

function keepVolume(volume: VolumeRequest): KeptVolume {
  if (volume.kind === 'hostPath') return { name: volume.name, kind: 'hostPath', path: volume.path };
  const fsGroup = volume.fsGroup === undefined ? {} : { fsGroup: volume.fsGroup };
  return { name: volume.name, kind: 'engine', readOnly: volume.kind === 'files', ...fsGroup };
}
