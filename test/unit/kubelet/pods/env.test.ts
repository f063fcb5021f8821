import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveEnv, type EnvSources, type EnvVariable } from '../../../../src/kubelet/pods/env.ts';
import { isEnvName } from '../../../../src/kubelet/pods/env-names.ts';
import { resourceField } from '../../../../src/kubelet/pods/env-resources.ts';
import { serviceVariables } from '../../../../src/kubelet/pods/env-services.ts';
import { expand, expandStrictly } from '../../../../src/kubelet/pods/expand.ts';
import type { ConfigMap, Container, Pod, Secret, Service } from '../../../../src/platform/kubernetes-objects.ts';

const CONFIG: Readonly<Record<string, ConfigMap>> = {
  settings: { data: { COLOR: 'blue', 'bad=key': 'x', 'with space': 'y', '..dots': 'z', SHARED: 'map' } },
  more: { data: { COLOR: 'red', EXTRA: 'e' } },
};
const SECRETS: Readonly<Record<string, Secret>> = {
  login: { data: { PASSWORD: Buffer.from('pä$$(COLOR)').toString('base64'), SHARED: Buffer.from('secret').toString('base64') } },
};

function sources(more: Partial<EnvSources> = {}): EnvSources {
  return {
    ...{ nodeName: 'n1', hostIPs: ['192.0.2.1', '2001:db8::1'], podIPs: ['10.1.2.3', 'fd00::3'], allocatable: { cpu: '3500m', memory: '7Gi' } },
    services: () => Promise.resolve([]),
    objects: {
      configMap: (namespace, name) => Promise.resolve(namespace === 'shop' ? CONFIG[name] : undefined),
      secret: (namespace, name) => Promise.resolve(namespace === 'shop' ? SECRETS[name] : undefined),
    },
    ...more,
  };
}

function pod(spec: Partial<NonNullable<Pod['spec']>> = {}): Pod {
  return { metadata: { name: 'web', namespace: 'shop', uid: 'u1', labels: { app: 'web' } }, spec: { containers: [], serviceAccountName: 'runner', ...spec } };
}

async function env(container: Partial<Container>, more: Partial<EnvSources> = {}): Promise<readonly EnvVariable[]> {
  return await resolveEnv(pod(), { name: 'main', image: 'i', ...container }, sources(more));
}

async function values(container: Partial<Container>, more: Partial<EnvSources> = {}): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await env(container, more)).map(({ name, value }) => [name, value]));
}

const service = (name: string, namespace: string, spec: NonNullable<Service['spec']>): Service => ({ metadata: { name, namespace }, spec });
const KUBERNETES = service('kubernetes', 'default', { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP' }] });

describe('variables from objects', () => {
  it('takes services first, then envFrom in order, then env in order; the last one of a name wins', async () => {
    const got = await env(
      {
        envFrom: [
          { configMapRef: { name: 'settings' } },
          { secretRef: { name: 'login' } },
          { prefix: 'P_', configMapRef: { name: 'more' } },
          { configMapRef: { name: 'more' } },
        ],
        env: [
          { name: 'FROM', value: '$(COLOR) $(P_COLOR) $(KUBERNETES_SERVICE_HOST) $(LATER)' },
          { name: 'LATER', value: '1' },
          { name: 'EXTRA', value: 'own' },
        ],
      },
      { services: () => Promise.resolve([KUBERNETES]) },
    );
    const map = Object.fromEntries(got.map(({ name, value }) => [name, value]));
    expect(map).toMatchObject({ COLOR: 'red', SHARED: 'secret', P_COLOR: 'red', P_EXTRA: 'e', EXTRA: 'own', FROM: 'red red 10.96.0.1 $(LATER)' });
    expect(got.map(({ name }) => name).slice(-3)).toEqual(['FROM', 'LATER', 'EXTRA']);
    expect(new Set(got.map(({ name }) => name)).size).toBe(got.length);
  });

  it('does not expand what comes from an object', async () => {
    const from = { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'PASSWORD' } } };
    expect(await values({ env: [{ name: 'COLOR', value: 'x' }, from] })).toMatchObject({ PASSWORD: 'pä$$(COLOR)' });
  });

  it('skips keys that make no variable name and tells of them, by the rule of the cluster', async () => {
    const told: string[] = [];
    const onSkipped = (message: string): void => void told.push(message);
    const relaxed = await values({ envFrom: [{ configMapRef: { name: 'settings' } }] }, { onSkipped });
    expect(Object.keys(relaxed).sort()).toEqual(['..dots', 'COLOR', 'SHARED', 'with space']);
    const strict = await values({ envFrom: [{ configMapRef: { name: 'settings' } }] }, { onSkipped, envNames: 'strict' });
    expect(Object.keys(strict).sort()).toEqual(['COLOR', 'SHARED']);
    const end = 'from the EnvFrom configMap shop/settings were skipped since they are considered invalid environment variable names.';
    expect(told).toEqual([`Keys [bad=key] ${end}`, `Keys [..dots, bad=key, with space] ${end}`]);
  });

  it.each<[string, Partial<Container>]>([
    ['configmap "nope" not found', { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'nope', key: 'k' } } }] }],
    ['secret "nope" not found', { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'nope', key: 'k' } } }] }],
    ['configmap "nope" not found', { envFrom: [{ configMapRef: { name: 'nope' } }] }],
    ['secret "nope" not found', { envFrom: [{ secretRef: { name: 'nope', optional: false } }] }],
    ["couldn't find key k in ConfigMap shop/settings", { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k' } } }] }],
    ["couldn't find key toString in Secret shop/login", { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'login', key: 'toString' } } }] }],
  ])('says %s', async (message, container) => {
    await expect(env(container)).rejects.toMatchObject({ reason: 'CreateContainerConfigError', message, container: 'main' });
  });

  it('leaves out what is optional and missing', async () => {
    const key = { key: 'k', optional: true };
    expect(
      await env({
        envFrom: [{ configMapRef: { name: 'nope', optional: true } }, { secretRef: { name: 'nope', optional: true } }],
        env: [
          { name: 'A', valueFrom: { configMapKeyRef: { name: 'nope', ...key } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', ...key } } },
          { name: 'C', valueFrom: { secretKeyRef: { name: 'login', ...key } } },
          { name: 'D', value: '$(A)' },
        ],
      }),
    ).toEqual([{ name: 'D', value: '$(A)' }]);
  });

  it('waits visibly when the API cannot be asked, and when services are not known', async () => {
    const objects = { configMap: () => Promise.reject(new Error('the API server does not answer')), secret: () => Promise.resolve(undefined) };
    await expect(env({ envFrom: [{ configMapRef: { name: 'settings' } }] }, { objects })).rejects.toMatchObject({ message: 'the API server does not answer' });
    await expect(env({}, { services: () => Promise.reject(new Error('services have not yet been read')) })).rejects.toMatchObject({
      reason: 'CreateContainerConfigError',
    });
  });

  it('refuses a source that it does not know', async () => {
    const valueFrom = { fileKeyRef: { key: 'k', path: 'p', volumeName: 'v' } };
    await expect(env({ env: [{ name: 'X', valueFrom }] })).rejects.toThrow(/fileKeyRef/);
  });
});

describe('fields', () => {
  it.each([
    ['metadata.name', 'web'],
    ['metadata.namespace', 'shop'],
    ['metadata.uid', 'u1'],
    ["metadata.labels['app']", 'web'],
    ["metadata.labels['none']", ''],
    ["metadata.annotations['none']", ''],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'runner'],
    ['status.hostIP', '192.0.2.1'],
    ['status.hostIPs', '192.0.2.1,2001:db8::1'],
    ['status.podIP', '10.1.2.3'],
    ['status.podIPs', '10.1.2.3,fd00::3'],
  ])('%s is %s', async (fieldPath, value) => {
    expect(await values({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath } } }] })).toEqual({ X: value });
  });

  it('waits for an address', async () => {
    const container = { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] };
    await expect(env(container, { podIPs: [] })).rejects.toMatchObject({ reason: 'CreateContainerConfigError' });
  });
});

describe('resource fields', () => {
  const limits = { cpu: '250m', memory: '65Mi', 'ephemeral-storage': '1G', 'hugepages-2Mi': '4Mi' };
  it.each([
    ['limits.cpu', undefined, '1'],
    ['limits.cpu', '0', '1'],
    ['limits.cpu', '1m', '250'],
    ['limits.cpu', '100m', '3'],
    ['requests.cpu', '1m', '100'],
    ['limits.memory', undefined, '68157440'],
    ['limits.memory', '1Mi', '65'],
    ['limits.memory', '1Gi', '1'],
    ['limits.memory', '1M', '69'],
    ['requests.memory', '1Mi', '0'],
    ['limits.ephemeral-storage', '1k', '1000000'],
    ['limits.hugepages-2Mi', '1Mi', '4'],
  ])('%s by %s is %s', (resource, divisor, expected) => {
    const container = { name: 'c', resources: { limits, requests: { cpu: '100m' } } };
    expect(resourceField(pod(), container, { resource, ...(divisor === undefined ? {} : { divisor }) }, {})).toBe(expected);
  });

  it('takes what the node can give for a limit that is not set, and the limit of the pod before that', () => {
    const allocatable = { cpu: '3500m', memory: '7Gi' };
    expect(resourceField(pod(), { name: 'c' }, { resource: 'limits.cpu' }, allocatable)).toBe('4');
    expect(resourceField(pod(), { name: 'c' }, { resource: 'limits.memory', divisor: '1Gi' }, allocatable)).toBe('7');
    expect(resourceField(pod(), { name: 'c', resources: { limits: { cpu: '0' } } }, { resource: 'limits.cpu' }, allocatable)).toBe('4');
    expect(resourceField(pod({ resources: { limits: { cpu: '2' } } }), { name: 'c' }, { resource: 'limits.cpu' }, allocatable)).toBe('2');
    expect(resourceField(pod(), { name: 'c' }, { resource: 'requests.cpu' }, allocatable)).toBe('0');
    expect(() => resourceField(pod(), { name: 'c' }, { resource: 'limits.cpu' }, undefined)).toThrow(/not known yet/);
    expect(() => resourceField(pod(), { name: 'c' }, { resource: 'limits.gpu' }, allocatable)).toThrow('Unsupported container resource : limits.gpu');
  });

  it('is the smallest whole number of divisors that holds the amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 1, max: 5_000 }), (amount, divisor) => {
        const container = { name: 'c', resources: { limits: { cpu: `${String(amount)}m` } } };
        const got = Number(resourceField(pod(), container, { resource: 'limits.cpu', divisor: `${String(divisor)}m` }, { cpu: '0' }));
        return got * divisor >= amount && (got - 1) * divisor < amount;
      }),
    );
  });
});

describe('service variables', () => {
  const here = { namespace: 'shop', links: true };
  const web = service('my-web', 'shop', {
    clusterIP: '10.96.3.4',
    ports: [
      { name: 'http-main', port: 80, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ],
  });

  it('are those of links and of discovery', () => {
    expect(Object.fromEntries(serviceVariables([web], here, undefined))).toEqual({
      MY_WEB_SERVICE_HOST: '10.96.3.4',
      MY_WEB_SERVICE_PORT: '80',
      MY_WEB_SERVICE_PORT_HTTP_MAIN: '80',
      MY_WEB_PORT: 'tcp://10.96.3.4:80',
      MY_WEB_PORT_80_TCP: 'tcp://10.96.3.4:80',
      MY_WEB_PORT_80_TCP_PROTO: 'tcp',
      MY_WEB_PORT_80_TCP_PORT: '80',
      MY_WEB_PORT_80_TCP_ADDR: '10.96.3.4',
      MY_WEB_PORT_53_UDP: 'udp://10.96.3.4:53',
      MY_WEB_PORT_53_UDP_PROTO: 'udp',
      MY_WEB_PORT_53_UDP_PORT: '53',
      MY_WEB_PORT_53_UDP_ADDR: '10.96.3.4',
    });
  });

  it('puts an IPv6 address in brackets where a port follows', () => {
    const six = service('six', 'shop', { clusterIP: 'fd00::7', ports: [{ port: 1, protocol: 'TCP' }] });
    const map = serviceVariables([six], here, undefined);
    expect([map.get('SIX_SERVICE_HOST'), map.get('SIX_PORT')]).toEqual(['fd00::7', 'tcp://[fd00::7]:1']);
  });

  it('leaves out headless, external and foreign services, and all but kubernetes without links', () => {
    const others = [
      service('headless', 'shop', { clusterIP: 'None', ports: [{ port: 1 }] }),
      service('external', 'shop', { type: 'ExternalName', externalName: 'x.example' }),
      service('foreign', 'other', { clusterIP: '10.96.9.9', ports: [{ port: 1 }] }),
    ];
    const hosts = (links: boolean): readonly string[] =>
      [...serviceVariables([...others, web, KUBERNETES], { namespace: 'shop', links }, undefined).keys()]
        .filter((name) => name.endsWith('_SERVICE_HOST'))
        .sort();
    expect(hosts(true)).toEqual(['KUBERNETES_SERVICE_HOST', 'MY_WEB_SERVICE_HOST']);
    expect(hosts(false)).toEqual(['KUBERNETES_SERVICE_HOST']);
  });

  it('prefers a kubernetes service of its own namespace, and an address that pods can reach to the one of default', () => {
    const own = service('kubernetes', 'shop', { clusterIP: '10.96.7.7', ports: [{ port: 1 }] });
    for (const order of [
      [own, KUBERNETES],
      [KUBERNETES, own],
    ]) {
      expect(serviceVariables(order, here, undefined).get('KUBERNETES_SERVICE_HOST')).toBe('10.96.7.7');
      expect(serviceVariables(order, here, { host: 'api.example', port: 6443 }).get('KUBERNETES_SERVICE_HOST')).toBe('10.96.7.7');
    }
    const reached = serviceVariables([KUBERNETES], { namespace: 'shop', links: false }, { host: 'api.example', port: 6443 });
    expect([reached.get('KUBERNETES_SERVICE_HOST'), reached.get('KUBERNETES_SERVICE_PORT'), reached.get('KUBERNETES_SERVICE_PORT_HTTPS')]).toEqual([
      'api.example',
      '6443',
      '6443',
    ]);
    expect(serviceVariables([], here, { host: 'api.example', port: 6443 }).get('KUBERNETES_PORT')).toBe('tcp://api.example:6443');
  });
});

describe('names', () => {
  it.each([
    ['A', true, true],
    ['a.b-c_1', true, true],
    ['1A', false, true],
    ['..', false, true],
    ['..x', false, true],
    ['.', false, true],
    ['a b', false, true],
    ['a=b', false, false],
    ['', false, false],
    ['ü', false, false],
    ['a\n', false, false],
  ])('%j: strict %s, relaxed %s', (name, strict, relaxed) => {
    expect([isEnvName(name, 'strict'), isEnvName(name, 'relaxed')]).toEqual([strict, relaxed]);
  });

  it('holds strictly only what holds relaxed', () => {
    fc.assert(fc.property(fc.string(), (name) => !isEnvName(name, 'strict') || isEnvName(name, 'relaxed')));
  });
});

describe('$(VAR) in general', () => {
  /** Pieces of a text with what becomes of them. */
  const piece = fc.oneof(
    fc
      .string()
      .map((text) => text.replaceAll('$', ''))
      .map((text) => ({ text, becomes: text })),
    fc.constant({ text: '$$', becomes: '$' }),
    fc.constant({ text: '$(KNOWN)', becomes: '$(KNOWN) $$' }),
    fc.constant({ text: '$(MISSING)', becomes: '$(MISSING)' }),
    fc.constant({ text: '$x', becomes: '$x' }),
  );
  const lookup = (name: string): string | undefined => (name === 'KNOWN' ? '$(KNOWN) $$' : undefined);

  it('replaces each piece by itself and nothing twice', () => {
    fc.assert(
      fc.property(fc.array(piece), (pieces) => expand(pieces.map(({ text }) => text).join(''), lookup) === pieces.map(({ becomes }) => becomes).join('')),
    );
  });

  it('can be told to leave nothing unresolved', () => {
    expect(expandStrictly('a/$(KNOWN)', () => 'x')).toBe('a/x');
    expect(() => expandStrictly('$(MISSING)', lookup)).toThrow('missing value for "MISSING"');
  });
});
