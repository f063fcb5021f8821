/** Where pretended pods live: as long as the process. */
import type { Clock } from '../../platform/clock.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { Random } from '../../platform/random.ts';
import { ProviderFailure, type CreatePodRequest, type StartRequest, type StopTarget, type VolumeFile, type VolumeRequest } from '../../kubelet/provider.ts';
import type { PodAddresses } from './addresses.ts';
import { endRun, later, portsOf, type MockContainer, type MockPod, type MockRun } from './pods.ts';
import { recalledPod } from './recall.ts';
import { contextOf, outcomeOf } from './run-outcome.ts';
import { draw, podSettings, SettingError, type MockSettings, type PodSettings } from './settings.ts';
import { untilAborted } from '../../platform/until-aborted.ts';

export interface MockBackEndOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** May be shared by several back ends. */
  readonly podAddresses: PodAddresses;
  /** Settings of every pod, which its annotations overrule. */
  readonly defaults?: MockSettings;
  /**
   * The pods of the node as the API has them, asked for once. A back end without memory goes on from their status, as if
   * they had been running all the time.
   */
  readonly recall?: (signal: AbortSignal) => Promise<readonly Pod[]>;
}

const KILLED = 137;
const REMEMBERED = 10_000;

export class MockBackEnd {
  readonly pods = new Map<string, MockPod>();
  private readonly options: MockBackEndOptions;
  private readonly listeners = new Set<(uid: string | undefined) => void>();
  /** How often what is to fail a number of times has failed, by pod and container. */
  private readonly failures = new Map<string, number>();
  private recalled: Promise<void> | undefined;

  constructor(options: MockBackEndOptions) {
    this.options = options;
  }

  /** Takes up the pods that the API has. Rejects when it cannot be asked; the next call asks again. */
  async recall(signal: AbortSignal): Promise<void> {
    this.recalled ??= this.takeUp(signal);
    try {
      await this.recalled;
    } catch (error) {
      this.recalled = undefined;
      throw error;
    }
  }

  async create({ pod, volumes }: CreatePodRequest, signal: AbortSignal): Promise<void> {
    const { uid = '', namespace = '', name = '' } = pod.metadata ?? {};
    if (this.pods.has(uid)) return;
    const settings = this.settingsOf(pod);
    await this.pause(draw(settings.pod['create-delay'], this.fraction), signal);
    if (this.pods.has(uid)) return;
    const error = settings.pod['create-error'];
    if (error !== undefined && this.fails(uid, settings.pod['create-error-times'])) throw new ProviderFailure('CreatePodSandboxError', error);
    const made: MockPod = {
      ...{ uid, namespace, name, settings, ip: this.address(settings.pod.ip), containers: new Map(), lost: false, cancel: () => undefined },
      volumes: new Map(volumes.map((volume) => [volume.name, filesOf(volume)])),
    };
    this.pods.set(uid, made);
    this.loseLater(made);
  }

  async start({ uid, containers, define }: StartRequest, signal: AbortSignal): Promise<void> {
    const pod = this.pod(uid);
    for (const name of containers) {
      if (pod.containers.get(name)?.run.exit === undefined && pod.containers.has(name)) continue;
      const settings = pod.settings.of(name);
      await this.pause(draw(settings['start-delay'], this.fraction), signal);
      const error = settings['start-error'];
      if (error !== undefined && this.fails(`${uid}/${name}`, settings['start-error-times'])) {
        throw new ProviderFailure(error.reason, error.message, { container: name });
      }
    }
    const definitions = await define([pod.ip]);
    // The pod may have been lost or removed while it waited.
    if (this.pods.get(uid) !== pod || pod.lost) throw new Error(`the pod ${uid} has lost its sandbox`);
    for (const definition of definitions) {
      const before = pod.containers.get(definition.name);
      if (before !== undefined && before.run.exit === undefined) continue;
      const settings = pod.settings.of(definition.name);
      const exits = before?.exits ?? 0;
      const run: MockRun = {
        id: this.options.random.uuid().replaceAll('-', ''),
        image: definition.image,
        // A run is known by the time of its start, so no two start at once.
        startedAt: Math.max(this.options.clock.now(), (before?.run.startedAt ?? 0) + 1),
        outcome: outcomeOf(definition, settings, exits, contextOf(pod, definition), this.fraction),
        ...{ env: definition.env, mounts: definition.mounts, requests: definition.spec.resources?.requests ?? {} },
        ports: portsOf(definition.spec),
        ...{ exit: undefined, cancel: () => undefined, onEnd: new Set() },
      };
      const container: MockContainer = { name: definition.name, settings, exits, run, previous: before?.run };
      pod.containers.set(definition.name, container);
      this.endLater(pod, container);
    }
  }

  async stop({ uid, container: name, graceSeconds }: StopTarget, signal: AbortSignal): Promise<void> {
    const container = this.pods.get(uid)?.containers.get(name);
    if (container !== undefined && container.run.exit === undefined) await this.stopContainer(container, graceSeconds * 1_000, signal);
  }

  remove(uid: string): void {
    const pod = this.pods.get(uid);
    if (pod === undefined) return;
    pod.cancel();
    this.endAll(pod, { exitCode: KILLED, finishedAt: this.options.clock.now() });
    this.pods.delete(uid);
    this.options.podAddresses.release(pod.ip);
  }

  async watch(onChange: (uid: string | undefined) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.listeners.add(onChange);
    await untilAborted(signal);
    this.listeners.delete(onChange);
  }

  /** The pod; throws when there is none. */
  pod(uid: string): MockPod {
    const pod = this.pods.get(uid);
    if (pod === undefined) throw new Error(`there is no pod ${uid}`);
    return pod;
  }

  /** The container; throws when there is none that was started. */
  container({ uid, container }: { readonly uid: string; readonly container: string }): MockContainer {
    const found = this.pod(uid).containers.get(container);
    if (found === undefined) throw new Error(`the container ${container} was not started`);
    return found;
  }

  /** Replaces the files of a volume. */
  update(uid: string, volume: string, files: readonly VolumeFile[]): void {
    this.pod(uid).volumes.set(volume, asFiles(files));
  }

  private readonly fraction = (): number => this.options.random.fraction();

  private async takeUp(signal: AbortSignal): Promise<void> {
    const { recall, podAddresses, clock } = this.options;
    for (const pod of (await recall?.(signal)) ?? []) {
      const uid = pod.metadata?.uid ?? '';
      const settings = this.settingsOrNone(pod);
      const recalled = recalledPod(pod, settings, clock.now(), this.fraction);
      if (recalled === undefined || this.pods.has(uid)) continue;
      podAddresses.reserve(recalled.ip);
      this.pods.set(uid, recalled);
      for (const container of recalled.containers.values()) this.endLater(recalled, container);
    }
  }

  private settingsOf(pod: Pod): PodSettings {
    try {
      return podSettings(pod, this.options.defaults);
    } catch (error) {
      if (error instanceof SettingError) throw new ProviderFailure('CreateContainerConfigError', error.message, { cause: error });
      throw error;
    }
  }

  /** A pod that runs was judged before. */
  private settingsOrNone(pod: Pod): PodSettings {
    try {
      return podSettings(pod, this.options.defaults);
    } catch {
      return podSettings({}, this.options.defaults);
    }
  }

  private address(wished: string | undefined): string {
    const { podAddresses } = this.options;
    if (wished !== undefined) {
      podAddresses.reserve(wished);
      return wished;
    }
    try {
      return podAddresses.take();
    } catch (error) {
      throw new ProviderFailure('CreatePodSandboxError', error instanceof Error ? error.message : '', { cause: error });
    }
  }

  private fails(key: string, times: number | undefined): boolean {
    const before = this.failures.get(key) ?? 0;
    if (times !== undefined && before >= times) return false;
    this.failures.set(key, before + 1);
    // A pod that is removed may be made anew, and has failed before then.
    for (const oldest of this.failures.keys()) {
      if (this.failures.size <= REMEMBERED) break;
      this.failures.delete(oldest);
    }
    return true;
  }

  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (ms > 0) await this.options.clock.sleep(ms, signal);
  }

  private loseLater(pod: MockPod): void {
    const after = pod.settings.pod['lost-after'];
    if (after === undefined) return;
    const key = `${pod.uid}/lost`;
    if (!this.fails(key, 1)) return;
    pod.cancel = later(this.options.clock, draw(after, this.fraction), () => {
      pod.lost = true;
      this.endAll(pod, { exitCode: KILLED, finishedAt: this.options.clock.now(), reason: 'Error' });
      this.changed(pod.uid);
    });
  }

  private endLater(pod: MockPod, container: MockContainer): void {
    const { clock } = this.options;
    const { run, settings } = container;
    const { endsAtMs, exitCode, message } = run.outcome;
    if (endsAtMs === undefined || run.exit !== undefined) return;
    const told = settings['exit-message'] ?? message;
    const end = (): void => {
      const reason = settings['exit-reason'];
      const exit = {
        exitCode,
        finishedAt: run.startedAt + endsAtMs,
        ...(reason === undefined ? {} : { reason }),
        ...(told === undefined ? {} : { message: told }),
      };
      if (!endRun(run, exit)) return;
      container.exits += 1;
      this.changed(pod.uid);
    };
    const waitMs = run.startedAt + endsAtMs - clock.now();
    if (waitMs <= 0) end();
    else run.cancel = later(clock, waitMs, end);
  }

  private async stopContainer({ settings, run }: MockContainer, graceMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    const wantsMs = run.outcome.ignoresStop ? Number.POSITIVE_INFINITY : draw(settings['stop-delay'], this.fraction);
    const waitMs = Math.min(wantsMs, graceMs);
    if (waitMs > 0) await Promise.race([clock.sleep(waitMs, signal), new Promise<void>((resolve) => run.onEnd.add(resolve))]);
    endRun(run, { exitCode: wantsMs > graceMs ? KILLED : (settings['stop-exit-code'] ?? 0), finishedAt: clock.now() });
  }

  private endAll(pod: MockPod, exit: { readonly exitCode: number; readonly finishedAt: number; readonly reason?: string }): void {
    for (const { run } of pod.containers.values()) endRun(run, exit);
  }

  /** Told only of what happens by itself: whoever asks for something learns of it anyway. */
  private changed(uid: string): void {
    for (const listener of this.listeners) listener(uid);
  }
}

function filesOf(volume: VolumeRequest): ReadonlyMap<string, Uint8Array> {
  return asFiles(volume.kind === 'files' ? volume.files : []);
}

function asFiles(files: readonly VolumeFile[]): ReadonlyMap<string, Uint8Array> {
  return new Map(files.map(({ path, content }) => [path, content]));
}
