import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../src/platform/clock.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { execaRunner } from '../../../src/platform/node/runner.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import type { EndpointVmSettings, RunningEndpointVm, VchHost } from '../../../src/sandbox/vch/host.ts';
import { vcenterInventory, type Inventory } from '../../../src/sandbox/vsphere/inventory.ts';
import type { CallName } from '../../../src/sandbox/vsphere/protocol.ts';
import { startVSphere, type VSphere } from '../../../src/sandbox/vsphere/server.ts';
import type { VicMachineIo } from '../../../src/sandbox/vsphere/vic-machine/io.ts';
import { isoContent } from '../../../src/sandbox/vsphere/vic-machine/iso.ts';
import { runVicMachine } from '../../../src/sandbox/vsphere/vic-machine/program.ts';
import { createCertificate, type CertificatePair } from '../../../src/sandbox/certificates.ts';

interface HostBehaviour {
  /** Nothing listens on the Docker API port. */
  readonly dockerDown?: boolean;
  readonly failedComponent?: { readonly name: string; readonly error: string };
  readonly volumeStoresOffline?: boolean;
  readonly containers?: ReturnType<RunningEndpointVm['containers']>;
  /** Boots only when this resolves. */
  readonly bootAfter?: Promise<void>;
  /** The Docker server ends every TLS handshake with an alert. */
  readonly refuseClients?: boolean;
  readonly bootError?: string;
}

/** A machine room whose endpoint VMs answer /info and nothing else. */
function testHost(behaviour: HostBehaviour = {}): VchHost & { readonly booted: EndpointVmSettings[]; readonly off: { removeContainers: boolean }[] } {
  const booted: EndpointVmSettings[] = [];
  const off: { removeContainers: boolean }[] = [];
  return {
    booted,
    off,
    powerOn: async (settings) => {
      booted.push(settings);
      await behaviour.bootAfter;
      if (behaviour.bootError !== undefined) throw new Error(behaviour.bootError);
      const info = {
        Driver: 'vSphere Integrated Containers',
        SystemStatus: [
          ['VolumeStores', behaviour.volumeStoresOffline === true ? '' : settings.volumeStores.join(' ')],
          ['vSphere Integrated Containers', 'RUNNING'],
        ],
      };
      const answer: RequestListener = (request, response) => response.writeHead(request.url === '/info' ? 200 : 404).end(JSON.stringify(info));
      const { tls } = settings;
      const clients = behaviour.refuseClients === true ? { maxVersion: 'TLSv1.2' as const, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } : {};
      const server = tls.mode === 'none' ? createHttpServer(answer) : createHttpsServer({ cert: tls.certificate, key: tls.key, ...clients }, answer);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const dockerPort = behaviour.dockerDown === true ? await closedPort() : (server.address() as AddressInfo).port;
      const names = ['docker-personality', 'port-layer', 'vicadmin', ...(settings.kubelet === undefined ? [] : ['kubelet-starter'])];
      const failed = behaviour.failedComponent;
      let open = true;
      return {
        clientIp: '127.0.0.1',
        dockerPort,
        portLayerPort: 2377,
        adminPort: 2378,
        components: names.map((name) => (name === failed?.name ? { name, started: false, error: failed.error } : { name, started: true })),
        containers: () => behaviour.containers ?? [],
        powerOff: async (options) => {
          off.push(options);
          if (!open) return;
          open = false;
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
        },
      };
    },
  };
}

export interface StageOptions {
  readonly inventory?: Inventory;
  readonly denied?: readonly CallName[];
  readonly host?: HostBehaviour;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly onOutput?: (text: string) => void;
  readonly withoutOpenssl?: boolean;
}

export interface RunOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly cwd: string;
}

/** A vSphere stand-in, a folder with ISO files and a kubeconfig, and the program to run against them. */
export interface Stage {
  readonly vsphere: VSphere;
  readonly host: ReturnType<typeof testHost>;
  readonly folder: string;
  run(argv: readonly string[], options?: RunOptions): Promise<RunOutcome>;
  /** Marks a VCH as being updated, as a run that died would leave it. */
  markInProgress(name: string): Promise<void>;
  /** Takes rights from the account `root`. */
  deny(calls: readonly CallName[]): void;
  close(): Promise<void>;
}

let sharedCertificate: Promise<CertificatePair> | undefined;

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  sharedCertificate ??= createCertificate({ commonName: 'vcenter', organizations: ['test'], rsaBits: 2048, use: 'server', now: Date.now() });
  const folder = await nodeFileSystem.makeTempDirectory('vick-vic-machine-');
  const host = testHost(options.host);
  const denied = [...(options.denied ?? [])];
  const vsphere = await startVSphere({
    host,
    users: [
      { name: 'root', password: 'secret', denied },
      { name: 'ops', password: 'secret' },
    ],
    directory: folder,
    clock: systemClock,
    random: systemRandom,
    certificate: await sharedCertificate,
    inventory: options.inventory ?? vcenterInventory({ portGroups: ['DC0_DVPG0', 'DC0_DVPG1'], persistNetworkBacking: true }),
  });
  const workFolder = await prepareFolder(folder, 'work');
  const port = Number(vsphere.address.split(':')[1]);
  const closed = await closedPort();
  return {
    vsphere,
    host,
    folder: workFolder,
    run: async (argv, { cwd = workFolder, env = {}, terminal = false, clock = systemClock, signal, onOutput, withoutOpenssl } = {}) => {
      const written = { stdout: '', stderr: '' };
      const output = (name: 'stdout' | 'stderr') => ({
        isTerminal: terminal && name === 'stdout',
        columns: 80,
        colour: terminal,
        write: (text: string) => {
          written[name] += text;
          onOutput?.(text);
        },
      });
      const [name = 'vic-machine-linux', ...rest] = argv;
      const io: VicMachineIo = {
        program: join(folder, 'bin', name),
        env: { PATH: process.env['PATH'], HOME: join(folder, 'home'), ...env },
        cwd,
        stdout: output('stdout'),
        stderr: output('stderr'),
        stdin: { isTerminal: false, readText: () => Promise.resolve('') },
        clock,
        random: systemRandom,
        fs: nodeFileSystem,
        signal: signal ?? new AbortController().signal,
        ...(withoutOpenssl === true ? {} : { runner: execaRunner }),
        dial: (target, to) =>
          target === 'closed.example.test'
            ? { host: '127.0.0.1', port: closed }
            : target.endsWith('.example.test')
              ? { host: '127.0.0.1', port }
              : { host: target, port: to },
      };
      return { exitCode: await runVicMachine(rest, io), ...written, cwd };
    },
    markInProgress: (name) => {
      vsphere.markInProgress(name);
      return Promise.resolve();
    },
    deny: (calls) => void denied.push(...calls),
    close: async () => {
      await vsphere.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function prepareFolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  const iso = isoContent('v1.5.0-dev-19900-c7d40ac8', { kubelet: true });
  await nodeFileSystem.writeFile(join(path, 'appliance.iso'), iso);
  await nodeFileSystem.writeFile(join(path, 'bootstrap.iso'), iso);
  await nodeFileSystem.writeFile(join(path, 'kube.conf'), 'apiVersion: v1\n');
  return path;
}

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createNetServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
