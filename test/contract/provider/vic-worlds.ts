/** The VCHs that the VIC provider is tested over: the sandbox's, and a real one where the environment names it. */
import { createDockerEngine } from '../../../src/clients/docker-engine/client.ts';
import type { DockerEngine } from '../../../src/clients/docker-engine/port.ts';
import { createPortLayer } from '../../../src/clients/port-layer/client.ts';
import type { PortLayer } from '../../../src/clients/port-layer/port.ts';
import { resolveKubeletOptions } from '../../../src/operations/kubelet/options.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { createVicProvider, type VicProvider, type VicProviderOptions } from '../../../src/providers/vic/provider.ts';
import { HOST_UUID, startSandboxVch, type SandboxVch } from '../../support/sandbox-vch.ts';

export interface VicWorld {
  readonly portLayer: PortLayer;
  readonly engine: DockerEngine;
  readonly hostUuid: string;
  /** Only of the sandbox: looks into the stand-in itself. */
  readonly sandbox?: SandboxVch;
  /** A new provider, as after a restart of the kubelet. */
  provider(options?: Partial<VicProviderOptions>): VicProvider;
  close(): Promise<void>;
}

const { env } = process;
const real = env['VICK_E2E_PORTLAYER'] !== undefined && env['VICK_E2E_PERSONA'] !== undefined;

export const VIC_WORLD = real ? `the VCH at ${env['VICK_E2E_PORTLAYER'] ?? ''}` : 'the sandbox';

export async function startVicWorld(): Promise<VicWorld> {
  return real ? await realWorld() : await sandboxWorld();
}

async function sandboxWorld(): Promise<VicWorld> {
  const sandbox = await startSandboxVch();
  const { portLayer, engine } = sandbox;
  return { portLayer, engine, hostUuid: HOST_UUID, sandbox, provider: (options) => sandbox.provider(options), close: () => sandbox.close() };
}

/** VICK_E2E_PORTLAYER, VICK_E2E_PERSONA and VICK_E2E_HOST_UUID; TLS as for `vick kubelet run` (PERSONA_TLS_*, DOCKER_CERT_PATH). */
async function realWorld(): Promise<VicWorld> {
  const settings = resolveKubeletOptions({
    flags: {
      nodename: 'vick-e2e',
      'portlayer-addr': env['VICK_E2E_PORTLAYER'] ?? '',
      'persona-addr': env['VICK_E2E_PERSONA'] ?? '',
      'host-uuid': env['VICK_E2E_HOST_UUID'] ?? '',
    },
    env,
  });
  const pem = async (path: string | undefined): Promise<string | undefined> => (path === undefined ? undefined : await nodeFileSystem.readText(path));
  const { persona } = settings;
  const [ca, certificate, key] = await Promise.all([persona.tls?.ca, persona.tls?.certificate, persona.tls?.key].map(pem));
  const tls =
    persona.tls === undefined
      ? undefined
      : {
          insecure: persona.tls.insecure,
          ...(ca === undefined ? {} : { ca }),
          ...(certificate === undefined ? {} : { certificate }),
          ...(key === undefined ? {} : { key }),
          ...(persona.tls.serverName === undefined ? {} : { serverName: persona.tls.serverName }),
        };
  const portLayer = createPortLayer({ ...settings.portLayer, clock: systemClock, pid: process.pid });
  const engine = createDockerEngine({ host: persona.host, port: persona.port, tls, clock: systemClock });
  const hostUuid = settings.hostUuid ?? '';
  return {
    ...{ portLayer, engine, hostUuid },
    provider: (more = {}) =>
      createVicProvider({
        ...{ portLayer, engine, hostUuid, clock: systemClock, random: systemRandom, log: silentLog },
        ...{ nodeName: 'vick-e2e', addresses: ['127.0.0.1'], pollMs: 1_000 },
        ...more,
      }),
    close: () => {
      portLayer.close();
      engine.close();
      return Promise.resolve();
    },
  };
}
