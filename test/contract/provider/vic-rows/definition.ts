/** What a pod is made of. */
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { judgeSupport } from '../../../../src/kubelet/pods/support.ts';
import { startRequest } from '../../../support/kubelet/pod-requests.ts';

import { container, IMAGE, never, PATIENCE, reasonOf, requested, type Row } from './kit.ts';

export const DEFINITION_ROWS: Readonly<Record<string, Row>> = {
  'command line': async ({ provider, created, vmOf }) => {
    const args = await created({ command: undefined, args: ['sh', '-c', 'exit 0'] });
    const command = await created({ command: ['/bin/echo'], args: ['a b', ''] });
    const ofImage = await created({ command: undefined, args: undefined });
    expect((await vmOf(command.uid)).process).toMatchObject({ path: '/bin/echo', args: ['/bin/echo', 'a b', ''] });
    expect((await vmOf(args.uid)).process).toMatchObject({ path: 'sh', args: ['sh', '-c', 'exit 0'] });
    expect((await vmOf(ofImage.uid)).process.args).not.toEqual([]);
    for (const { uid } of [args, command, ofImage]) await provider.remove(uid, never);
  },

  env: async ({ provider, vmOf, reaches }) => {
    const pod = requested([container({ env: [{ name: 'GREETING', value: 'a=b c' }], tty: true })]);
    const define = (ips: readonly string[]) =>
      Promise.resolve([
        container({
          env: [
            { name: 'POD_IP', value: ips[0] ?? '' },
            { name: 'GREETING', value: 'a=b c' },
          ],
          tty: true,
        }),
      ]);
    await provider.create(pod, never);
    await provider.start({ uid: pod.uid, containers: ['c'], define }, never);
    await reaches(pod.uid, 'running');
    const env = (await vmOf(pod.uid)).process.env;
    const [address] = (await provider.status(pod.uid, never))!.ips;
    expect(env).toEqual(expect.arrayContaining(['GREETING=a=b c', `POD_IP=${address!}`, 'TERM=xterm', `HOSTNAME=${pod.pod.metadata!.name!}`]));
    expect(env.filter((entry) => entry.startsWith('PATH='))).toHaveLength(1);
    await provider.remove(pod.uid, never);
  },

  'pipe character in arguments or env values': async ({ provider, created, started, vmOf, stateOf, reaches }) => {
    const script = 'echo "$TOKEN" | tr a-z A-Z; exit 4';
    const pod = await started({ command: ['sh', '-c', script], env: [{ name: 'TOKEN', value: "it's|two words" }] });
    await reaches(pod.uid, 'exited');
    expect(await stateOf(pod.uid)).toMatchObject({ exitCode: 4 });
    const { path, args, env } = (await vmOf(pod.uid)).process;
    expect([path, ...args, ...env].filter((word) => word.includes('|'))).toEqual([]);
    const log = await provider.logs!.open({ uid: pod.uid, container: 'c' }, { follow: false, previous: false, timestamps: false }, never);
    expect(await text(log)).toBe("IT'S|TWO WORDS\n");
    await provider.remove(pod.uid, never);

    const lost = created({
      env: [
        { name: 'TOKEN', value: 'se|cret' },
        { name: 'my.var', value: '1' },
      ],
    });
    expect(await reasonOf(lost)).toBe('CreateContainerConfigError');
    await expect(lost).rejects.toThrow(/variable TOKEN contains the character "\|".* would lose the environment variable my\.var/);
    await expect(lost).rejects.not.toThrow(/cret/);
  },

  'working dir, user, stop signal': async ({ provider, started, vmOf, stateOf }) => {
    const spec = { name: 'c', image: IMAGE, lifecycle: { stopSignal: 'SIGUSR1' } };
    const security = { ...container().security, runAsUser: 1000, runAsGroup: 2000 };
    const script = "trap 'exit 7' USR1; trap '' TERM; echo armed; while :; do sleep 0.1; done";
    const pod = await started({ command: ['/bin/sh', '-c', script], workingDir: '/tmp', spec, security });
    expect((await vmOf(pod.uid)).process).toMatchObject({ workingDir: '/tmp', user: '1000:2000' });
    const log = async () => text(await provider.logs!.open({ uid: pod.uid, container: 'c' }, { follow: false, previous: false, timestamps: false }, never));
    await expect.poll(log, PATIENCE).toContain('armed');
    await provider.stop({ uid: pod.uid, container: 'c', graceSeconds: 10 }, never);
    expect(await stateOf(pod.uid)).toMatchObject({ kind: 'exited', exitCode: 7 });
    await provider.remove(pod.uid, never);
  },

  resources: async ({ world, provider, created, portLayerWith }) => {
    const sizes: { numCpus: number; memoryMiB: number }[] = [];
    const by = world.provider({
      portLayer: portLayerWith((real) => ({
        createHandle: (config, signal) => {
          sizes.push({ numCpus: config.numCpus, memoryMiB: config.memoryMiB });
          return real.createHandle(config, signal);
        },
      })),
    });
    const spec = (resources: object) => ({ name: 'c', image: IMAGE, resources });
    const made = [
      await created({ spec: spec({ requests: { cpu: '1500m', memory: '600Mi' } }) }, {}, by),
      await created({ spec: spec({ limits: { cpu: '100m', memory: '10Mi' } }) }, {}, by),
      await created({}, {}, by),
    ];
    expect(sizes).toEqual([
      { numCpus: 2, memoryMiB: 640 },
      { numCpus: 1, memoryMiB: 512 },
      { numCpus: 2, memoryMiB: 2048 },
    ]);
    for (const { uid } of made) await provider.remove(uid, never);
  },

  'same image twice in a pod': async ({ world, provider, reaches, portLayerWith }) => {
    let joins = 0;
    const by = world.provider({
      portLayer: portLayerWith((real) => ({ joinImage: (join, signal) => ((joins += 1), real.joinImage(join, signal)) })),
    });
    const pod = requested([container(), container({ name: 'd' }), container({ name: 'e', image: 'alpine:3.8' })]);
    await by.create(pod, never);
    await by.start(startRequest(pod), never);
    await reaches(pod.uid, 'running', 'd');
    expect(joins).toBe(2);
    await provider.remove(pod.uid, never);
  },

  network: async ({ world, provider, created, started }) => {
    const pod = await started();
    await expect.poll(async () => (await provider.status(pod.uid, never))?.ips[0], PATIENCE).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    await provider.remove(pod.uid, never);
    await expect(created({}, {}, world.provider({ scope: 'no-such-scope' }))).rejects.toThrow(/no-such-scope/);
    const hostPort = { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] } };
    expect(judgeSupport(hostPort, provider).refused.map(({ field }) => field)).toEqual(['containers[].ports[].hostPort']);
  },

  'host name': async ({ provider, started, reaches, said }) => {
    const named = await started({}, { hostname: 'web-0', subdomain: 'db' });
    await reaches(named.uid, 'running');
    expect((await said(named.uid, ['sh', '-c', 'echo $HOSTNAME'])).trim()).toBe('web-0');
    await provider.remove(named.uid, never);
  },
};
