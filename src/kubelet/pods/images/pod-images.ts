/** The images of what is about to be defined: made sure of, checked against the security context, handed on by id. */
import type { Pod } from '../../../platform/kubernetes-objects.ts';
import type { ImageFacts } from '../../capabilities.ts';
import type { DefineContainers } from '../../provider.ts';
import { podContainers } from '../pod-containers.ts';
import type { ImageManager } from './image-manager.ts';
import { verifyNonRoot } from './non-root.ts';

type Facts = ReadonlyMap<string, ImageFacts>;

export class PodImages {
  private readonly of: 'container' | 'pod';
  private readonly manager: ImageManager | undefined;
  /** Of containers that were created with their pod and not started yet: one look at an image serves both. */
  private readonly created = new Map<string, Map<string, ImageFacts>>();

  /** `of`: what images are chosen for at once. Without a manager the provider cares for images itself. */
  constructor(of: 'container' | 'pod', manager: ImageManager | undefined) {
    this.of = of;
    this.manager = manager;
  }

  /** For a create. With images of containers nothing is defined yet, so nothing is pulled. */
  async forCreate(pod: Pod, define: DefineContainers, signal: AbortSignal): Promise<DefineContainers> {
    if (this.manager === undefined || this.of === 'container') return define;
    const names = podContainers(pod).flatMap(({ name, role }) => (role === 'ephemeral' ? [] : [name]));
    const facts = await this.ensure(pod, names, this.manager, signal);
    this.created.set(pod.metadata?.uid ?? '', facts);
    return withImages(pod, define, facts);
  }

  /** For a start of this container. Rejects with ProviderFailure when its image is not to be had. */
  async forStart(pod: Pod, name: string, define: DefineContainers, signal: AbortSignal): Promise<DefineContainers> {
    if (this.manager === undefined) return define;
    const created = this.created.get(pod.metadata?.uid ?? '');
    const known = created?.get(name);
    created?.delete(name);
    return withImages(pod, define, known === undefined ? await this.ensure(pod, [name], this.manager, signal) : new Map([[name, known]]));
  }

  forget(uid: string): void {
    this.created.delete(uid);
    this.manager?.forget(uid);
  }

  private async ensure(pod: Pod, names: readonly string[], manager: ImageManager, signal: AbortSignal): Promise<Map<string, ImageFacts>> {
    const wanted = podContainers(pod).filter(({ name }) => names.includes(name));
    const results = await Promise.allSettled(wanted.map(({ spec }) => manager.ensure(pod, spec, signal)));
    return new Map(
      results.map((result, index) => {
        if (result.status === 'rejected') throw result.reason;
        return [wanted[index]?.name ?? '', result.value];
      }),
    );
  }
}

function withImages(pod: Pod, define: DefineContainers, facts: Facts): DefineContainers {
  return async (ips) => {
    const requests = await define(ips);
    return requests.map((request) => {
      const image = facts.get(request.name);
      if (image === undefined) return request;
      verifyNonRoot(pod, request.name, request.security, image.user);
      return { ...request, imageId: image.id };
    });
  };
}
