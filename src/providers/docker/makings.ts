import { orAbort } from '../../clients/docker-engine/call-failure.ts';
import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';

/**
 * An engine goes on with what it was asked to make when nobody waits for the answer any more. Who calls a creation off
 * does not wait; who clears away what it has left has to.
 */
export interface Makings {
  readonly engine: ContainerEngine;
  /** Resolves when nothing is being made any more, or with the signal. */
  settled(signal: AbortSignal): Promise<void>;
}

export function followMakings(engine: ContainerEngine): Makings {
  const pending: Promise<unknown>[] = [];
  const follow = <T>(make: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted();
    const made = make(new AbortController().signal);
    pending.push(made.catch(() => undefined));
    return orAbort(made, signal);
  };
  return {
    engine: {
      ...engine,
      createVolume: (spec, signal) => follow((own) => engine.createVolume(spec, own), signal),
      createContainer: (name, spec, signal) => follow((own) => engine.createContainer(name, spec, own), signal),
    },
    settled: async (signal) => {
      await orAbort(Promise.all(pending), signal).catch(() => undefined);
    },
  };
}
