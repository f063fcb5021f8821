import { isIP } from 'node:net';
import type { EngineTls } from '../../clients/docker-engine/port.ts';
import type { PortLayer } from '../../clients/port-layer/port.ts';
import { registerSecret } from '../../errors/redact.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import { createKubelet } from '../../kubelet/kubelet.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Log } from '../../platform/log.ts';
import { createVicProvider } from '../../providers/vic/provider.ts';
import { hostUuidFromSerial } from './addresses.ts';
import { endpointSettings } from './endpoint-settings.ts';
import type { KubeletTools } from './port.ts';
import type { KubeletSettings, PersonaTls } from './settings.ts';
import { kubeletVersionFor } from './version.ts';

const SERIAL_FILE = '/sys/class/dmi/id/product_serial';

/**
 * Runs the kubelet of a VCH until the signal aborts; the pods go on running. `onReady` is called once the node is
 * registered. Rejects with KUBELET_CONFIG, KUBECONFIG_* or KUBELET_BACKEND for what cannot be waited for.
 */
export async function runKubelet(
  settings: KubeletSettings,
  tools: KubeletTools,
  log: Log,
  signal: AbortSignal,
  onReady: () => void = () => undefined,
): Promise<void> {
  // Mistakes in files first: waiting for the VCH may take long.
  const kubeconfig = await tools.kubernetes.readKubeconfig({ path: settings.kubeconfig, context: settings.context });
  const hostUuid = settings.hostUuid ?? (await hostUuidOfMachine(tools.fs));
  const tls = await readTls(settings.persona.tls, tools.fs);
  const portLayer = await tools.kubelet.portLayer(settings.portLayer);
  const engine = await tools.kubelet.dockerEngine({ host: settings.persona.host, port: settings.persona.port, tls });
  const api = await tools.kubernetes.connect(kubeconfig);
  try {
    const { clock, random } = tools;
    const provider = createVicProvider({
      ...{ portLayer, engine, hostUuid, clock, random, log },
      nodeName: settings.nodeName,
      addresses: settings.nodeIps ?? (await addressesOf(settings.persona.host, tools)),
      scope: settings.scope,
      clusterDomain: settings.clusterDomain,
      capacityOverrides: settings.capacity,
      readyBudgetMs: settings.readyTimeoutMs,
    });
    log.info('starting', {
      node: settings.nodeName,
      version: tools.self.version,
      portLayer: portLayer.address,
      persona: engine.address,
      hostUuid,
      server: api.server,
    });
    await provider.ready(signal);
    await requirePodVms(portLayer, signal);
    const kubelet = createKubelet({
      ...{ provider, clock, random, log },
      nodeName: settings.nodeName,
      cluster: await tools.kubelet.cluster(api, log),
      kubeletVersion: await kubeletVersionFor(api, tools.self.version, { clock, log }, signal),
      labels: settings.labels,
      taints: settings.taints,
      ...(settings.server === undefined ? {} : { server: await endpointSettings(settings.server, await tools.kubelet.trust(api), tools.fs) }),
    });
    kubelet.ready.then(
      () => {
        log.info('node is registered', { node: settings.nodeName });
        onReady();
      },
      () => undefined,
    );
    await kubelet.run(signal);
  } catch (error) {
    // Being asked to end while still waiting is an ordinary end.
    if (!signal.aborted) throw error;
  } finally {
    portLayer.close();
    engine.close();
    await api.close();
  }
}

async function hostUuidOfMachine(fs: FileSystem): Promise<string> {
  const serial = await fs.readTextIfExists(SERIAL_FILE).catch((error: unknown) => {
    throw new VickError('KUBELET_CONFIG', `the UUID of the VCH is not given, and ${SERIAL_FILE} cannot be read: ${messageOf(error)}`, {
      hint: 'Set HOST_UUID or --host-uuid.',
      cause: error,
    });
  });
  const uuid = hostUuidFromSerial(serial ?? '');
  if (uuid !== undefined) return uuid;
  throw new VickError('KUBELET_CONFIG', 'the UUID of the VCH is not given, and this machine is no VMware VM that could tell it', {
    hint: 'Set HOST_UUID or --host-uuid to the BIOS UUID of the endpoint VM.',
  });
}

async function readTls(tls: PersonaTls | undefined, fs: FileSystem): Promise<EngineTls | undefined> {
  if (tls === undefined) return undefined;
  const [ca, certificate, key] = await Promise.all([tls.ca, tls.certificate, tls.key].map((path) => readPem(path, fs)));
  registerSecret(key);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    insecure: tls.insecure,
  };
}

async function readPem(path: string | undefined, fs: FileSystem): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await fs.readText(path);
  } catch (error) {
    throw new VickError('KUBELET_CONFIG', `the certificate file ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'A folder named by DOCKER_CERT_PATH has ca.pem, cert.pem and key.pem.',
      cause: error,
    });
  }
}

/** The client network's address of the VCH is the node's: the kubelet lives in the endpoint VM, or close to it. */
async function addressesOf(host: string, tools: KubeletTools): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return await tools.kubelet.resolveHost(host);
  } catch (error) {
    throw new VickError('KUBELET_CONFIG', `the address of the node cannot be derived: ${host} does not resolve: ${messageOf(error)}`, {
      hint: 'Set --node-ip.',
      cause: error,
    });
  }
}

/** Pods are VMs with several images; ordinary VIC releases cannot make those. */
async function requirePodVms(portLayer: PortLayer, signal: AbortSignal): Promise<void> {
  const { podVms } = await portLayer.features(signal);
  if (podVms) return;
  throw new VickError('KUBELET_BACKEND', `the port layer ${portLayer.address} cannot make pod VMs`, {
    hint: 'A VCH of the feature/wolfpack line is needed: its API has image joins and task namespaces.',
  });
}
