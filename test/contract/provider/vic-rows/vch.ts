/** The VCH and its settings, identity, images. */
import { expect, onTestFinished } from 'vitest';
import { createDockerEngine } from '../../../../src/clients/docker-engine/client.ts';
import { resolveKubeletOptions } from '../../../../src/operations/kubelet/options.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { createAuthority } from '../../../../src/sandbox/certificates.ts';
import { CATALOGUE, createRegistry } from '../../../../src/sandbox/vch/catalogue.ts';
import { startPersonality } from '../../../../src/sandbox/vch/personality/personality.ts';
import { podRequest } from '../../../support/kubelet/pod-requests.ts';

import { container, failure, IMAGE, never, PATIENCE, requested, type Row } from './kit.ts';

export const VCH_ROWS: Readonly<Record<string, Row>> = {
  'transport to persona': async ({ world }, context) => {
    if (world.sandbox === undefined) return context.skip('how the VCH was created decides its transport');
    const now = Date.now();
    const [authority, other] = await Promise.all(['vch', 'other'].map((commonName) => createAuthority({ commonName, now })));
    const server = await authority!.issueServer({ commonName: 'vch', names: ['127.0.0.1'], now });
    const personality = await startPersonality({
      ...{ state: world.sandbox.state, portLayer: world.portLayer.address, registry: createRegistry(CATALOGUE), host: '127.0.0.1', port: 0, log: silentLog },
      tls: { mode: 'tls', certificate: server.certificate, key: server.key, clientCa: authority!.certificate },
    });
    onTestFinished(() => personality.stop());
    const health = async (ca: string, issuer = authority!) => {
      const { certificate, key } = await issuer.issueClient({ commonName: 'kubelet', organizations: [], now });
      const engine = createDockerEngine({ host: '127.0.0.1', port: personality.port, tls: { ca, certificate, key, insecure: false }, clock: systemClock });
      onTestFinished(() => engine.close());
      return (await world.provider({ engine }).health(never)).components.find(({ name }) => name === 'docker-personality');
    };
    expect(await health(authority!.certificate)).toMatchObject({ healthy: true });
    expect(await health(other!.certificate)).toMatchObject({ healthy: false, message: expect.stringMatching(/certificate/) as string });
    expect(await health(authority!.certificate, other)).toMatchObject({ healthy: false });
  },

  'wait for VCH': async ({ world, provider, portLayerWith }) => {
    const nobody = portLayerWith(() => ({ ping: () => Promise.reject(failure('unreachable', 'connect ECONNREFUSED')) }));
    await expect(world.provider({ portLayer: nobody, readyBudgetMs: 300 }).ready(never)).rejects.toMatchObject({ code: 'KUBELET_BACKEND' });
    await provider.ready(never);
    let down = false;
    const flaky = world.provider({
      portLayer: portLayerWith((real) => ({ ping: (signal) => (down ? Promise.reject(failure('unreachable')) : real.ping(signal)) })),
    });
    const healthy = async () => (await flaky.health(never)).healthy;
    expect(await healthy()).toBe(true);
    down = true;
    expect(await healthy()).toBe(false);
    down = false;
    expect(await healthy()).toBe(true);
  },

  configuration: () => {
    const file = { path: 'vic.yaml', text: 'persona-server: a:1\nportlayer-server: b:2\nhost-uuid: 564D395E-d807-e18a-cb25-b79f65eb2b9f\n' };
    const settings = resolveKubeletOptions({ flags: { nodename: 'n', 'portlayer-addr': 'd:4' }, env: { PERSONA_ADDR: 'c:3' }, file });
    expect([settings.portLayer, settings.persona.host, settings.persona.port, settings.hostUuid]).toEqual([
      { host: 'd', port: 4 },
      'c',
      3,
      '564d395e-d807-e18a-cb25-b79f65eb2b9f',
    ]);
    const wrong = (content: string) => () => resolveKubeletOptions({ flags: { nodename: 'n' }, env: {}, file: { path: 'vic.yaml', text: content } });
    expect(wrong('persona-sever: a:1')).toThrow(/unknown key "persona-sever"/);
    expect(wrong(': {')).toThrow(/vic\.yaml/);
    expect(wrong('')).toThrow(/not given/);
  },

  'identity of pods': async ({ provider, vmsOf }) => {
    const here = requested([container()], {}, 'twin');
    const there = podRequest([container()], { namespace: 'vick-rows-2', name: 'twin' });
    await provider.create(here, never);
    await provider.create(there, never);
    const [vm] = await vmsOf(here.uid);
    expect(vm!.annotations).toMatchObject({ 'vick.dev/uid': here.uid, 'vick.dev/namespace': 'vick-rows', 'vick.dev/name': 'twin' });
    await provider.remove(here.uid, never);
    expect(await provider.status(here.uid, never)).toBeUndefined();
    expect(await provider.status(there.uid, never)).toMatchObject({ uid: there.uid });
    await provider.remove(there.uid, never);
  },

  restart: async ({ world, started, vmsOf, reaches, kubelet }) => {
    const pod = await started();
    await reaches(pod.uid, 'running');
    const next = world.provider();
    expect(await next.list(never)).toContainEqual({ uid: pod.uid, namespace: 'vick-rows', name: pod.pod.metadata!.name });
    // The pod is not in this kubelet's API: its VM is left over.
    await kubelet(next);
    await expect.poll(() => vmsOf(pod.uid), PATIENCE).toEqual([]);
  },

  'image pull policy': async ({ kubelet }) => {
    const { pod, status } = await kubelet();
    pod('never', {}, { image: 'nginx:1.99', imagePullPolicy: 'Never' });
    pod('absent', {}, { image: 'busybox:nope' });
    pod('always', { restartPolicy: 'Never' }, { image: IMAGE, imagePullPolicy: 'Always', command: ['true'] });
    const waiting = (name: string) => status(name)?.containerStatuses?.[0]?.state?.waiting?.reason;
    await expect.poll(() => waiting('never'), PATIENCE).toBe('ErrImageNeverPull');
    await expect.poll(() => waiting('absent'), PATIENCE).toMatch(/^(ErrImagePull|ImagePullBackOff)$/);
    await expect.poll(() => status('always')?.phase, PATIENCE).toBe('Succeeded');
  },

  'image lookup': async ({ provider }) => {
    const facts = (await provider.images!.inspect(IMAGE, never))!;
    for (const name of ['busybox', 'docker.io/library/busybox:latest', `sha256:${facts.id}`, facts.id.slice(0, 12), ...facts.digests]) {
      expect((await provider.images!.inspect(name, never))?.id, name).toBe(facts.id);
    }
    expect(await provider.images!.inspect('busybox:other', never)).toBeUndefined();
  },
};
