/**
 * The composition root: the only file that names `process`. It builds what commands may touch, starts one of the
 * programs, and turns signals and stray errors into exit codes. Everything heavy is behind an `import()`.
 */
import { setMaxListeners } from 'node:events';
import { homedir, hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Host, TalkSettings } from './cli/deps.ts';
import type { KubeconfigSource } from './clients/kubernetes/kubeconfig.ts';
import { asVickError, renderError } from './cli/render/error.ts';
import { run } from './cli/run.ts';
import { VickError } from './errors/vick-error.ts';
import { createLog } from './platform/log.ts';
import { systemClock } from './platform/node/clock.ts';
import { nodeFileSystem } from './platform/node/fs.ts';
import { createPrompter } from './platform/node/prompter.ts';
import { systemRandom } from './platform/node/random.ts';
import { createEventReporter } from './platform/event-reporter.ts';
import { createReporter } from './platform/node/reporter.ts';
import { execaRunner } from './platform/node/runner.ts';
import { nodeProcessTable, nodeSpawner } from './platform/node/spawner.ts';
import { createStreams } from './platform/node/streams.ts';
import { once } from './platform/once.ts';
import type { Streams } from './platform/streams.ts';
import { latePrompter, lateReporter } from './platform/talk.ts';
import type { SandboxEngine } from './operations/sandbox/port.ts';
import type { EngineFacts } from './providers/docker/engine-kind.ts';
import type { ContainerSite } from './sandbox/engines/containers.ts';
import type { SiteTools } from './sandbox/site.ts';

/** Set by the bundler. */
declare const VICK_VERSION: string;

/** How long open handles may keep the program after its work is done. */
const LINGER_MS = 1_000;

/** `vick …` */
export async function vick(): Promise<void> {
  await program((host, signal) => run(process.argv.slice(2), host, signal));
}

/** `virtual-kubelet …`, as VIC's kubelet-starter runs it. */
export async function virtualKubelet(): Promise<void> {
  if (['version', '--version', '-version'].includes(process.argv[2] ?? '')) {
    process.stdout.write(`virtual-kubelet (vick) ${VICK_VERSION}\n`);
    return;
  }
  if (['help', '--help', '-help', '-h'].includes(process.argv[2] ?? '')) {
    const { KUBELET_FLAGS } = await import('./operations/kubelet/settings.ts');
    const flags = KUBELET_FLAGS.map((flag) => `  --${flag}\n`).join('');
    process.stdout.write(
      `Usage: virtual-kubelet --provider vic --kubeconfig FILE --nodename NAME [flags]\n\nFlags, as 'vick kubelet run --help' explains them:\n${flags}`,
    );
    return;
  }
  await program(async (host, signal) => {
    const { runVirtualKubelet } = await import('./operations/kubelet/drop-in.ts');
    return runVirtualKubelet(process.argv.slice(2), host, signal);
  });
}

/** The sandbox's `vic-machine-linux`. A signal ends it at once and leaves what it half made, as the real one. */
export async function vicMachineStandIn(): Promise<void> {
  const { runVicMachine } = await import('./sandbox/vsphere/vic-machine/program.ts');
  const streams = createStreams(process, process.env);
  process.exitCode = await runVicMachine(process.argv.slice(2), {
    program: process.env['VICK_SANDBOX_PROGRAM'] ?? 'vic-machine-linux',
    env: process.env,
    cwd: process.cwd(),
    ...streams,
    clock: systemClock,
    random: systemRandom,
    fs: nodeFileSystem,
    runner: execaRunner,
    signal: new AbortController().signal,
  });
}

/** Runs `main` as the whole of this process: signals abort, errors are reported, the exit code is its result. */
async function program(main: (host: Host, signal: AbortSignal) => Promise<number>): Promise<void> {
  const streams = createStreams(process, process.env);
  const signal = cancelOnSignal();
  reportStrayErrors(streams);
  process.exitCode = await main(createHost(streams), signal);
  // A forgotten socket or timer must not keep a finished command alive; without one, this timer does not either.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** The first SIGINT or SIGTERM asks the work to end; a second one ends the program at once. */
function cancelOnSignal(): AbortSignal {
  const controller = new AbortController();
  // Every call under way listens to it; there may be many at once.
  setMaxListeners(0, controller.signal);
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new VickError('CANCELLED', 'Cancelled.', { details: { signal: name } }));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}

function reportStrayErrors(streams: Streams): void {
  const report = (error: unknown): void => {
    const failure = asVickError(error);
    streams.stderr.write(renderError(failure, { json: false, verbose: true, colour: streams.stderr.colour }));
    process.exit(failure.exitCode);
  };
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
}

function createHost(streams: Streams): Host {
  const { env } = process;
  return {
    streams,
    env,
    cwd: process.cwd(),
    homeDirectory: env['HOME'] ?? homedir(),
    clock: systemClock,
    random: systemRandom,
    fs: nodeFileSystem,
    runner: execaRunner,
    spawner: nodeSpawner,
    processes: nodeProcessTable,
    log: createLog({ write: (line) => streams.stderr.write(line), clock: systemClock }),
    kubernetes: {
      readKubeconfig: async (choice) => (await import('./clients/kubernetes/kubeconfig.ts')).readKubeconfig(kubeconfigSource(env, choice)),
      examine: async (choice) => (await import('./clients/kubernetes/kubeconfig.ts')).examineKubeconfig(kubeconfigSource(env, choice)),
      probe: async (target, signal) => (await import('./clients/kubernetes/probe.ts')).probeServer(target, signal),
      connect: async (kubeconfig) => {
        const { connect } = await import('./clients/kubernetes/connect.ts');
        return connect(kubeconfig);
      },
    },
    identity: lateKeeper(env),
    vch: {
      portLayer: async (address) => {
        const { createPortLayer } = await import('./clients/port-layer/client.ts');
        return createPortLayer({ ...address, clock: systemClock, pid: process.pid });
      },
    },
    kubelet: {
      cluster: async (api, log) => {
        const { createCluster } = await import('./clients/kubernetes/cluster.ts');
        return createCluster(api, { clock: systemClock, random: systemRandom, log });
      },
      trust: async (api) => {
        const { createTrust } = await import('./clients/kubernetes/trust.ts');
        return createTrust(api);
      },
      portLayer: async (address) => {
        const { createPortLayer } = await import('./clients/port-layer/client.ts');
        return createPortLayer({ ...address, clock: systemClock, pid: process.pid });
      },
      dockerEngine: async (address) => {
        const { createDockerEngine } = await import('./clients/docker-engine/client.ts');
        return createDockerEngine({ ...address, clock: systemClock });
      },
      containerEngine: async (endpoint) => {
        const { createContainerEngine } = await import('./clients/docker-engine/containers-client.ts');
        return createContainerEngine({ endpoint, clock: systemClock });
      },
      resolveHost: async (host) => {
        const { lookup } = await import('node:dns/promises');
        return (await lookup(host, { all: true })).map(({ address }) => address);
      },
      keepHeapSmall: async () => (await import('./platform/node/small-heap.ts')).keepHeapSmall(),
    },
    sandbox: {
      serve: async (request, stop) => {
        const { serveSite } = await import('./sandbox/site.ts');
        await serveSite(request, siteTools(streams), stop);
      },
      askEngine: async (engine, signal) => {
        const [site, { versionOf }] = await Promise.all([containerSite(engine, ''), import('./sandbox/engines/containers.ts')]);
        try {
          // Answered at once by an engine that is well; other calls may take their time.
          await site.engine.ping(signal);
          return versionOf(await site.engine.version(signal));
        } finally {
          site.engine.close();
        }
      },
      clearEngine: async (engine, directory, signal) => {
        const [site, { sweepContainers }] = await Promise.all([containerSite(engine, directory), import('./sandbox/engines/docker-labels.ts')]);
        try {
          await sweepContainers(site.engine, site.name, signal);
        } finally {
          site.engine.close();
        }
      },
    },
    self: {
      argv: binArgv,
      pid: process.pid,
      version: VICK_VERSION,
      runtime: { node: process.version, platform: `${process.platform}/${process.arch}` },
    },
    talk: (settings) => talk(streams, settings),
  };
}

function kubeconfigSource(env: NodeJS.ProcessEnv, { path, context }: Parameters<Host['kubernetes']['readKubeconfig']>[0]): KubeconfigSource {
  return {
    env,
    homeDirectory: env['HOME'] ?? homedir(),
    cwd: process.cwd(),
    fs: nodeFileSystem,
    ...(path === undefined ? {} : { explicitPath: path }),
    ...(context === undefined ? {} : { context }),
  };
}

/** The keeper of node identities, its code loaded at the first call. */
function lateKeeper(env: NodeJS.ProcessEnv): NonNullable<Host['identity']> {
  const keeper = async (): Promise<NonNullable<Host['identity']>> => {
    const [{ createIdentityKeeper }, { connect }] = await Promise.all([import('./operations/identity/keeper.ts'), import('./clients/kubernetes/connect.ts')]);
    const homeDirectory = env['HOME'] ?? homedir();
    return createIdentityKeeper({
      env,
      homeDirectory,
      clock: systemClock,
      random: systemRandom,
      fs: nodeFileSystem,
      kubernetes: { connect },
    });
  };
  return {
    mint: async (request, signal) => (await keeper()).mint(request, signal),
    revoke: async (request, signal) => (await keeper()).revoke(request, signal),
  };
}

function siteTools(streams: Streams): SiteTools {
  return {
    clock: systemClock,
    random: systemRandom,
    fs: nodeFileSystem,
    spawner: nodeSpawner,
    processes: nodeProcessTable,
    log: createLog({ write: (line) => streams.stderr.write(line), clock: systemClock }),
    env: process.env,
    pid: process.pid,
    connect: async (text) => {
      const [{ connect }, { parseKubeconfig }] = await Promise.all([import('./clients/kubernetes/connect.ts'), import('./clients/kubernetes/kubeconfig.ts')]);
      return connect(await parseKubeconfig(text, 'of the sandbox', nodeFileSystem));
    },
    containers: containerSite,
    programs: { virtualKubelet: binArgv('virtual-kubelet'), vicMachine: binArgv('vic-machine-stand-in') },
  };
}

/** An engine for the sandbox in `directory`. Its certificates are read now; no connection is opened. */
async function containerSite({ endpoint }: SandboxEngine, directory: string): Promise<ContainerSite> {
  const [{ createContainerEngine }, { siteName }] = await Promise.all([
    import('./clients/docker-engine/containers-client.ts'),
    import('./sandbox/engines/containers.ts'),
  ]);
  const read = (file: string | undefined): Promise<string | undefined> =>
    file === undefined ? Promise.resolve(undefined) : nodeFileSystem.readTextIfExists(file);
  const tlsOf = async (files: { readonly ca?: string; readonly certificate?: string; readonly key?: string }) => {
    const [ca, certificate, key] = await Promise.all([read(files.ca), read(files.certificate), read(files.key)]);
    return { ...(ca === undefined ? {} : { ca }), ...(certificate === undefined ? {} : { certificate }), ...(key === undefined ? {} : { key }) };
  };
  const place = 'socketPath' in endpoint ? endpoint : { ...endpoint, tls: endpoint.tls === undefined ? undefined : await tlsOf(endpoint.tls) };
  const engine = createContainerEngine({ endpoint: place, clock: systemClock });
  let known: Promise<EngineFacts> | undefined;
  const holder: ContainerSite['holder'] = async (signal) => {
    const [{ ensureSandboxImage, SANDBOX_COMMAND }, { detectEngine }] = await Promise.all([
      import('./providers/docker/sandbox-image.ts'),
      import('./providers/docker/engine-kind.ts'),
    ]);
    known ??= detectEngine(engine, signal).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    const facts = await known;
    return { image: await ensureSandboxImage(engine, facts, signal), program: SANDBOX_COMMAND, namesEach: facts.kind === 'podman' };
  };
  return { engine, name: siteName(hostname(), directory), holder };
}

/** argv of a program in bin/, which stands beside dist/. */
function binArgv(bin: string): readonly string[] {
  return [process.execPath, fileURLToPath(new URL(`../bin/${bin}.js`, import.meta.url))];
}

function talk(plain: Streams, { verbose, input, yes, colour, json }: TalkSettings): ReturnType<Host['talk']> {
  const streams = colour ? plain : withoutColour(plain);
  const reporter = once(() =>
    json
      ? createEventReporter({ output: streams.stderr, verbose, clock: systemClock })
      : createReporter({ output: streams.stderr, verbose, terminal: process.stderr }),
  );
  const prompter = once(() => {
    const interactive = input && plain.stdin.isTerminal && plain.stderr.isTerminal;
    return createPrompter({ stdin: process.stdin, stderr: process.stderr, interactive, yes });
  });
  return { streams, reporter: lateReporter(reporter), prompter: latePrompter(prompter) };
}

function withoutColour(streams: Streams): Streams {
  const plain = (output: Streams['stdout']): Streams['stdout'] => ({
    write: (text) => output.write(text),
    isTerminal: output.isTerminal,
    colour: false,
    get columns() {
      return output.columns;
    },
  });
  return {
    stdin: streams.stdin,
    get stdout() {
      return plain(streams.stdout);
    },
    get stderr() {
      return plain(streams.stderr);
    },
  };
}
