import type { Pod } from '../../platform/kubernetes-objects.ts';

export interface PodIdentity {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

export function identityOf(pod: Pod): PodIdentity {
  const { uid = '', namespace = '', name = '' } = pod.metadata ?? {};
  return { uid, namespace, name };
}

/** `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`, as kubelets named containers of an engine. */
export function containerName(container: string, { uid, namespace, name }: PodIdentity, attempt: number): string {
  return `k8s_${container}_${name}_${namespace}_${uid}_${String(attempt)}`;
}

/** Engine names are unique; a pod's volume is named by its UID. Without a volume name: the pod's own files. */
export function volumeName(uid: string, volume?: string): string {
  return volume === undefined ? `vick-${uid}` : `vick-${uid}-${volume}`;
}
