/** The `docker` engine: a machine is a few containers of a Docker-compatible engine that share their network and processes. */
import { dockerFiles } from './docker-files.ts';
import { dockerImages } from './docker-images.ts';
import { DockerMachine, type DockerEngineOptions } from './docker-machine.ts';
import type { Engine } from './port.ts';

/** Opens no connection before the first machine is switched on. */
export function createDockerEngine(options: DockerEngineOptions): Engine {
  return {
    name: 'docker',
    images: dockerImages(options.engine),
    files: dockerFiles(options.engine, options.site),
    openMachine: ({ id, hostname }) => new DockerMachine(options, id, hostname),
  };
}
