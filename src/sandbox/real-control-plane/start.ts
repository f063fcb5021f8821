import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Log } from '../../platform/log.ts';
import type { ChildProcess, Spawner } from '../../platform/runner.ts';
import { adminKubeconfig } from '../admin-kubeconfig.ts';
import { createAuthority, type CertificatePair } from '../certificates.ts';
import type { SandboxCluster } from '../cluster.ts';
import { apiServerArguments, controllerManagerArguments, etcdArguments, schedulerArguments, type ControlPlaneFiles } from './arguments.ts';
import { bindNodes } from './bind-nodes.ts';
import { findBinaries } from './binaries.ts';

export interface RealControlPlaneOptions {
  /** Folder with `etcd` and `kube-apiserver` (envtest's convention), and perhaps the controller manager and scheduler. */
  readonly assets: string;
  /** Empty folder for data, keys and logs. */
  readonly directory: string;
  readonly clock: Clock;
  readonly fs: FileSystem;
  readonly spawner: Spawner;
  readonly log: Log;
  /** Opens a client for a kubeconfig text, to ask whether the server is ready. */
  readonly connect: (kubeconfig: string) => Promise<KubernetesApi>;
}

const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 15_000;

/** Starts a real etcd and kube-apiserver on loopback, and the controllers that lie beside them; resolves when /readyz says ok. */
export async function startRealControlPlane(options: RealControlPlaneOptions, signal: AbortSignal): Promise<SandboxCluster> {
  const { clock, fs, spawner, directory } = options;
  const binaries = await findBinaries(options.assets, fs);
  await fs.makeDirectory(directory, { mode: 0o700 });
  const ports = { etcdClient: await freePort(), etcdPeer: await freePort(), apiServer: await freePort() };
  const server = `https://127.0.0.1:${ports.apiServer}`;
  const { files, kubeconfig, authority } = await writeFiles(options, server);

  const running: { readonly name: string; readonly child: ChildProcess }[] = [];
  const start = async (name: string, file: string, args: readonly string[]): Promise<void> => {
    const child = await spawner.spawn({
      file,
      args,
      env: { HOME: directory, PATH: '/usr/bin:/bin' },
      cwd: directory,
      outputFile: join(directory, `${name}.log`),
    });
    running.push({ name, child });
  };
  const stop = async (): Promise<void> => {
    for (const { child } of running.reverse()) {
      child.kill('SIGTERM');
      const limit = clock.schedule(STOP_WITHIN_MS, () => child.kill('SIGKILL', { group: true }));
      await child.exited;
      limit();
    }
    running.length = 0;
  };

  try {
    await start('etcd', binaries.etcd, etcdArguments(files, ports));
    await start('kube-apiserver', binaries.apiServer, apiServerArguments(files, ports, binaries.controllerManager !== undefined));
    const api = await options.connect(kubeconfig);
    try {
      await untilReady(api, running, options, signal);
      const version = (await api.request<{ gitVersion: string }>({ method: 'GET', path: '/version' }, signal)).gitVersion;
      const minor = Number(/^v\d+\.(\d+)/.exec(version)?.[1] ?? '0');
      if (binaries.controllerManager !== undefined) {
        await start('kube-controller-manager', binaries.controllerManager, controllerManagerArguments(files, minor));
      }
      if (binaries.scheduler !== undefined) await start('kube-scheduler', binaries.scheduler, schedulerArguments(files, minor));
      await bindNodes(api, signal);
      if (binaries.controllerManager !== undefined) await untilServiceAccount(api, options, signal);
      const brings = { scheduler: binaries.scheduler !== undefined, controllerManager: binaries.controllerManager !== undefined };
      return { kind: 'real', server, version, adminKubeconfig: kubeconfig, brings, authority, stop };
    } finally {
      await api.close();
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeFiles(
  options: RealControlPlaneOptions,
  server: string,
): Promise<{ files: ControlPlaneFiles; kubeconfig: string; authority: CertificatePair }> {
  const { clock, directory, fs } = options;
  const now = clock.now();
  const authority = await createAuthority({ commonName: 'kubernetes', now });
  const serving = await authority.issueServer({
    commonName: 'kube-apiserver',
    names: ['localhost', 'kubernetes', 'kubernetes.default.svc', '127.0.0.1', '10.96.0.1'],
    now,
  });
  const admin = await authority.issueClient({ commonName: 'kubernetes-admin', organizations: ['system:masters'], now });
  const kubeletClient = await authority.issueClient({ commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'], now });
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kubeconfig = adminKubeconfig({ server, ca: authority.certificate, certificate: admin.certificate, key: admin.key });
  const write = async (name: string, text: string): Promise<string> => {
    await fs.writeFile(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const files = {
    directory,
    caCertificate: await write('ca.crt', authority.certificate),
    caKey: await write('ca.key', authority.key),
    serverCertificate: await write('apiserver.crt', serving.certificate),
    serverKey: await write('apiserver.key', serving.key),
    kubeletClientCertificate: await write('apiserver-kubelet-client.crt', kubeletClient.certificate),
    kubeletClientKey: await write('apiserver-kubelet-client.key', kubeletClient.key),
    serviceAccountKey: await write('sa.key', accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    serviceAccountPublicKey: await write('sa.pub', accounts.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    adminKubeconfig: await write('admin.kubeconfig', kubeconfig),
  };
  return { files, kubeconfig, authority };
}

async function untilReady(
  api: KubernetesApi,
  running: readonly { name: string; child: ChildProcess }[],
  options: RealControlPlaneOptions,
  signal: AbortSignal,
): Promise<void> {
  const died = Promise.race(running.map(({ name, child }) => child.exited.then(() => name)));
  const deadline = options.clock.monotonic() + READY_WITHIN_MS;
  let why = '';
  while (options.clock.monotonic() < deadline) {
    try {
      if ((await api.requestText({ method: 'GET', path: '/readyz', timeoutMs: 2000 }, signal)) === 'ok') return;
    } catch (error) {
      signal.throwIfAborted();
      why = messageOf(error);
    }
    const dead = await Promise.race([died, options.clock.sleep(250, signal)]);
    if (dead !== undefined) throw failed(options, `${dead} ended at start`, `Read its log: ${join(options.directory, `${dead}.log`)}`);
  }
  throw failed(
    options,
    `kube-apiserver was not ready within ${READY_WITHIN_MS / 1000} s: ${why}`,
    `Read its log: ${join(options.directory, 'kube-apiserver.log')}`,
  );
}

/** Pods are refused until the controller manager has made the default service account. */
async function untilServiceAccount(api: KubernetesApi, options: RealControlPlaneOptions, signal: AbortSignal): Promise<void> {
  const deadline = options.clock.monotonic() + READY_WITHIN_MS;
  for (;;) {
    try {
      await api.request({ method: 'GET', path: '/api/v1/namespaces/default/serviceaccounts/default' }, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (options.clock.monotonic() > deadline) {
        throw failed(
          options,
          `the controller manager made no service account: ${messageOf(error)}`,
          `Read its log: ${join(options.directory, 'kube-controller-manager.log')}`,
        );
      }
    }
    await options.clock.sleep(250, signal);
  }
}

function failed(options: RealControlPlaneOptions, why: string, hint: string): VickError {
  return new VickError('SANDBOX_FAILED', `the control plane of ${options.assets} did not start: ${why}`, { hint });
}

/** A port that nobody listens on now; the programs cannot be told to take any free one and to say which. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
