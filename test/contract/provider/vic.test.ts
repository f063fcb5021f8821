import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { createDockerEngine } from '../../../src/clients/docker-engine/client.ts';
import { createPortLayer } from '../../../src/clients/port-layer/client.ts';
import type { PortLayer } from '../../../src/clients/port-layer/port.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { resolveKubeletOptions } from '../../../src/operations/kubelet/options.ts';
import { createVicProvider } from '../../../src/providers/vic/provider.ts';
import { startSandboxVch } from '../../support/sandbox-vch.ts';
import { providerContract, type Program, type ProviderHarness } from './suite.ts';

const shell = (script: string): Program => ({ image: 'busybox:latest', command: ['/bin/sh', '-c', script] });

const programs: ProviderHarness['programs'] = {
  sleeps: { image: 'busybox:latest', command: ['sleep', '1000'] },
  exits: (code) => shell(`exit ${String(code)}`),
  ignoresStop: shell("trap '' TERM; echo deaf; while :; do sleep 0.2; done"),
  missing: { image: 'busybox:latest', command: ['/no/such/program'] },
  noImage: { image: 'busybox:nope', command: [] },
};

const { env } = process;

if (env['VICK_E2E_PORTLAYER'] !== undefined && env['VICK_E2E_PERSONA'] !== undefined) {
  providerContract(`vic over the VCH at ${env['VICK_E2E_PORTLAYER']}`, overRealVch);
} else {
  providerContract('vic over the sandbox', async () => {
    const vch = await startSandboxVch();
    return {
      provider: () => vch.provider(),
      programs,
      deaf: (uid) => saysDeaf(vch.portLayer, uid),
      kill: () => vch.stop(),
      close: () => vch.close(),
    };
  });
}

/** Waits until the pod's log has the line that follows the trap. */
async function saysDeaf(portLayer: PortLayer, uid: string): Promise<void> {
  const never = new AbortController().signal;
  await expect
    .poll(
      async () => {
        const vm = (await portLayer.listContainers(never)).find(({ annotations }) => annotations['vick.dev/uid'] === uid);
        const stream = await portLayer.logs(vm?.id ?? '', {}, never);
        return stream === undefined ? '' : await text(stream);
      },
      { timeout: 30_000, interval: 50 },
    )
    .toContain('deaf');
}

/** VICK_E2E_PORTLAYER, VICK_E2E_PERSONA and VICK_E2E_HOST_UUID; TLS as for `vick kubelet run` (PERSONA_TLS_*, DOCKER_CERT_PATH). */
async function overRealVch(): Promise<ProviderHarness> {
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
  return {
    provider: () =>
      createVicProvider({
        ...{ portLayer, engine, clock: systemClock, random: systemRandom, log: silentLog },
        hostUuid: settings.hostUuid ?? '',
        nodeName: settings.nodeName,
        addresses: ['127.0.0.1'],
      }),
    programs,
    deaf: (uid) => saysDeaf(portLayer, uid),
    close: () => {
      portLayer.close();
      engine.close();
      return Promise.resolve();
    },
  };
}
