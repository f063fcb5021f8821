import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { imagesOf, isProviderFailure, type ContainerRequest, type ObservedPod, type ObservedState, type PodProvider } from '../../../src/kubelet/provider.ts';

/** A program that the back end under test can run. */
export interface Program {
  readonly image: string;
  readonly command: readonly string[];
  /** Of the pod that it runs in, for a back end that goes by them. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ProviderHarness {
  /** A new provider instance over the same back end, as after a restart of the kubelet. */
  provider(): PodProvider;
  readonly programs: {
    /** Runs until it is stopped, and ends at its stop signal. */
    readonly sleeps: Program;
    readonly exits: (code: number) => Program;
    /** Runs on through its stop signal, from the moment that `deaf` resolves. */
    readonly ignoresStop: Program;
    /** Cannot be launched. */
    readonly missing: Program;
    /** An image that cannot be had. */
    readonly noImage: Program;
  };
  /** Resolves when the `ignoresStop` program of the pod has got as far as to ignore its stop signal. */
  readonly deaf: (uid: string) => Promise<void>;
  /** Makes the back end unreachable for good; absent where a test must not do that. */
  readonly kill?: () => Promise<void>;
  close(): Promise<void>;
}

/** The contract of kubelet/provider.ts, for any provider: what the kubelet core relies on. */
export function providerContract(name: string, start: () => Promise<ProviderHarness>): void {
  describe(`provider contract: ${name}`, () => {
    let harness: ProviderHarness;
    let provider: PodProvider;
    const made: string[] = [];
    const never = new AbortController().signal;

    const request = (programs: readonly Program[], metadata: { readonly name?: string; readonly uid?: string } = {}): RequestedPod => {
      const pod = podRequest(
        programs.map(({ image, command }, index) => containerRequest({ name: `c${String(index)}`, image, command })),
        { ...metadata, annotations: Object.assign({}, ...programs.map(({ annotations }) => annotations)) as Record<string, string> },
      );
      made.push(pod.uid);
      if (imagesOf(provider) === 'container' || provider.images === undefined) return pod;
      // With images of pods the core has seen to the images before anything is defined.
      return { ...pod, define: () => withImages(provider, pod.definitions) };
    };

    const startPod = async (target: PodProvider, created: RequestedPod): Promise<void> => {
      for (const { name } of created.definitions) await target.start(startRequest(created, name), never);
    };

    const stopPod = async (target: PodProvider, created: RequestedPod, graceSeconds: number): Promise<void> => {
      for (const { name: container } of created.definitions) await target.stop({ uid: created.uid, container, graceSeconds }, never);
    };

    const states = (pod: ObservedPod | undefined): readonly string[] => (pod?.containers ?? []).map(({ state }) => state.kind);

    /** Reads the status until the first container is in a state of that kind. */
    const reaches = async <K extends ObservedState['kind']>(uid: string, kind: K): Promise<Extract<ObservedState, { kind: K }>> =>
      await expect
        .poll(async () => (await provider.status(uid, never))?.containers[0]?.state, { timeout: 60_000, interval: 100 })
        .toMatchObject({ kind })
        .then(async () => (await provider.status(uid, never))!.containers[0]!.state as Extract<ObservedState, { kind: K }>);

    beforeAll(async () => {
      harness = await start();
      provider = harness.provider();
    });

    afterAll(async () => {
      await harness.close();
    });

    it('creates a pod with no container started: all are defined, or its address is known', async () => {
      const pod = request([harness.programs.sleeps, harness.programs.exits(0)]);
      await provider.create(pod, never);
      const observed = await provider.status(pod.uid, never);
      expect(observed?.uid).toBe(pod.uid);
      if (imagesOf(provider) === 'container') {
        expect(states(observed).filter((state) => state !== 'created')).toEqual([]);
        expect(observed?.ips[0]).toMatch(/^[0-9a-f.:]+$/);
        await provider.remove(pod.uid, never);
        return;
      }
      expect(observed?.containers.map(({ name: container }) => container)).toEqual(['c0', 'c1']);
      expect(states(observed)).toEqual(['created', 'created']);
      expect(new Set(observed?.containers.map(({ id }) => id)).size).toBe(2);
      await provider.remove(pod.uid, never);
    });

    it('creates a pod once, however often it is asked, also at the same time and by another instance', async () => {
      const pod = request([harness.programs.sleeps]);
      await Promise.all([provider.create(pod, never), provider.create(pod, never)]);
      await harness.provider().create(pod, never);
      expect((await harness.provider().list(never)).filter(({ uid }) => uid === pod.uid)).toHaveLength(1);
      await provider.remove(pod.uid, never);
      expect(await provider.status(pod.uid, never)).toBeUndefined();
    });

    it('lists each pod with the identity it was created with', async () => {
      const pod = request([harness.programs.sleeps]);
      await provider.create(pod, never);
      const listed = await harness.provider().list(never);
      expect(listed).toContainEqual({ uid: pod.uid, namespace: 'default', name: pod.pod.metadata!.name });
      await provider.remove(pod.uid, never);
      expect((await provider.list(never)).map(({ uid }) => uid)).not.toContain(pod.uid);
    });

    it('runs what is started, tells since when and under which address, and starts it only once', async () => {
      const pod = request([harness.programs.sleeps]);
      await provider.create(pod, never);
      await startPod(provider, pod);
      const running = await reaches(pod.uid, 'running');
      expect(running.startedAt).toBeGreaterThan(1.5e12);
      await startPod(provider, pod);
      const again = await reaches(pod.uid, 'running');
      expect(again.startedAt).toBe(running.startedAt);
      await expect.poll(async () => (await provider.status(pod.uid, never))?.ips, { timeout: 30_000 }).not.toEqual([]);
      expect((await provider.status(pod.uid, never))?.ips[0]).toMatch(/^[0-9a-f.:]+$/);
      await provider.remove(pod.uid, never);
    });

    it.each([0, 3])('tells that a container exited with %i, and can run it again', async (code) => {
      const pod = request([harness.programs.exits(code)]);
      await provider.create(pod, never);
      await startPod(provider, pod);
      const first = await reaches(pod.uid, 'exited');
      expect(first.exitCode).toBe(code);
      expect(first.finishedAt).toBeGreaterThanOrEqual(first.startedAt ?? 0);
      // A pod VM that has ended has no address; a sandbox keeps it.
      if (imagesOf(provider) === 'pod') await expect.poll(async () => (await provider.status(pod.uid, never))?.ips, { timeout: 30_000 }).toEqual([]);
      await startPod(provider, pod);
      const second = await reaches(pod.uid, 'exited');
      expect(second.exitCode).toBe(code);
      await provider.remove(pod.uid, never);
    });

    it('makes a program that cannot be launched an exit with a reason, not an error', async () => {
      const pod = request([harness.programs.missing]);
      await provider.create(pod, never);
      await startPod(provider, pod);
      const state = await reaches(pod.uid, 'exited');
      expect([126, 127, 128]).toContain(state.exitCode);
      expect(['StartError', 'ContainerCannotRun']).toContain(state.reason);
      expect(state.message).not.toBe('');
      await provider.remove(pod.uid, never);
    });

    it('stops within the grace period what obeys, and is content with what is stopped or absent', async () => {
      const pod = request([harness.programs.sleeps]);
      await provider.create(pod, never);
      await startPod(provider, pod);
      await reaches(pod.uid, 'running');
      const before = performance.now();
      await stopPod(provider, pod, 30);
      expect(performance.now() - before).toBeLessThan(25_000);
      const state = await reaches(pod.uid, 'exited');
      expect([0, 130, 143]).toContain(state.exitCode);
      await stopPod(provider, pod, 30);
      await provider.remove(pod.uid, never);
      await stopPod(provider, pod, 30);
    });

    it('kills after the grace period what does not obey, and not before', async () => {
      const pod = request([harness.programs.ignoresStop]);
      await provider.create(pod, never);
      await startPod(provider, pod);
      await reaches(pod.uid, 'running');
      await harness.deaf(pod.uid);
      const before = performance.now();
      await stopPod(provider, pod, 2);
      const took = performance.now() - before;
      expect(took).toBeGreaterThanOrEqual(1_900);
      expect(took).toBeLessThan(20_000);
      expect((await reaches(pod.uid, 'exited')).exitCode).toBe(137);
      await provider.remove(pod.uid, never);
    });

    it('removes a pod that runs, for good, and twice', async () => {
      const pod = request([harness.programs.sleeps, harness.programs.sleeps]);
      await provider.create(pod, never);
      await startPod(provider, pod);
      await reaches(pod.uid, 'running');
      await provider.remove(pod.uid, never);
      expect(await provider.status(pod.uid, never)).toBeUndefined();
      await provider.remove(pod.uid, never);
      await provider.remove(randomUUID(), never);
    });

    it('answers undefined for a pod that never was', async () => {
      expect(await provider.status(randomUUID(), never)).toBeUndefined();
    });

    it('keeps two pods of one name apart by their uid', async () => {
      const older = request([harness.programs.sleeps], { name: 'twin' });
      const newer = request([harness.programs.exits(0)], { name: 'twin' });
      await provider.create(older, never);
      await provider.create(newer, never);
      await startPod(provider, older);
      await reaches(older.uid, 'running');
      expect(states(await provider.status(newer.uid, never)).filter((state) => state !== 'created')).toEqual([]);
      await provider.remove(older.uid, never);
      expect(await provider.status(older.uid, never)).toBeUndefined();
      expect(states(await provider.status(newer.uid, never)).filter((state) => state !== 'created')).toEqual([]);
      await provider.remove(newer.uid, never);
    });

    it('is taken over by a new instance, which sees, stops and removes what the old one made', async () => {
      const pod = request([harness.programs.sleeps]);
      await provider.create(pod, never);
      await startPod(provider, pod);
      const before = await reaches(pod.uid, 'running');
      const next = harness.provider();
      expect((await next.list(never)).map(({ uid }) => uid)).toContain(pod.uid);
      expect((await next.status(pod.uid, never))?.containers[0]).toMatchObject({ name: 'c0', state: before });
      await stopPod(next, pod, 10);
      expect(states(await provider.status(pod.uid, never))).toEqual(['exited']);
      await next.remove(pod.uid, never);
      expect(await provider.status(pod.uid, never)).toBeUndefined();
    });

    it('leaves nothing of a pod whose image cannot be had, and says why', async () => {
      const pod = request([harness.programs.noImage]);
      const attempt = async (): Promise<void> => {
        await provider.create(pod, never);
        // With images of containers the image is needed when the container starts. A core with an ImageService has pulled it before.
        if (imagesOf(provider) === 'container') await provider.start(startRequest(pod), never);
      };
      const failure: unknown = await attempt().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(isProviderFailure(failure) && failure.reason).toBe('ErrImagePull');
      if (imagesOf(provider) === 'container') await provider.remove(pod.uid, never);
      expect(await provider.status(pod.uid, never)).toBeUndefined();
      expect((await provider.list(never)).map(({ uid }) => uid)).not.toContain(pod.uid);
    });

    it('hints at a pod that changes', async () => {
      const stop = new AbortController();
      const hints: (string | undefined)[] = [];
      const watching = provider.watch((uid) => hints.push(uid), stop.signal);
      const pod = request([harness.programs.exits(0)]);
      await provider.create(pod, never);
      await startPod(provider, pod);
      await expect.poll(() => hints.includes(pod.uid) || hints.includes(undefined), { timeout: 30_000 }).toBe(true);
      stop.abort();
      await watching;
      await provider.remove(pod.uid, never);
    });

    it('describes its node', async () => {
      const { systemInfo, addresses } = await provider.describe(never);
      expect(systemInfo.containerRuntimeVersion).toMatch(new RegExp(`^${provider.name}://.+`));
      expect(addresses.map(({ type }) => type)).toContain('InternalIP');
      const { capacity, allocatable } = await provider.capacity(never);
      for (const resource of ['cpu', 'memory', 'pods']) {
        expect(capacity[resource]).toMatch(/^\d+/);
        expect(allocatable[resource]).toMatch(/^\d+/);
      }
      expect(await provider.health(never)).toMatchObject({ healthy: true });
    });

    // Last: nothing works afterwards.
    it('throws, and claims nothing, when the back end is gone', async (context) => {
      if (harness.kill === undefined) {
        context.skip('this back end must not be taken down by a test');
        return;
      }
      const pod = request([harness.programs.sleeps]);
      await provider.create(pod, never);
      await harness.kill();
      await expect(provider.status(pod.uid, never)).rejects.toThrow();
      await expect(provider.list(never)).rejects.toThrow();
      await expect(provider.create(request([harness.programs.sleeps]), never)).rejects.toThrow();
      await expect(provider.remove(pod.uid, never)).rejects.toThrow();
      const health = await provider.health(never);
      expect(health.healthy).toBe(false);
      expect(health.components.some((component) => !component.healthy && component.message !== undefined)).toBe(true);
    });
  });
}

async function withImages({ images }: PodProvider, definitions: readonly ContainerRequest[]): Promise<readonly ContainerRequest[]> {
  const never = new AbortController().signal;
  return await Promise.all(
    definitions.map(async (definition) => {
      const facts = (await images?.inspect(definition.image, never)) ?? (await images?.pull({ reference: definition.image }, never));
      return facts === undefined ? definition : { ...definition, imageId: facts.id };
    }),
  );
}
