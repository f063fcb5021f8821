import type { NodeCapacity, NodeFacts } from '../../kubelet/provider.ts';

/** Larger than any machine: what limits a pretended node is only what it is told to be. */
const CAPACITY: Readonly<Record<string, string>> = { cpu: '1000', memory: '4Ti', pods: '10000', 'ephemeral-storage': '10Ti' };

export function mockNodeFacts(nodeName: string, addresses: readonly string[]): NodeFacts {
  return {
    systemInfo: {
      architecture: 'amd64',
      operatingSystem: 'linux',
      osImage: 'mock',
      kernelVersion: 'mock',
      machineID: nodeName,
      systemUUID: nodeName,
      bootID: nodeName,
      containerRuntimeVersion: 'mock://1.0.0',
    },
    addresses: [...addresses.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: nodeName }],
  };
}

/** What the node reports, with `overrides` over the defaults. */
export function mockCapacity(overrides: Readonly<Record<string, string>>): NodeCapacity {
  const capacity = { ...CAPACITY, ...overrides };
  return { capacity, allocatable: capacity };
}
