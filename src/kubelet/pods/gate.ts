/** Decides which pods this node takes, by its Node, its support tables and the room that is left; tells what it takes in part. */
import type { Node, Pod } from '../../platform/kubernetes-objects.ts';
import type { EventRecorder } from '../events.ts';
import type { PodProvider } from '../provider.ts';
import { admit, type Rejection } from './admission.ts';
import { Room } from './room.ts';
import { judgeSupport } from './support.ts';

export interface GateOptions {
  readonly provider: PodProvider;
  readonly events: EventRecorder;
  readonly node: () => Node;
  readonly allocatable: () => Readonly<Record<string, string>> | undefined;
}

export class Gate {
  readonly room = new Room();
  private readonly options: GateOptions;

  constructor(options: GateOptions) {
    this.options = options;
  }

  /** Why a pod that is about to run for the first time must not; undefined: it may. */
  admit(pod: Pod): Rejection | undefined {
    const { provider, events, node, allocatable } = this.options;
    const verdict = judgeSupport(pod, provider);
    const rejection = admit({ pod, ...this.room.besides(pod.metadata?.uid ?? ''), node: node(), allocatable: allocatable(), verdict });
    const told = verdict.degraded.filter(({ quiet }) => quiet !== true);
    if (rejection === undefined && told.length > 0) {
      const message = told.map(({ field, note }) => `${field}: ${note ?? 'not fully supported on this node'}`).join('; ');
      events.pod(pod, { type: 'Normal', reason: 'PodFieldDegraded', message });
    }
    return rejection;
  }
}
