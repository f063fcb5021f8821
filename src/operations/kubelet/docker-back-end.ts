import type { Log } from '../../platform/log.ts';
import { createDockerProvider } from '../../providers/docker/provider.ts';
import { waitForEngine } from '../../providers/docker/wait-for-engine.ts';
import type { BackEnd } from './back-end.ts';
import { readTls } from './engine-tls.ts';
import { addressesOf, ownAddresses } from './node-addresses.ts';
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
    const options = { engine, nodeName, addresses, clock, log, files: tools.fs, clusterDns, clusterDomain, capacityOverrides };
    const provider = await createDockerProvider(options, signal);
    return { nodes: [{ nodeName, provider }], facts: { engine: engine.address }, ready: () => Promise.resolve(), close: () => engine.close() };
  } catch (error) {
    engine.close();
    throw error;
  }
}
