import { isIP } from 'node:net';
import { VickError } from '../../errors/vick-error.ts';
import { canonicalQuantity, parseQuantity, quantityValue } from '../../platform/quantity.ts';
import type { Sourced } from './addresses.ts';
import { nodeSettings, pickFrom, required, tlsAddress, type KubeletInput } from './options.ts';
import type { DockerKubeletSettings, EngineSettings } from './settings.ts';

/** As resolveKubeletOptions, for pods on a container engine. */
export function resolveDockerOptions(input: KubeletInput): DockerKubeletSettings {
  const pick = pickFrom(input);
  const given = required(pick('engine'), 'address of the container engine', '--engine or DOCKER_HOST, for example unix:///var/run/docker.sock');
  const socket = socketOf(given);
  return {
    ...nodeSettings(input, pick),
    provider: 'docker',
    engine: socket ?? tlsAddress(given, 'engine', pick, input.env),
    clusterDns: dnsServers(pick('cluster-dns')),
    imageLimitBytes: imageLimit(pick('image-limit')),
  };
}

/** `unix:///run/docker.sock`; undefined: no socket file. */
function socketOf({ value, source }: Sourced): EngineSettings | undefined {
  if (!value.startsWith('unix://')) return undefined;
  const socketPath = value.slice('unix://'.length);
  if (socketPath.startsWith('/')) return { socketPath };
  throw new VickError('KUBELET_CONFIG', `${source}: "${value}" is not the address of a socket file`, { hint: 'For example unix:///var/run/docker.sock.' });
}

function dnsServers(found: Sourced | undefined): readonly string[] {
  const servers = (found?.value ?? '').split(',').filter((server) => server !== '');
  const wrong = servers.find((server) => isIP(server) === 0);
  if (wrong === undefined) return servers;
  throw new VickError('KUBELET_CONFIG', `${found?.source ?? ''}: "${wrong}" is not an IP address`);
}

function imageLimit(found: Sourced | undefined): number | undefined {
  if (found === undefined) return undefined;
  const bytes = canonicalQuantity(found.value) === undefined ? 0 : quantityValue(parseQuantity(found.value));
  if (bytes > 0) return bytes;
  throw new VickError('KUBELET_CONFIG', `${found.source}: "${found.value}" is not a size`, { hint: 'For example 20Gi.' });
}
