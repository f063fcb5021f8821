import type { PortLayer } from '../../clients/port-layer/port.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Log } from '../../platform/log.ts';
import { createVicProvider } from '../../providers/vic/provider.ts';
import { hostUuidFromSerial } from './addresses.ts';
import type { BackEnd } from './back-end.ts';
import { readTls } from './engine-tls.ts';
import { addressesOf } from './node-addresses.ts';
import type { KubeletTools } from './port.ts';
import type { VicKubeletSettings } from './settings.ts';

const SERIAL_FILE = '/sys/class/dmi/id/product_serial';

export async function openVicBackEnd(settings: VicKubeletSettings, tools: KubeletTools, log: Log): Promise<BackEnd> {
  const { clock, random } = tools;
  const hostUuid = settings.hostUuid ?? (await hostUuidOfMachine(tools.fs));
  const tls = await readTls(settings.persona.tls, tools.fs);
  const addresses = settings.nodeIps ?? (await addressesOf(settings.persona.host, tools));
  const portLayer = await tools.kubelet.portLayer(settings.portLayer);
  const engine = await tools.kubelet.dockerEngine({ host: settings.persona.host, port: settings.persona.port, tls });
  const provider = createVicProvider({
    ...{ portLayer, engine, hostUuid, clock, random, log, addresses },
    nodeName: settings.nodeName,
    scope: settings.scope,
    isolation: settings.isolation,
    clusterDomain: settings.clusterDomain,
    capacityOverrides: settings.capacity,
    readyBudgetMs: settings.readyTimeoutMs,
  });
  return {
    nodes: [{ nodeName: settings.nodeName, provider }],
    facts: { portLayer: portLayer.address, persona: engine.address, hostUuid },
    ready: async (signal) => {
      await provider.ready(signal);
      await requirePodVms(portLayer, signal);
    },
    close: () => {
      portLayer.close();
      engine.close();
    },
  };
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

/** Pods are VMs with several images; ordinary VIC releases cannot make those. */
async function requirePodVms(portLayer: PortLayer, signal: AbortSignal): Promise<void> {
  const { podVms } = await portLayer.features(signal);
  if (podVms) return;
  throw new VickError('KUBELET_BACKEND', `the port layer ${portLayer.address} cannot make pod VMs`, {
    hint: 'A VCH of the feature/wolfpack line is needed: its API has image joins and task namespaces.',
  });
}
