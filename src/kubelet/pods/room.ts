/** What the accepted pods of the node ask for together, kept up to date so that admission need not add them up each time. */
import { minus, plus, podRequests, type ResourceAmounts } from '../../platform/pod-requests.ts';
import type { PodRuntime } from './runtime.ts';
import { isTerminal } from './view.ts';

export interface RoomTaken {
  readonly used: ResourceAmounts;
  readonly podCount: number;
}

export class Room {
  private readonly taken = new Map<string, ResourceAmounts>();
  private used: ResourceAmounts = {};

  /** After anything about the pod has changed. */
  note(uid: string, runtime: PodRuntime): void {
    const before = this.taken.get(uid);
    if (!takesRoom(runtime)) {
      this.leave(uid);
      return;
    }
    if (before !== undefined) return;
    const requests = podRequests(runtime.pod);
    this.taken.set(uid, requests);
    this.used = plus(this.used, requests);
  }

  leave(uid: string): void {
    const before = this.taken.get(uid);
    if (before === undefined) return;
    this.taken.delete(uid);
    this.used = minus(this.used, before);
  }

  /** What all pods but this one take. */
  besides(uid: string): RoomTaken {
    const own = this.taken.get(uid);
    return { used: own === undefined ? this.used : minus(this.used, own), podCount: this.taken.size - (own === undefined ? 0 : 1) };
  }
}

/** Accepted, and not known to have ended. */
function takesRoom({ gone, deleted, pod, history, status, reportedPhase }: PodRuntime): boolean {
  return !gone && !deleted && (history.admitted || status !== undefined) && !isTerminal(status?.phase ?? reportedPhase ?? pod.status?.phase);
}
