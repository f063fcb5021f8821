import { isIP } from 'node:net';
import type { EngineInfo } from '../../../clients/docker-engine/port.ts';
import type { NodeFacts } from '../../../kubelet/provider.ts';

export interface NodeIdentity {
  readonly nodeName: string;
  /** BIOS UUID of the VCH. */
  readonly hostUuid: string;
  /** Addresses at which the kubelet's server is reached, best first. */
  readonly addresses: readonly string[];
}

/** Node facts of a VCH. Pods are Linux VMs on x86; what the guest kernel is, no API says. */
export function nodeFacts(identity: NodeIdentity, engine: EngineInfo): NodeFacts {
  const version = engine.serverVersion.replace(/^v(?=\d)/, '') || 'unknown';
  const uuid = identity.hostUuid.toLowerCase();
  return {
    systemInfo: {
      architecture: 'amd64',
      operatingSystem: 'linux',
      osImage: `vSphere Integrated Containers ${version}`,
      kernelVersion: 'unknown',
      machineID: uuid.replaceAll('-', ''),
      systemUUID: uuid,
      // The endpoint VM's boots are not pods' boots: a new id here would say that all pods were lost.
      bootID: uuid,
      containerRuntimeVersion: `vic://${version}`,
    },
    addresses: [
      ...identity.addresses.filter((address) => isIP(address) !== 0).map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: identity.nodeName },
    ],
  };
}
