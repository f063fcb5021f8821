import { createContainerEngine } from '../../../src/clients/docker-engine/containers-client.ts';
import type { ContainerEngine } from '../../../src/clients/docker-engine/containers-port.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';

/** An engine that the tests have started for themselves. */
export interface TestEngine {
  readonly name: 'docker' | 'podman';
  readonly socketPath: string;
  /** Ends the engine as its administrator would; containers of Docker end with it. */
  stop(): Promise<void>;
  /** After `stop`: the same engine with all it had. */
  start(): Promise<void>;
  /** It takes connections and says nothing, until the returned function is called. */
  freeze(): () => void;
  /** Ends it and leaves nothing: no process, mount, network or file. */
  close(): Promise<void>;
}

export interface Unavailable {
  readonly unavailable: string;
}

export function isUnavailable(found: object): found is Unavailable {
  return 'unavailable' in found;
}

export function clientOf(engine: Pick<TestEngine, 'socketPath'>, timeoutMs?: number): ContainerEngine {
  return createContainerEngine({ endpoint: { socketPath: engine.socketPath }, clock: systemClock, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}

/** Undefined: an engine can be started here. */
export function lacksRights(): string | undefined {
  if (process.platform !== 'linux') return 'container engines are started on Linux only';
  return process.getuid?.() === 0 ? undefined : 'starting a container engine takes root';
}
