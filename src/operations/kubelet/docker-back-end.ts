import { networkInterfaces } from 'node:os';
import type { Log } from '../../platform/log.ts';
import { createDockerProvider } from '../../providers/docker/provider.ts';
import { waitForEngine } from '../../providers/docker/wait-for-engine.ts';
import type { BackEnd } from './back-end.ts';
import { readTls } from './engine-tls.ts';
import { addressesOf } from './node-addresses.ts';
import type { KubeletTools } from './port.ts';
import type { DockerKubeletSettings } from './settings.ts';

/** Waits for the engine first: what it is decides what its pods may ask for. */
export async function openDockerBackEnd(settings: DockerKubeletSettings, tools: KubeletTools, log: Log, signal: AbortSignal): Promise<BackEnd> {
  const { clock } = tools;
  const { engine: where } = settings;
  const endpoint = 'socketPath' in where ? where : { host: where.host, port: where.port, tls: await readTls(where.tls, tools.fs) };
  const addresses = settings.nodeIps ?? ('socketPath' in where ? ownAddresses() : await addressesOf(where.host, tools));
  const engine = await tools.kubelet.containerEngine(endpoint);
  try {
    await waitForEngine(engine, { clock, log, budgetMs: settings.readyTimeoutMs }, signal);
    const { nodeName, clusterDns, clusterDomain, capacity: capacityOverrides } = settings;
    const provider = await createDockerProvider({ engine, nodeName, addresses, clock, log, clusterDns, clusterDomain, capacityOverrides }, signal);
    return { provider, facts: { engine: engine.address }, ready: () => Promise.resolve(), close: () => engine.close() };
  } catch (error) {
    engine.close();
    throw error;
  }
}

/** Of this machine, without its loopback and the bridges of engines; one per family, IPv4 first. */
function ownAddresses(): readonly string[] {
  const own = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(docker|br-|veth|cni|podman|virbr)/.test(name))
    .flatMap(([, addresses = []]) => addresses)
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const first = (['IPv4', 'IPv6'] as const).flatMap((family) => own.find((one) => one.family === family)?.address ?? []);
  return first.length === 0 ? ['127.0.0.1'] : first;
}
