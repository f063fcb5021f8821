/**
 * The kubelet-starter service of an endpoint VM (vmware/vic, feature/wolfpack, cmd/kubelet-starter): writes the
 * kubeconfig, computes the environment, runs the virtual kubelet and starts it again whenever it ends.
 */
import { join } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Log } from '../../platform/log.ts';
import type { ChildProcess, Spawner } from '../../platform/runner.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { EndpointVmSettings } from './host.ts';

export interface KubeletStarterOptions {
  readonly settings: EndpointVmSettings;
  readonly directory: string;
  readonly clientIp: string;
  readonly dockerPort: number;
  readonly portLayerPort: number;
  readonly command: { readonly file: string; readonly prefixArgs: readonly string[] };
  /** PATH and HOME of the endpoint VM. */
  readonly path: string;
  /** What only the sandbox sets; wins over the rest. */
  readonly extra: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly fs: FileSystem;
  readonly spawner: Spawner;
  readonly log: Log;
}

export interface RunningKubelet {
  /** TERM, then KILL after the limit; resolves when the kubelet is gone. Idempotent. */
  stop(): Promise<void>;
}

/** How long a kubelet may take to end before it is killed. */
const STOP_LIMIT_MS = 8000;
/** Pauses before a restart: doubled after each short life, back to the first after a long one. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const LONG_LIFE_MS = 60_000;

/** The environment that the service runs with, then that of the virtual kubelet: vic-machine's part and the starter's. */
function kubeletEnvironment(
  options: Pick<KubeletStarterOptions, 'settings' | 'directory' | 'clientIp' | 'dockerPort' | 'portLayerPort' | 'path' | 'extra'>,
): Readonly<Record<string, string>> {
  const { settings, clientIp, dockerPort, portLayerPort } = options;
  const { host, port } = serviceAddress(settings.kubelet?.serverAddress ?? '');
  return {
    PATH: options.path,
    HOME: options.directory,
    KUBELET_NAME: `kubelet-${settings.name}`,
    PERSONA_PORT: String(dockerPort),
    PORTLAYER_PORT: String(portLayerPort),
    ...(settings.proxies.http === undefined ? {} : { HTTP_PROXY: settings.proxies.http }),
    ...(settings.proxies.https === undefined ? {} : { HTTPS_PROXY: settings.proxies.https }),
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: port,
    PERSONA_ADDR: `${clientIp}:${String(dockerPort)}`,
    PORTLAYER_ADDR: `${clientIp}:${String(portLayerPort)}`,
    ...options.extra,
  };
}

/** `host` holds the port too: the endpoint VM of a real VCH has the same mistake. Without a port, `port` is empty. */
export function serviceAddress(address: string): { readonly host: string; readonly port: string } {
  const host = address.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/[/?#].*$/, '');
  return { host, port: /:(\d+)$/.exec(host)?.[1] ?? '' };
}

/** Resolves when the first kubelet runs. Rejects when it cannot be started at all. */
export async function startKubelet(options: KubeletStarterOptions): Promise<RunningKubelet> {
  const { fs, settings, directory } = options;
  const config = join(directory, 'etc', 'kubelet.conf');
  await fs.makeDirectory(join(directory, 'etc'));
  // The mode of a real VCH is 0644; on a computer with other users that would give the cluster away.
  await fs.writeFile(config, settings.kubelet?.configContent ?? '', { mode: 0o600 });
  const stop = new AbortController();
  let current = await launch(options, config);
  const supervision = (async () => {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      const since = options.clock.monotonic();
      const exit = await (current.ended ?? current.exited);
      if (stop.signal.aborted) return;
      pause = options.clock.monotonic() - since >= LONG_LIFE_MS ? FIRST_PAUSE_MS : pause;
      options.log.warn('the virtual kubelet ended', { exitCode: exit.exitCode, signal: exit.signal, restartInMs: pause });
      await options.clock.sleep(pause, stop.signal).catch(() => undefined);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      current = (await relaunch(options, config, stop.signal)) ?? current;
    }
  })();
  let ending: Promise<void> | undefined;
  return { stop: () => (ending ??= end()) };

  async function end(): Promise<void> {
    stop.abort(new Error('powered off'));
    await endChild(current, options.clock);
    await supervision;
    await endChild(current, options.clock);
  }
}

async function relaunch(options: KubeletStarterOptions, config: string, stop: AbortSignal): Promise<ChildProcess | undefined> {
  while (!stop.aborted) {
    try {
      return await launch(options, config);
    } catch (error) {
      options.log.error('the virtual kubelet cannot be started', { why: messageOf(error) });
      await options.clock.sleep(LONGEST_PAUSE_MS, stop).catch(() => undefined);
    }
  }
  return undefined;
}

async function launch(options: KubeletStarterOptions, config: string): Promise<ChildProcess> {
  const logs = join(options.directory, 'var', 'log', 'vic');
  await options.fs.makeDirectory(logs);
  const env = kubeletEnvironment(options);
  const args = [...options.command.prefixArgs, '--provider', 'vic', '--kubeconfig', config, '--nodename', env['KUBELET_NAME'] ?? ''];
  options.log.info('starting the virtual kubelet', { file: options.command.file, nodename: env['KUBELET_NAME'] });
  return options.spawner.spawn({ file: options.command.file, args, env, cwd: logs, outputFile: join(logs, 'kubelet-starter.log') });
}

async function endChild(child: ChildProcess, clock: Clock): Promise<void> {
  const gone = (child.ended ?? child.exited).then(() => true);
  child.kill('SIGTERM', { group: true });
  const patience = new AbortController();
  const ended = await Promise.race([
    gone,
    clock.sleep(STOP_LIMIT_MS, patience.signal).then(
      () => false,
      () => true,
    ),
  ]);
  patience.abort();
  // Also what the kubelet may have left in its group.
  child.kill('SIGKILL', { group: true });
  if (!ended) await gone;
}
