/** Changes that the API makes to pods which are here already: what can be followed is, and the rest is told. */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { EventRecorder } from '../events.ts';
import { imagesOf, type PodProvider } from '../provider.ts';
import type { Operations } from './operations.ts';
import { takeOver, type PodRuntime } from './runtime.ts';
import { imageChanges, refusedEphemeralContainer, withoutEphemeralContainers } from './spec-changes.ts';
import { takesEphemeralContainers } from './support.ts';
import { forgetPauses } from './trouble.ts';

export interface SpecUpdatesOptions {
  readonly provider: PodProvider;
  readonly events: EventRecorder;
  readonly operations: Pick<Operations, 'callOff'>;
}

export class SpecUpdates {
  private readonly options: SpecUpdatesOptions;
  private readonly addsContainers: boolean;

  constructor(options: SpecUpdatesOptions) {
    this.options = options;
    this.addsContainers = takesEphemeralContainers(options.provider);
  }

  /** The pod without what this node cannot add to it. */
  ownView(pod: Pod): Pod {
    return this.addsContainers ? pod : withoutEphemeralContainers(pod);
  }

  /** False when `pod` is no news. */
  take(runtime: PodRuntime, pod: Pod): boolean {
    const before = runtime.pod;
    if (!takeOver(runtime, pod)) return false;
    const { provider, events, operations } = this.options;
    operations.callOff(runtime);
    for (const { container, refusal } of before.spec === pod.spec ? [] : imageChanges(before, pod, imagesOf(provider))) {
      // What could not be started is tried at once with the new image.
      const waits = runtime.history.containers[container]?.run === undefined || refusal === undefined;
      if (waits) runtime.history = forgetPauses(runtime.history);
      else events.pod(pod, { type: 'Warning', reason: 'SpecChangeNotApplied', message: refusal }, container);
    }
    return true;
  }

  /** Tells once of each ephemeral container that it cannot be. */
  refuseEphemeral(runtime: PodRuntime, told: Pod): void {
    if (this.addsContainers) return;
    for (const { name } of told.spec?.ephemeralContainers ?? []) {
      if (runtime.refusedContainers.has(name)) continue;
      runtime.refusedContainers.add(name);
      this.options.events.pod(told, { type: 'Warning', reason: 'SpecChangeNotApplied', message: refusedEphemeralContainer(name) }, name);
    }
  }
}
