import { paths } from '../../clients/kubernetes/paths.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { rfc3339 } from '../../platform/clock.ts';
import type { Node, Pod } from '../../platform/kubernetes-objects.ts';
import type { ControllerTools } from './scheduler.ts';

export interface EventWriter {
  /** Tells users what was done to `object`. An event that cannot be written is logged and nothing else. */
  write(object: Pod | Node, type: 'Normal' | 'Warning', reason: string, message: string, signal: AbortSignal): Promise<void>;
}

/** Writes core/v1 events as `component`. */
export function createEventWriter({ api, clock, log, random }: ControllerTools, component: string): EventWriter {
  return {
    write: async (object, type, reason, message, signal) => {
      const { name = '', namespace, uid = '', resourceVersion } = object.metadata ?? {};
      const now = rfc3339(clock.now());
      const body = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${name}.${random.hex(8)}`, namespace: namespace ?? 'default' },
        involvedObject: {
          apiVersion: 'v1',
          kind: namespace === undefined ? 'Node' : 'Pod',
          name,
          uid,
          ...(namespace === undefined ? {} : { namespace }),
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
        },
        type,
        reason,
        message,
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component },
        reportingComponent: component,
        reportingInstance: '',
      };
      try {
        await api.request({ method: 'POST', path: paths.events(namespace ?? 'default'), body }, signal);
      } catch (error) {
        if (!signal.aborted) log.warn('an event was not written', { reason, why: messageOf(error) });
      }
    },
  };
}
