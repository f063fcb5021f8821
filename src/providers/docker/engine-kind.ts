import type { ContainerEngine, WireInfo, WireVersion } from '../../clients/docker-engine/containers-port.ts';
import { VickError } from '../../errors/vick-error.ts';

/** What stands behind the API: told by its own answers, never configured. */
export interface EngineFacts {
  readonly kind: 'docker' | 'podman' | 'vch';
  readonly version: string;
  /** As Go names it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly rootless: boolean;
  readonly info: WireInfo;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', amd64: 'amd64', aarch64: 'arm64', arm64: 'arm64', armv7l: 'arm' };

export async function detectEngine(engine: ContainerEngine, signal: AbortSignal): Promise<EngineFacts> {
  const [version, info] = await Promise.all([engine.version(signal), engine.info(signal)]);
  if ((info.OSType ?? version.Os ?? 'linux') === 'windows') {
    throw new VickError('KUBELET_BACKEND', `the engine ${engine.address} runs Windows containers`, { hint: 'Switch it to Linux containers.' });
  }
  return {
    kind: kindOf(version, info),
    version: version.Version ?? info.ServerVersion ?? '',
    architecture: ARCHITECTURES[info.Architecture ?? ''] ?? ARCHITECTURES[version.Arch ?? ''] ?? info.Architecture ?? '',
    rootless: info.Rootless === true || (info.SecurityOptions ?? []).some((option) => option.includes('name=rootless')),
    info,
  };
}

function kindOf(version: WireVersion, info: WireInfo): EngineFacts['kind'] {
  if (info.ID === 'vSphere Integrated Containers' || (info.Driver ?? '').startsWith('vSphere Integrated Containers')) return 'vch';
  return (version.Components ?? []).some(({ Name }) => Name?.startsWith('Podman') === true) ? 'podman' : 'docker';
}
