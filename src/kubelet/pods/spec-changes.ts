/** Changes of a bound pod's spec that this node does not follow; each is told, none is ignored in silence. Pure. */
import type { Pod } from '../../platform/kubernetes-objects.ts';

export interface SpecChange {
  readonly container: string;
  readonly message: string;
}

/** Images and ephemeral containers are what the API server lets change, besides deadlines and tolerations. */
export function unfollowedChanges(before: Pod, after: Pod): readonly SpecChange[] {
  const images = (after.spec?.containers ?? []).flatMap(({ name, image }): readonly SpecChange[] => {
    const old = before.spec?.containers.find((container) => container.name === name)?.image;
    const message = `Container ${name} keeps image "${old ?? ''}" until the pod is created again: this node does not replace images of existing pods`;
    return old === undefined || old === image ? [] : [{ container: name, message }];
  });
  const known = new Set((before.spec?.ephemeralContainers ?? []).map(({ name }) => name));
  const ephemeral = (after.spec?.ephemeralContainers ?? []).flatMap(({ name }): readonly SpecChange[] =>
    known.has(name) ? [] : [{ container: name, message: `Ephemeral container ${name} is not started: this node does not support ephemeral containers` }],
  );
  return [...images, ...ephemeral];
}
