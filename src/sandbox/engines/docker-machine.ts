/** A machine whose tasks are containers: one more holds what they share, so that any of them may end. */
import { containerFailure } from '../../clients/docker-engine/container-failure.ts';
import type { ContainerEngine, ContainerSpec, WireContainer, WireStats } from '../../clients/docker-engine/containers-port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { packArchive } from '../../platform/tar.ts';
import { runContainer } from './docker-container.ts';
import { runExec } from './docker-exec.ts';
import { HOLDER, MACHINE_LABEL, removeLabelled, ROLE_LABEL, SITE_LABEL } from './docker-labels.ts';
import { keepFolders, restoreFolders, type KeptTask } from './docker-kept.ts';
import { launchText } from './docker-launch-text.ts';
import { isLaunchError, LaunchError, type EngineTask, type LaunchRequest, type Machine, type MachineUsage } from './port.ts';

const OFF = 'container VM has unexpectedly powered off';
/** How long the end of a machine is pursued while the engine does not answer, ms. */
const DESTROY_WITHIN_MS = 60_000;
const DESTROY_PAUSE_MS = 500;

export interface DockerEngineOptions {
  readonly engine: ContainerEngine;
  /** Names the sandbox: the same whenever it is started at the same place, so that what an earlier life left is found. */
  readonly site: string;
  /** Makes the image of what holds the namespaces of a machine, where it is absent. */
  readonly holder: (signal: AbortSignal) => Promise<HolderImage>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HolderImage {
  readonly image: string;
  /** Path of the program in it. */
  readonly program: string;
  /** Podman gives each container that shares a network a name of its own; Docker lets none have one. */
  readonly namesEach: boolean;
}

interface Holder {
  readonly id: string;
  readonly namesEach: boolean;
}

interface RunningTask {
  readonly container: string;
  readonly image: string;
  readonly ended: Promise<unknown>;
}

export class DockerMachine implements Machine {
  private readonly options: DockerEngineOptions;
  private readonly id: string;
  private readonly hostname: string | undefined;
  /** Container that holds the namespaces. */
  private holder: Promise<Holder> | undefined;
  private readonly life = new AbortController();
  private readonly running = new Set<RunningTask>();
  /** Calls that may still make something. */
  private readonly underWay = new Set<Promise<unknown>>();
  private launches = 0;
  /** Tasks of which something is kept when the machine goes off. */
  private readonly kept: (KeptTask & { readonly container: string })[] = [];

  constructor(options: DockerEngineOptions, id: string, hostname: string | undefined) {
    this.options = options;
    this.id = id;
    this.hostname = hostname;
  }

  async boot(): Promise<string | undefined> {
    const { engine, log } = this.options;
    try {
      const holder = await this.track(this.holding());
      return addressOf(await engine.inspectContainer(holder.id, this.life.signal));
    } catch (error) {
      if (!this.life.signal.aborted) log.error('the engine cannot run a machine', { machine: this.id, why: messageOf(error) });
      throw error;
    }
  }

  async launch(request: LaunchRequest): Promise<EngineTask> {
    try {
      return await this.track(this.start(request));
    } catch (error) {
      if (isLaunchError(error)) throw error;
      throw new LaunchError(launchText(request.path, containerFailure(error)?.reason ?? messageOf(error)), { cause: error });
    }
  }

  async usage(): Promise<MachineUsage | undefined> {
    const { engine } = this.options;
    const containers = [...this.running].map(({ container }) => container);
    try {
      const stats = (await Promise.all(containers.map((container) => engine.stats(container, this.life.signal)))).filter((one) => one !== undefined);
      return { cpuSeconds: sum(stats, cpuSeconds), residentBytes: sum(stats, residentBytes), processes: sum(stats, processes) };
    } catch {
      return undefined;
    }
  }

  async destroy(): Promise<void> {
    const { engine, clock, log } = this.options;
    const never = new AbortController().signal;
    const deadline = clock.monotonic() + DESTROY_WITHIN_MS;
    this.life.abort(new LaunchError(OFF));
    await Promise.allSettled(this.underWay);
    await Promise.all(this.kept.splice(0).map(({ container, ...task }) => keepFolders(this.options, container, task)));
    for (;;) {
      try {
        await removeLabelled(engine, `${MACHINE_LABEL}=${this.id}`, never);
        break;
      } catch (error) {
        // The label tells the next start of the sandbox whose they are.
        if (clock.monotonic() > deadline) {
          log.error('containers of a machine are left in the engine', { machine: this.id, why: messageOf(error) });
          break;
        }
        await clock.sleep(DESTROY_PAUSE_MS);
      }
    }
    await Promise.all([...this.running].map(({ ended }) => ended));
    this.running.clear();
  }

  private async start(request: LaunchRequest): Promise<EngineTask> {
    const { engine, clock } = this.options;
    const { signal } = this.life;
    const holder = await this.holding();
    signal.throwIfAborted();
    const image = request.image === undefined || request.image === '' ? '' : request.image;
    if (image === '') throw new LaunchError('no such file or directory');
    const joined = request.joins === true ? [...this.running].find((task) => task.image === image) : undefined;
    if (joined !== undefined) return runExec({ engine, clock, container: joined.container, containerEnd: joined.ended, machineEnd: signal }, request);
    this.launches += 1;
    const name = `vick-${this.id.slice(0, 12)}-${String(this.launches)}`;
    const kept = request.disk === undefined ? undefined : { id: request.id, disk: request.disk };
    const prepare = async (id: string, wanted: AbortSignal): Promise<void> => {
      if (kept === undefined) return;
      await engine.putArchive(id, '/', packArchive(await kept.disk.entries(), clock.now()), wanted);
      await restoreFolders(engine, id, kept, wanted);
    };
    const { task, container } = await runContainer({ engine, clock, machineEnd: signal, name, spec: this.taskSpec(request, image, holder), prepare }, request);
    const entry: RunningTask = { container, image, ended: task.exited };
    this.running.add(entry);
    if (kept !== undefined && request.joins !== true) this.kept.push({ container, ...kept });
    void task.exited.then(() => this.running.delete(entry));
    return task;
  }

  private async holding(): Promise<Holder> {
    this.holder ??= this.makeHolder();
    return this.holder;
  }

  private async makeHolder(): Promise<Holder> {
    const { engine, holder } = this.options;
    const never = new AbortController().signal;
    this.life.signal.throwIfAborted();
    const { image, program, namesEach } = await holder(this.life.signal);
    const spec: ContainerSpec = {
      Image: image,
      Entrypoint: [program],
      ...this.named(),
      Labels: { ...this.labels(), [ROLE_LABEL]: HOLDER },
      HostConfig: { IpcMode: 'shareable', CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'], CpuShares: 2, RestartPolicy: { Name: '' } },
    };
    // Never aborted: what is made must be known of, to be removed.
    const id = await engine.createContainer(`vick-${this.id.slice(0, 12)}`, spec, never);
    this.life.signal.throwIfAborted();
    await engine.startContainer(id, never);
    return { id, namesEach };
  }

  private named(): { readonly Hostname?: string } {
    return this.hostname === undefined || this.hostname === '' ? {} : { Hostname: this.hostname };
  }

  private taskSpec(request: LaunchRequest, image: string, holder: Holder): ContainerSpec {
    const shared = `container:${holder.id}`;
    return {
      Image: `sha256:${image}`,
      Entrypoint: [request.path],
      Cmd: request.args,
      ...(holder.namesEach ? this.named() : {}),
      Env: request.env,
      ...(request.workingDir === '' ? {} : { WorkingDir: request.workingDir }),
      ...(request.user === '' ? {} : { User: request.user }),
      Tty: request.tty,
      OpenStdin: request.openStdin,
      StdinOnce: request.openStdin,
      AttachStdin: request.openStdin,
      Labels: { ...this.labels(), [ROLE_LABEL]: 'task' },
      // The VM has a log of its own.
      HostConfig: { NetworkMode: shared, PidMode: shared, IpcMode: shared, LogConfig: { Type: 'none', Config: {} }, RestartPolicy: { Name: '' } },
    };
  }

  private labels(): Readonly<Record<string, string>> {
    return { [SITE_LABEL]: this.options.site, [MACHINE_LABEL]: this.id };
  }

  private async track<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    try {
      return await work;
    } finally {
      this.underWay.delete(work);
    }
  }
}

function addressOf(container: WireContainer | undefined): string | undefined {
  const { IPAddress, Networks } = container?.NetworkSettings ?? {};
  return [IPAddress, ...Object.values(Networks ?? {}).map((network) => network.IPAddress)].find((address) => address !== undefined && address !== '');
}

function sum(stats: readonly WireStats[], of: (one: WireStats) => number): number {
  return stats.reduce((total, one) => total + of(one), 0);
}

const cpuSeconds = ({ cpu_stats: cpu }: WireStats): number => (cpu?.cpu_usage?.total_usage ?? 0) / 1e9;

/** Without the page cache that can be given back at once (moby cli/command/container/stats_helpers.go). */
function residentBytes({ memory_stats: memory }: WireStats): number {
  const { total_inactive_file: v1, inactive_file: v2 } = memory?.stats ?? {};
  return Math.max(0, (memory?.usage ?? 0) - (v1 ?? v2 ?? 0));
}

function processes(stats: WireStats & { readonly pids_stats?: { readonly current?: number } }): number {
  return stats.pids_stats?.current ?? 1;
}
