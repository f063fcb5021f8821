/** What a node makes of changes of a bound pod's spec: each is followed, or told. Pure. */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { omit } from '../omit.ts';
import { podContainers } from './pod-containers.ts';

export interface SpecChange {
  readonly container: string;
  /** Undefined: the change is followed. */
  readonly refusal: string | undefined;
}

/** New images; besides deadlines, tolerations and ephemeral containers they are what the API server lets change. */
export function imageChanges(before: Pod, after: Pod, images: 'container' | 'pod'): readonly SpecChange[] {
  return podContainers(after).flatMap(({ name, role, spec }): readonly SpecChange[] => {
    const old = podContainers(before).find((container) => container.name === name)?.spec.image;
    if (old === undefined || old === spec.image || role === 'ephemeral') return [];
    const refusal = `Container ${name} keeps image "${old}" until the pod is created again: this node does not replace images of existing pods`;
    return [{ container: name, refusal: images === 'pod' ? refusal : undefined }];
  });
}

/** The pod as a node sees it that cannot add containers to pods that run. */
export function withoutEphemeralContainers(pod: Pod): Pod {
  return pod.spec?.ephemeralContainers === undefined ? pod : { ...pod, spec: omit(pod.spec, 'ephemeralContainers') };
}

export function refusedEphemeralContainer(name: string): string {
  return `Ephemeral container ${name} is not started: containers cannot be added to running pods on this node`;
}
