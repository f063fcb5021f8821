/**
 * A cluster that signs certificates: the embedded control plane, or a real one when KUBEBUILDER_ASSETS names its folder, with our
 * signing controller where the controller manager is not beside it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig, type Kubeconfig } from '../../../src/clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../../src/clients/kubernetes/port.ts';
import type { IdentityDeps } from '../../../src/operations/identity/keeper.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { nodeSpawner } from '../../../src/platform/node/spawner.ts';
import type { SandboxCluster } from '../../../src/sandbox/cluster.ts';
import { runCertificateSigning } from '../../../src/sandbox/controllers/certificate-signing.ts';
import { startEmbeddedCluster } from '../../../src/sandbox/embedded-cluster.ts';
import { startRealControlPlane } from '../../../src/sandbox/real-control-plane/start.ts';

export interface IdentityWorld {
  readonly folder: string;
  readonly cluster: SandboxCluster;
  readonly admin: KubernetesApi;
  readonly adminKubeconfig: Kubeconfig;
  readonly deps: IdentityDeps;
  parse(text: string): Promise<Kubeconfig>;
  stop(): Promise<void>;
}

export async function startIdentityWorld(): Promise<IdentityWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'vick-identity-'));
  const parse = (text: string): Promise<Kubeconfig> => parseKubeconfig(text, 'of the test', nodeFileSystem);
  const assets = process.env['KUBEBUILDER_ASSETS'];
  const tools = { clock: systemClock, random: systemRandom, log: silentLog };
  const open = async (text: string): Promise<KubernetesApi> => connect(await parse(text));
  const cluster =
    assets === undefined
      ? await startEmbeddedCluster(tools)
      : await startRealControlPlane(
          { ...tools, assets, directory: join(folder, 'cluster'), fs: nodeFileSystem, spawner: nodeSpawner, connect: open },
          new AbortController().signal,
        );
  const admin = await open(cluster.adminKubeconfig);
  const stopping = new AbortController();
  const signing =
    cluster.brings.controllerManager || cluster.authority === undefined
      ? undefined
      : runCertificateSigning({ ...tools, api: admin, authority: cluster.authority }, stopping.signal);
  return {
    folder,
    cluster,
    admin,
    adminKubeconfig: await parse(cluster.adminKubeconfig),
    parse,
    deps: {
      env: { VICK_STATE_DIR: join(folder, 'state') },
      homeDirectory: folder,
      clock: systemClock,
      random: systemRandom,
      fs: nodeFileSystem,
      kubernetes: { connect },
    },
    stop: async () => {
      stopping.abort(new Error('the test ends'));
      await signing;
      await admin.close();
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
