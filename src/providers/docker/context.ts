import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import { once } from '../../platform/once.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Log } from '../../platform/log.ts';
import type { DnsSettings } from './dns.ts';
import type { EngineFacts } from './engine-kind.ts';
import type { StartFailure } from './observe.ts';
import type { SeenPod } from './seen-pod.ts';

/** What all parts of the provider share. */
export interface DockerContext {
  readonly engine: ContainerEngine;
  readonly nodeName: string;
  readonly addresses: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly dns: DnsSettings;
  readonly facts: EngineFacts;
  /** Of this machine; undefined: not to be used. */
  readonly files?: FileSystem | undefined;
  /** By container id, where the engine does not keep it. */
  readonly startFailures: Map<string, StartFailure>;
  /** By UID; only pods whose sandbox ran. */
  readonly seen: Map<string, SeenPod>;
  /** Runs one after the other what has the same key. */
  serially<T>(key: string, work: () => Promise<T>): Promise<T>;
}

type Given = Omit<DockerContext, 'startFailures' | 'seen' | 'serially'>;

export function createContext(given: Given): DockerContext {
  const queues = new Map<string, Promise<unknown>>();
  return {
    ...given,
    startFailures: new Map(),
    seen: new Map(),
    serially: async (key, work) => {
      const next = (queues.get(key) ?? Promise.resolve()).then(work, work);
      queues.set(key, next);
      const forget = once(() => {
        if (queues.get(key) === next) queues.delete(key);
      });
      try {
        return await next;
      } finally {
        forget();
      }
    },
  };
}
