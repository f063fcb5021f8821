import { messageOf } from '../../errors/vick-error.ts';
import type { NodeCapacity, NodeFacts, ProviderHealth } from '../../kubelet/provider.ts';
import type { DockerContext } from './context.ts';
import { detectEngine } from './engine-kind.ts';

/** As many pods as a kubelet takes by default. */
const PODS = '110';

export async function nodeFacts({ engine, nodeName, addresses }: DockerContext, signal: AbortSignal): Promise<NodeFacts> {
  const { version, architecture, info } = await detectEngine(engine, signal);
  const id = info.ID ?? info.Name ?? nodeName;
  return {
    systemInfo: {
      architecture,
      operatingSystem: 'linux',
      osImage: info.OperatingSystem ?? '',
      kernelVersion: info.KernelVersion ?? '',
      machineID: id,
      systemUUID: id,
      bootID: id,
      containerRuntimeVersion: `docker://${version === '' ? 'unknown' : version}`,
    },
    addresses: [...addresses.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: nodeName }],
  };
}

/** All of the engine's machine, unless something else is said. */
export async function nodeCapacity({ engine }: DockerContext, overrides: Readonly<Record<string, string>>, signal: AbortSignal): Promise<NodeCapacity> {
  const { kind, info } = await detectEngine(engine, signal);
  // A VCH tells MHz, of which 2 000 and more are a processor.
  const cpu = kind === 'vch' ? Math.max(1, Math.floor((info.NCPU ?? 0) / 2000)) : (info.NCPU ?? 1);
  const capacity = { cpu: String(cpu), memory: String(info.MemTotal ?? 0), pods: PODS, ...overrides };
  return { capacity, allocatable: capacity };
}

export async function engineHealth({ engine }: DockerContext, signal: AbortSignal): Promise<ProviderHealth> {
  try {
    await engine.ping(signal);
    return { healthy: true, components: [{ name: 'engine', healthy: true }] };
  } catch (error) {
    return { healthy: false, components: [{ name: 'engine', healthy: false, message: messageOf(error) }] };
  }
}
