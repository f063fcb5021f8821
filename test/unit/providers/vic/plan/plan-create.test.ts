import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProviderFailure, type ContainerRequest } from '../../../../../src/kubelet/provider.ts';
import type { ImageConfig, VchImage } from '../../../../../src/providers/vic/images/image-cache.ts';
import { planCreate } from '../../../../../src/providers/vic/plan/plan-create.ts';
import { processConfig } from '../../../../../src/providers/vic/vm/process-config.ts';
import { signalNumber } from '../../../../../src/providers/vic/vm/signals.ts';
import { containerRequest } from '../../../../support/kubelet/pod-requests.ts';

const IMAGE: ImageConfig = { entrypoint: [], command: ['cmd'], env: [], user: '', workingDir: '/img', stopSignal: 'SIGQUIT' };
const request = (more: Partial<ContainerRequest> = {}): ContainerRequest => containerRequest({ image: 'i', imagePullPolicy: 'Always', ...more });
const process = (more: Partial<ContainerRequest> = {}, image: Partial<ImageConfig> = {}) => processConfig(request(more), { ...IMAGE, ...image }, 'host');
/** With the container's security context over the pod's, as the core hands it over. */
const secured = (image: string, pod: object, own: object) => process({ security: { ...request().security, ...pod, ...own } }, { user: image });

function failure(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isProviderFailure(error)) return `${error.reason} ${error.container ?? '-'}: ${error.message}`;
    throw error;
  }
  return 'no failure';
}

describe('the process of a container', () => {
  it.each([
    ['nothing', {}, {}, ['cmd']],
    ['command', { command: ['x', 'y'] }, { entrypoint: ['e'] }, ['x', 'y']],
    ['args', { args: ['a'] }, { entrypoint: ['e'] }, ['e', 'a']],
    ['both', { command: ['x'], args: ['a'] }, { entrypoint: ['e'] }, ['x', 'a']],
    ['nothing, image with both', {}, { entrypoint: ['e', 'f'] }, ['e', 'f', 'cmd']],
    ['args, image without entrypoint', { args: ['a', 'b'] }, {}, ['a', 'b']],
    ['empty lists, which say nothing', { command: [], args: [] }, { entrypoint: ['e'] }, ['e', 'cmd']],
  ])('command line: %s', (_what, more, image, expected) => {
    const { path, args } = process(more, image);
    expect([path, ...args]).toEqual(expected);
  });

  it('cannot be nothing at all', () => {
    expect(failure(() => process({}, { command: [] }))).toMatch(/^CreateContainerError c: no command/);
  });

  it('puts the pod’s variables over the image’s, and has PATH, HOSTNAME and, with a terminal, TERM', () => {
    expect(
      process(
        {
          env: [
            { name: 'A', value: 'pod=1' },
            { name: 'Z', value: '' },
          ],
          tty: true,
        },
        { env: ['A=img', 'B=2=3', '=odd', 'odd'] },
      ).env,
    ).toEqual(['A=pod=1', 'B=2=3', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm', 'HOSTNAME=host', 'Z=']);
    expect(process({ env: [{ name: 'PATH', value: '/x' }] }, { env: ['PATH=/img', 'TERM=vt100'] }).env).toEqual(['PATH=/x', 'TERM=vt100', 'HOSTNAME=host']);
  });

  it('never names a variable twice, and keeps the pod’s last word', () => {
    const name = fc.constantFrom('A', 'B', 'PATH', 'TERM', 'HOSTNAME');
    fc.assert(
      fc.property(
        fc.array(fc.record({ name, value: fc.constantFrom('1', '2', '') })),
        fc.array(fc.tuple(name, fc.constantFrom('3', '4'))),
        fc.boolean(),
        (env, image, tty) => {
          const result = process({ env, tty }, { env: image.map(([key, value]) => `${key}=${value}`) }).env;
          expect(new Set(result.map((entry) => entry.split('=')[0])).size).toBe(result.length);
          for (const { name: key } of env) expect(result).toContain(`${key}=${env.filter((entry) => entry.name === key).at(-1)!.value}`);
        },
      ),
    );
  });

  it('takes folder, user and stop signal from the pod, else the image', () => {
    expect(process()).toMatchObject({ workingDir: '/img', user: '', stopSignal: 'SIGQUIT' });
    expect(process({ workingDir: '/pod' }).workingDir).toBe('/pod');
    const user = (image: string, pod: object, own: object): string => secured(image, pod, own).user;
    expect(user('app:app', {}, {})).toBe('app:app');
    expect(user('app:app', { runAsUser: 5 }, {})).toBe('5');
    expect(user('app:app', { runAsUser: 5 }, { runAsUser: 0, runAsGroup: 7 })).toBe('0:7');
    expect(user('app:app', { runAsGroup: 7 }, {})).toBe('app:7');
    expect(user('', { runAsGroup: 7 }, {})).toBe('0:7');
  });

  it('holds runAsNonRoot', () => {
    const nonRoot = (image: string, own: object = {}): string => failure(() => secured(image, { runAsNonRoot: true }, own));
    for (const image of ['', '0', 'root', '0:5']) expect(nonRoot(image)).toContain('will run as root');
    expect(nonRoot('app')).toContain('non-numeric user (app)');
    expect(nonRoot('1000')).toBe('no failure');
    expect(nonRoot('', { runAsUser: 5 })).toBe('no failure');
    expect(nonRoot('', { runAsNonRoot: false })).toBe('no failure');
  });

  it('refuses what neither the VCH nor a shell passes on, wherever it comes from', () => {
    expect(failure(() => process({ command: ['sh', '-c', 'a | b'] }))).toBe('no failure');
    expect(failure(() => process({ command: ['sh', '-c', 'a | b'] }, { env: ['my.var=1'] }))).toMatch(/^CreateContainerConfigError c: the command contains/);
    expect(failure(() => process({}, { env: ['I=|', 'my.var=1'] }))).toContain('variable I');
  });

  it('knows signals by name and number', () => {
    expect(['SIGQUIT', 'quit', '3', 'TERM', '', 'SIGNOPE', 'RTMIN+2', 'SIGKILL'].map(signalNumber)).toEqual([3, 3, 3, 15, 15, 15, 36, 9]);
  });
});

describe('the plan of a pod VM', () => {
  const image = (layerId: string): VchImage => ({
    layerId,
    imageId: `id-${layerId}`,
    repoName: 'r',
    repoDigests: [],
    repoTags: [],
    sizeBytes: 0,
    config: IMAGE,
  });
  const plan = (
    containers: readonly Partial<ContainerRequest>[],
    layers: readonly string[],
    podSpec: object = {},
    metadata: object = {},
    scope = 'default',
  ) => {
    const requests = containers.map((container, index) => request({ name: `c${String(index)}`, ...container }));
    const pod = {
      metadata: { uid: '12345678-aaaa', namespace: 'ns', name: 'web', ...metadata },
      spec: { containers: requests.map(({ name }) => ({ name })), ...podSpec },
    };
    return planCreate({ pod, containers: requests }, new Map(requests.map(({ name }, index) => [name, image(layers[index]!)])), {
      scope,
      clusterDomain: 'cluster.local',
    });
  };

  it('has one disk for every layer, however many containers use it', () => {
    const { disks, tasks } = plan([{}, {}, {}], ['a', 'b', 'a']);
    expect(disks.map(({ layerId }) => layerId)).toEqual(['a', 'b']);
    expect(tasks.map(({ container, primary, namespace }) => [container, primary, namespace])).toEqual([['c0', true, 'a']]);
  });

  it('names host, domain and VM within their limits', () => {
    expect(plan([{}], ['a'])).toMatchObject({ identity: { hostname: 'web' }, domainname: undefined, vmName: 'ns-web-12345678' });
    expect(plan([{}], ['a'], { hostname: 'h', subdomain: 'sub' })).toMatchObject({ identity: { hostname: 'h' }, domainname: 'sub.ns.svc.cluster.local' });
    const long = plan([{}], ['a'], {}, { name: `${'n'.repeat(62)}.${'m'.repeat(100)}` });
    expect(long.identity.hostname).toBe('n'.repeat(62));
    expect(long.vmName).toHaveLength(66);
    expect(long.vmName).toMatch(/-12345678$/);
  });

  it('asks for ports only where they open something', () => {
    const ports = { containers: [{ name: 'c0', ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }, { containerPort: 80 }] }] };
    expect(plan([{}], ['a'], ports).network).toEqual({ networkName: 'default' });
    expect(plan([{}], ['a'], ports, {}, 'public').network).toEqual({ networkName: 'public', ports: ['80/tcp', '53/udp'] });
  });

  it('starts with the first init container, and has the disks of all', () => {
    const { disks, tasks } = plan([{ role: 'init' }, { role: 'init' }, { role: 'sidecar' }, {}], ['a', 'b', 'c', 'a']);
    expect(disks.map(({ layerId }) => layerId)).toEqual(['a', 'b', 'c']);
    expect(tasks.map(({ container, primary }) => [container, primary])).toEqual([['c0', true]]);
  });

  it('begins with what starts first, and finds what is wrong with any of them', () => {
    const { tasks, identity } = plan([{ role: 'sidecar' }, {}, {}], ['a', 'b', 'c']);
    expect(tasks.map(({ container, primary }) => [container, primary])).toEqual([['c0', true]]);
    expect(identity.containers.map(({ definition }) => definition !== undefined)).toEqual([true, false, false]);
    expect(() => plan([{}, { env: [{ name: 'lost-by-a-shell', value: 'a|b' }] }], ['a', 'b'])).toThrow(/lost-by-a-shell/);
  });
});
