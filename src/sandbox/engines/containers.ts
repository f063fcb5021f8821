/** The containers of one sandbox in a container engine: its own, and nobody else's. */
import { createHash } from 'node:crypto';
import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createDockerEngine } from './docker.ts';
import { sweepContainers } from './docker-labels.ts';
import type { HolderImage } from './docker-machine.ts';
import type { Engine } from './port.ts';

export interface ContainerSite {
  readonly engine: ContainerEngine;
  /** The same for the same sandbox whenever it is started, see `siteName`. */
  readonly name: string;
  /** Makes the image of what holds the namespaces of a machine, where it is absent. */
  readonly holder: (signal: AbortSignal) => Promise<HolderImage>;
}

export interface SandboxContainers {
  readonly engine: Engine;
  version(signal: AbortSignal): Promise<string>;
  /** Removes what there is of this sandbox. */
  clear(signal: AbortSignal): Promise<void>;
  /** As `clear`, and lets go of the engine. */
  close(): Promise<void>;
}

export function containersOf(site: ContainerSite, tools: { readonly clock: Clock; readonly log: Log }): SandboxContainers {
  const { engine, name } = site;
  const clear = async (signal: AbortSignal): Promise<void> => {
    const removed = await sweepContainers(engine, name, signal);
    if (removed > 0) tools.log.info('containers of this sandbox removed', { containers: removed });
  };
  return {
    engine: createDockerEngine({ engine, site: name, holder: site.holder, ...tools }),
    version: async (signal) => versionOf(await engine.version(signal)),
    clear,
    close: async () => {
      try {
        await clear(new AbortController().signal);
      } finally {
        engine.close();
      }
    },
  };
}

/** Several sandboxes, of several computers, may share an engine. */
export function siteName(host: string, directory: string): string {
  return createHash('sha256').update(`${host}\0${directory}`).digest('hex').slice(0, 16);
}

/** `Docker 20.10.24`, `Podman 4.3.1` */
export function versionOf({ Version = '', Components = [] }: Awaited<ReturnType<ContainerEngine['version']>>): string {
  const podman = Components.find(({ Name }) => Name?.startsWith('Podman') === true);
  return podman === undefined ? `Docker ${Version}` : `Podman ${podman.Version ?? Version}`;
}
