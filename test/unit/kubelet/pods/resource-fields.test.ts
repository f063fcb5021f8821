/** What containers read of their requests and limits: in variables and in files of a downwardAPI volume, always the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveEnv, type EnvSources } from '../../../../src/kubelet/pods/env.ts';
import { buildFiles, type VolumeSources } from '../../../../src/kubelet/pods/volumes/build-files.ts';
import type { Container, Pod } from '../../../../src/platform/kubernetes-objects.ts';
import { createWorld, podSpec } from '../../../support/kubelet/world.ts';

type Amounts = Readonly<Record<string, string>>;
interface Asked {
  readonly resource: string;
  readonly divisor?: string;
}
interface Given {
  readonly limits?: Amounts;
  readonly requests?: Amounts;
  readonly podLimits?: Amounts;
  readonly allocatable?: Amounts;
}

const NODE = { cpu: '3500m', memory: '7912Mi', 'ephemeral-storage': '94Gi', 'hugepages-2Mi': '64Mi' };
const objects = { configMap: () => Promise.resolve(undefined), secret: () => Promise.resolve(undefined) };
const token = (): Promise<never> => Promise.reject(new Error('no token was asked for'));

/** The value as a variable of the container itself, of another one, and as a file of either kind of volume. */
async function everywhere({ resource, divisor }: Asked, { limits, requests, podLimits, allocatable }: Given): Promise<readonly string[]> {
  const field = { resource, ...(divisor === undefined ? {} : { divisor }) };
  const variable = (more: object): NonNullable<Container['env']> => [{ name: 'X', valueFrom: { resourceFieldRef: { ...field, ...more } } }];
  const main = {
    ...{ name: 'main', image: 'i', env: variable({}) },
    resources: { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) },
  };
  const other = { name: 'other', image: 'i', resources: { limits: { cpu: '77' }, requests: { cpu: '77' } }, env: variable({ containerName: 'main' }) };
  const items = [{ path: 'x', resourceFieldRef: { ...field, containerName: 'main' } }];
  const pod: Pod = {
    metadata: { name: 'web', namespace: 'default', uid: 'u' },
    spec: { containers: [main, other], ...(podLimits === undefined ? {} : { resources: { limits: podLimits } }) },
  };
  const shared = { nodeName: 'n', hostIPs: [], podIPs: [], allocatable, objects };
  const sources: EnvSources & VolumeSources = { ...shared, token, services: () => Promise.resolve([]) };
  const fromVariables = await Promise.all([main, other].map(async (container) => (await resolveEnv(pod, container, sources))[0]?.value ?? ''));
  const volumes = [
    { name: 'v', downwardAPI: { items } },
    { name: 'v', projected: { sources: [{ downwardAPI: { items } }] } },
  ];
  const fromFiles = await Promise.all(volumes.map(async (volume) => Buffer.from((await buildFiles(pod, volume, sources)).files[0]?.content ?? '').toString()));
  return [...fromVariables, ...fromFiles];
}

/** The value that all of them show. */
async function shown(asked: Asked, given: Given): Promise<string> {
  const values = new Set(await everywhere(asked, given));
  expect(values.size).toBe(1);
  return [...values].join();
}

describe('what is asked for is rounded up to whole divisors', () => {
  const amounts = { cpu: '1250m', memory: '129Mi', 'ephemeral-storage': '2500M', 'hugepages-2Mi': '6Mi', 'hugepages-1Gi': '2Gi' };
  it.each([
    ['cpu', undefined, '2'],
    ['cpu', '0', '2'],
    ['cpu', '1', '2'],
    ['cpu', '1m', '1250'],
    ['memory', undefined, '135266304'],
    ['memory', '0', '135266304'],
    ['memory', '1', '135266304'],
    ['memory', '1k', '135267'],
    ['memory', '1M', '136'],
    ['memory', '1G', '1'],
    ['memory', '1T', '1'],
    ['memory', '1P', '1'],
    ['memory', '1E', '1'],
    ['memory', '1Ki', '132096'],
    ['memory', '1Mi', '129'],
    ['memory', '1Gi', '1'],
    ['memory', '1Ti', '1'],
    ['memory', '1Pi', '1'],
    ['memory', '1Ei', '1'],
    ['ephemeral-storage', undefined, '2500000000'],
    ['ephemeral-storage', '1G', '3'],
    ['ephemeral-storage', '1Gi', '3'],
    ['ephemeral-storage', '1Mi', '2385'],
    ['hugepages-2Mi', undefined, '6291456'],
    ['hugepages-2Mi', '1Mi', '6'],
    ['hugepages-1Gi', '1Gi', '2'],
    ['hugepages-1Gi', '1G', '3'],
  ])('%s by %s is %s', async (resource, divisor, expected) => {
    const by = divisor === undefined ? {} : { divisor };
    expect(await shown({ resource: `limits.${resource}`, ...by }, { limits: amounts, allocatable: NODE })).toBe(expected);
    expect(await shown({ resource: `requests.${resource}`, ...by }, { requests: amounts, allocatable: NODE })).toBe(expected);
  });

  it.each([
    ['cpu', '0.1', '1m', '100'],
    ['cpu', '1e-1', '1m', '100'],
    ['cpu', '100u', '1m', '1'],
    ['cpu', '1n', '1', '1'],
    ['cpu', '2k', '1', '2000'],
    ['memory', '1.5Gi', '1Mi', '1536'],
    ['memory', '100m', '1', '1'],
    ['memory', '1e3', '1', '1000'],
    ['memory', '128974848', '1Mi', '123'],
    ['memory', '0.5Ki', '1Ki', '1'],
    ['memory', '7Ei', '1Ei', '7'],
  ])('%s of %s by %s is %s', async (resource, amount, divisor, expected) => {
    expect(await shown({ resource: `limits.${resource}`, divisor }, { limits: { [resource]: amount }, allocatable: NODE })).toBe(expected);
  });
});

describe('what is not set', () => {
  it.each([
    ['limits.cpu', '1m', '3500'],
    ['limits.cpu', undefined, '4'],
    ['limits.memory', '1Mi', '7912'],
    ['limits.ephemeral-storage', '1Gi', '94'],
    // Huge pages are never overcommitted, so those of the node say nothing about the container.
    ['limits.hugepages-2Mi', '1Mi', '0'],
    ['requests.cpu', '1m', '0'],
    ['requests.memory', '1Mi', '0'],
    ['requests.ephemeral-storage', '1Mi', '0'],
    ['requests.hugepages-2Mi', '1Mi', '0'],
  ])('%s by %s is what the node can give, or nothing: %s', async (resource, divisor, expected) => {
    const asked = { resource, ...(divisor === undefined ? {} : { divisor }) };
    expect(await shown(asked, { allocatable: NODE })).toBe(expected);
    expect(await shown(asked, { limits: { cpu: '0', memory: '0', 'ephemeral-storage': '0' }, requests: {}, allocatable: NODE })).toBe(expected);
  });

  it('is what the pod as a whole may use, where that is set', async () => {
    const podLimits = { cpu: '2', memory: '0' };
    expect(await shown({ resource: 'limits.cpu' }, { podLimits, allocatable: NODE })).toBe('2');
    expect(await shown({ resource: 'limits.cpu' }, { podLimits, limits: { cpu: '1' }, allocatable: NODE })).toBe('1');
    expect(await shown({ resource: 'limits.memory', divisor: '1Mi' }, { podLimits, allocatable: NODE })).toBe('7912');
  });

  it('is nothing on a node that has nothing of it to give', async () => {
    expect(await shown({ resource: 'limits.ephemeral-storage' }, { allocatable: { cpu: '1' } })).toBe('0');
  });

  it('waits until the node has told what it can give', async () => {
    await expect(everywhere({ resource: 'limits.memory' }, {})).rejects.toThrow('limits.memory is not set, and what the node can allocate is not known yet');
    expect(await shown({ resource: 'limits.memory' }, { limits: { memory: '5' } })).toBe('5');
    expect(await shown({ resource: 'requests.memory' }, {})).toBe('0');
  });

  it.each(['limits.gpu', 'limits.nvidia.com/gpu', 'limits.', 'cpu', 'limits.hugepages-', 'requests.pods', ''])('%j can not be asked for', async (resource) => {
    await expect(everywhere({ resource }, { allocatable: NODE })).rejects.toThrow(`Unsupported container resource : ${resource}`);
  });
});

/** An amount with its text, as an exact fraction: the judge reads no text. */
interface Exact {
  readonly text: string;
  readonly top: bigint;
  readonly bottom: bigint;
}

const SCALES: readonly (readonly [string, bigint, bigint])[] = [
  ['n', 1n, 10n ** 9n],
  ['u', 1n, 10n ** 6n],
  ['m', 1n, 1000n],
  ['', 1n, 1n],
  ['k', 1000n, 1n],
  ['M', 10n ** 6n, 1n],
  ['G', 10n ** 9n, 1n],
  ['Ki', 2n ** 10n, 1n],
  ['Mi', 2n ** 20n, 1n],
  ['Gi', 2n ** 30n, 1n],
  ['e3', 1000n, 1n],
  ['E-2', 1n, 100n],
];

const exact = (whole: fc.Arbitrary<number>): fc.Arbitrary<Exact> =>
  fc
    .record({ whole, decimals: fc.constantFrom('', '.', '.5', '.25', '.001', '.999'), scale: fc.constantFrom(...SCALES) })
    .map(({ whole: digits, decimals, scale: [suffix, up, down] }) => {
      const places = BigInt(Math.max(0, decimals.length - 1));
      const mantissa = BigInt(`${String(digits)}${decimals.slice(1)}`);
      return { text: `${String(digits)}${decimals}${suffix}`, top: mantissa * up, bottom: 10n ** places * down };
    });

const up = (top: bigint, bottom: bigint): bigint => top / bottom + (top % bottom === 0n ? 0n : 1n);

/** CPU counts in thousandths, all else in whole units; both the amount and the divisor are rounded up to that first. */
function judged(resource: string, amount: Exact, divisor: Exact): string {
  const grain = resource === 'cpu' ? 1000n : 1n;
  return String(up(up(amount.top * grain, amount.bottom), up(divisor.top * grain, divisor.bottom)));
}

describe('a judge that knows fractions only', () => {
  const resources = fc.constantFrom('cpu', 'memory', 'ephemeral-storage', 'hugepages-2Mi');
  it('agrees on every amount and divisor, for limits and requests, in variables and in files', async () => {
    await fc.assert(
      fc.asyncProperty(
        resources,
        fc.boolean(),
        exact(fc.nat(2_000_000)),
        exact(fc.integer({ min: 1, max: 5_000 })),
        async (resource, isLimit, amount, divisor) => {
          fc.pre(!isLimit || amount.top > 0n);
          const given = isLimit ? { limits: { [resource]: amount.text } } : { requests: { [resource]: amount.text } };
          const asked = { resource: `${isLimit ? 'limits' : 'requests'}.${resource}`, divisor: divisor.text };
          expect(await shown(asked, { ...given, allocatable: NODE })).toBe(judged(resource, amount, divisor));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('agrees on what a node gives for a limit that is not set', async () => {
    const given = fc.constantFrom('cpu', 'memory', 'ephemeral-storage');
    await fc.assert(
      fc.asyncProperty(given, exact(fc.nat(2_000_000)), exact(fc.integer({ min: 1, max: 5_000 })), async (resource, amount, divisor) => {
        const asked = { resource: `limits.${resource}`, divisor: divisor.text };
        expect(await shown(asked, { limits: { pods: '1' }, allocatable: { [resource]: amount.text } })).toBe(judged(resource, amount, divisor));
      }),
    );
  });
});

it('reaches a container that is started with what its node can give', async () => {
  const world = createWorld();
  world.backend.nodeCapacity = { capacity: { cpu: '8', memory: '8Gi', pods: '9' }, allocatable: { cpu: '7500m', memory: '7Gi', pods: '9' } };
  await world.start();
  const spec = podSpec({ main: ['run'] });
  const env = [
    { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
    { name: 'REQUEST', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
  ];
  const containers = spec.containers.map((container) => ({ ...container, env, resources: { requests: { cpu: '10m' } } }));
  const uid = world.cluster.createPod({ name: 'web', spec: { ...spec, containers } }).metadata?.uid ?? '';
  await world.clock.advance(100);
  expect(world.backend.container(uid, 'main').request.env).toEqual(
    expect.arrayContaining([
      { name: 'CPU', value: '8' },
      { name: 'MEMORY', value: '7168' },
      { name: 'REQUEST', value: '10' },
    ]),
  );
  await world.stop();
});
