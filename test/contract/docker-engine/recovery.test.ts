/** Engines that restart, hang or lose things, and registries that refuse: what is told, and what is left. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isProviderFailure } from '../../../src/kubelet/provider.ts';
import type { DockerProvider } from '../../../src/providers/docker/provider.ts';
import { BUSYBOX, importBusybox } from '../../support/engines/busybox-image.ts';
import { clientOf, isUnavailable } from '../../support/engines/engine.ts';
import { startRegistry, type TestRegistry } from '../../support/engines/registry.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { never, overEngines, providerOver } from './world.ts';

const sleeps = containerRequest({ name: 'c', image: BUSYBOX.image, command: ['/bin/sh', '-c', "trap 'exit 0' TERM; sleep 1000 & wait"] });
const USER = { username: 'somebody', password: 'a secret: of "theirs"' };

await overEngines('recovery of the docker provider', (engine) => {
  describe(`the docker provider over ${engine.name}, when things go wrong`, () => {
    let provider: DockerProvider;
    const client = clientOf(engine);
    beforeAll(async () => {
      provider = await providerOver(engine);
    });
    afterAll(() => engine.close());

    const up = async (): Promise<RequestedPod> => {
      const pod = { ...podRequest([sleeps]), volumes: [{ name: 'v', kind: 'emptyDir', medium: 'disk' } as const] };
      await provider.create(pod, never);
      await provider.start(startRequest(pod), never);
      return pod;
    };
    const idOf = async (uid: string, container: string | undefined): Promise<string> => {
      const listed = await client.listContainers({ label: [`io.kubernetes.pod.uid=${uid}`] }, never);
      return listed.find(({ Labels }) => Labels?.['io.kubernetes.container.name'] === container)!.Id;
    };
    const failureOf = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => undefined,
        (error: unknown) => error,
      );
    const leftOf = async (uid: string): Promise<number> => {
      const label = [`io.kubernetes.pod.uid=${uid}`];
      const [containers, volumes] = await Promise.all([client.listContainers({ label }, never), client.listVolumes({ label }, never)]);
      return containers.length + volumes.length;
    };

    it('no longer shows a container that somebody has removed, and starts it again', async () => {
      const pod = await up();
      await client.removeContainer(await idOf(pod.uid, 'c'), never);
      expect((await provider.status(pod.uid, never))?.containers).toEqual([]);
      await provider.start(startRequest(pod), never);
      expect((await provider.status(pod.uid, never))?.containers[0]?.state.kind).toBe('running');
      await provider.remove(pod.uid, never);
      expect(await leftOf(pod.uid)).toBe(0);
    });

    it('tells that a sandbox was lost, and makes it anew with what was on disk', async () => {
      const pod = await up();
      await client.killContainer(await idOf(pod.uid, undefined), 'SIGKILL', never);
      await expect.poll(async () => provider.status(pod.uid, never), { timeout: 20_000 }).toMatchObject({ ips: [], sandboxLost: true });
      await provider.create(pod, never);
      expect(await provider.status(pod.uid, never)).toMatchObject({ ips: [expect.any(String)], containers: [] });
      expect((await provider.status(pod.uid, never))?.sandboxLost).toBeUndefined();
      await provider.start(startRequest(pod), never);
      await provider.remove(pod.uid, never);
      expect(await leftOf(pod.uid)).toBe(0);
    });

    it('leaves nothing of a pod whose sandbox cannot start', async () => {
      const pod = { ...podRequest([sleeps]), volumes: [{ name: 'h', kind: 'hostPath', path: '/no/such/file', type: 'File' } as const] };
      const failure = await failureOf(provider.create(pod, never));
      expect(isProviderFailure(failure) && failure.reason).toBe('CreatePodSandboxError');
      expect(await leftOf(pod.uid)).toBe(0);
      expect(await provider.status(pod.uid, never)).toBeUndefined();
    });

    it('leaves nothing of a creation that was called off', async () => {
      const pod = podRequest([sleeps]);
      const called = new AbortController();
      const creating = failureOf(provider.create(pod, called.signal));
      await expect.poll(() => leftOf(pod.uid), { interval: 1, timeout: 10_000 }).toBeGreaterThan(0);
      called.abort();
      expect(await creating).toBeInstanceOf(Error);
      expect(await leftOf(pod.uid)).toBe(0);
    });

    it('pulls with and without credentials, and says why it could not', async (context) => {
      const [open, closed] = await Promise.all([startRegistry(), startRegistry(USER)]);
      if (isUnavailable(open) || isUnavailable(closed)) {
        context.skip('docker-registry or htpasswd is not installed');
        return;
      }
      try {
        await push(open, closed);
        const plain = await provider.images.pull({ reference: `${open.host}/busybox:1` }, never);
        expect(plain.imageID).toMatch(new RegExp(`^${open.host}/busybox@sha256:[0-9a-f]{64}$`));
        expect(plain.sizeBytes).toBeGreaterThan(1_000_000);
        expect((await provider.images.list(never)).flatMap(({ tags }) => tags)).toContain(`${open.host}/busybox:1`);
        const lines: string[] = [];
        const reference = `${closed.host}/busybox:1`;
        const credentials = { server: closed.host, ...USER };
        await provider.images.pull({ reference, credentials, onProgress: ({ text }) => lines.push(text) }, never);
        expect(lines.length).toBeGreaterThan(0);
        expect((await provider.images.inspect(reference, never))?.id).toBe(plain.id);
        for (const wrong of [{}, { credentials: { ...credentials, password: 'wrong' } }]) {
          const failure = await failureOf(provider.images.pull({ reference, ...wrong }, never));
          expect(isProviderFailure(failure) && failure.reason).toBe('ErrImagePull');
          expect(String(failure)).not.toContain(USER.password);
        }
        const absent = await failureOf(provider.images.pull({ reference: `${open.host}/none:1` }, never));
        expect(isProviderFailure(absent) && absent.reason).toBe('ErrImagePull');
        await provider.images.remove(plain.id, never);
        expect((await provider.images.list(never)).flatMap(({ tags }) => tags)).not.toContain(`${open.host}/busybox:1`);
        // That was the image with all its names.
        await importBusybox(client);
        await open.stop();
        const down = await failureOf(provider.images.pull({ reference: `${open.host}/busybox:1` }, never));
        expect(isProviderFailure(down) && down.reason).toBe('RegistryUnavailable');
        const malformed = await failureOf(provider.images.pull({ reference: 'No:Such:Name' }, never));
        expect(isProviderFailure(malformed) && malformed.reason).toBe('InvalidImageName');
      } finally {
        await Promise.all([open.close(), closed.close()]);
      }
    });

    it('knows nothing, and says so in time, while the engine hangs', async () => {
      const pod = await up();
      const impatient = await providerOver(engine, { timeoutMs: 1_000 });
      const thaw = engine.freeze();
      try {
        const started = performance.now();
        await expect(impatient.status(pod.uid, never)).rejects.toThrow(/no answer in time/);
        await expect(impatient.remove(pod.uid, never)).rejects.toThrow(/no answer in time/);
        expect(performance.now() - started).toBeLessThan(10_000);
        expect((await impatient.health(never)).healthy).toBe(false);
      } finally {
        thaw();
      }
      await expect.poll(async () => provider.status(pod.uid, never).then((found) => found?.containers[0]?.state.kind), { timeout: 20_000 }).toBe('running');
      await provider.remove(pod.uid, never);
    });

    it('finds its pods after a restart of the engine, hints at them, and takes them up again', async () => {
      const pod = await up();
      const stop = new AbortController();
      const hints: (string | undefined)[] = [];
      const watching = provider.watch((uid) => hints.push(uid), stop.signal);
      await expect.poll(() => hints).toContain(undefined);
      await engine.stop();
      await expect(provider.status(pod.uid, never)).rejects.toThrow();
      hints.length = 0;
      await engine.start();
      await expect.poll(() => hints, { timeout: 20_000 }).toContain(undefined);
      const after = (await provider.status(pod.uid, never))!;
      expect((await provider.list(never)).map(({ uid }) => uid)).toContain(pod.uid);
      if (engine.name === 'docker') {
        // Its containers end with it.
        expect(after).toMatchObject({ sandboxLost: true, containers: [{ state: { kind: 'exited' } }] });
        await provider.create(pod, never);
        await provider.start(startRequest(pod), never);
      }
      expect((await provider.status(pod.uid, never))?.containers[0]?.state.kind).toBe('running');
      stop.abort();
      await watching;
      await provider.remove(pod.uid, never);
      expect(await leftOf(pod.uid)).toBe(0);
    });

    /** Puts the busybox image into both registries under `busybox:1`. */
    async function push(...registries: readonly TestRegistry[]): Promise<void> {
      const { default: Dockerode } = await import('dockerode');
      const docker = new Dockerode({ socketPath: engine.socketPath });
      for (const { host } of registries) {
        await docker.getImage(BUSYBOX.image).tag({ repo: `${host}/busybox`, tag: '1' });
        const stream = await docker.getImage(`${host}/busybox`).push({ tag: '1', authconfig: { ...USER, serveraddress: host } });
        let said = '';
        for await (const chunk of stream) said += String(chunk);
        if (said.includes('"error')) throw new Error(said);
        await docker.getImage(`${host}/busybox:1`).remove();
      }
    }
  });
});
