/** Paths of the Docker API that are known, and what answers those without a handler. */
import { DockerError, notYet } from './errors.ts';

export interface UnservedRoute {
  readonly method: string;
  readonly path: RegExp;
  readonly error: DockerError;
}

const unserved = (method: string, path: RegExp, error: DockerError): UnservedRoute => ({ method, path, error });
const swarm = new DockerError(404, 'Docker Swarm is not yet supported');
const plugins = new DockerError(500, 'vSphere Integrated Containers does not yet implement plugins');
const differs = (what: string): DockerError => new DockerError(501, `the sandbox does not implement ${what}; use the port layer`);

/** What a VCH itself refuses, with its texts; then what only the sandbox lacks, which is 501. */
export const UNSERVED: readonly UnservedRoute[] = [
  unserved('GET', /^\/system\/df$/, notYet('SystemDiskUsage')),
  unserved('POST', /^\/containers\/[^/]+\/pause$/, notYet('ContainerPause')),
  unserved('POST', /^\/containers\/[^/]+\/unpause$/, notYet('ContainerUnpause')),
  unserved('POST', /^\/containers\/[^/]+\/update$/, notYet('ContainerUpdate')),
  unserved('GET', /^\/containers\/[^/]+\/top$/, notYet('ContainerTop')),
  unserved('GET', /^\/containers\/[^/]+\/export$/, notYet('ContainerExport')),
  unserved('POST', /^\/containers\/[^/]+\/copy$/, notYet('ContainerCopy')),
  unserved('POST', /^\/containers\/prune$/, notYet('ContainersPrune')),
  unserved('GET', /^\/containers\/[^/]+\/checkpoints$/, notYet('checkpointing')),
  unserved('POST', /^\/containers\/[^/]+\/checkpoints$/, notYet('checkpointing')),
  unserved('DELETE', /^\/containers\/[^/]+\/checkpoints\/[^/]+$/, notYet('checkpointing')),
  unserved('GET', /^\/images\/.+\/history$/, notYet('ImageHistory')),
  unserved('POST', /^\/images\/.+\/push$/, notYet('PushImage')),
  unserved('GET', /^\/images\/search$/, notYet('SearchRegistryForImages')),
  unserved('GET', /^\/images\/get$/, notYet('ExportImage')),
  unserved('GET', /^\/images\/.+\/get$/, notYet('ExportImage')),
  unserved('POST', /^\/images\/prune$/, notYet('ImagesPrune')),
  unserved('POST', /^\/networks\/[^/]+\/disconnect$/, notYet('DisconnectContainerFromNetwork')),
  unserved('POST', /^\/networks\/prune$/, notYet('NetworksPrune')),
  unserved('POST', /^\/volumes\/prune$/, notYet('VolumesPrune')),
  ...['GET', 'POST', 'DELETE'].flatMap((method) => [
    unserved(method, /^\/(swarm|nodes|services|tasks|secrets)(\/.*)?$/, swarm),
    unserved(method, /^\/plugins(\/.*)?$/, plugins),
  ]),
  unserved('GET', /^\/containers\/[^/]+\/archive$/, differs('container files')),
  unserved('PUT', /^\/containers\/[^/]+\/archive$/, differs('container files')),
  unserved('HEAD', /^\/containers\/[^/]+\/archive$/, differs('container files')),
  unserved('POST', /^\/commit$/, differs('commit')),
];
