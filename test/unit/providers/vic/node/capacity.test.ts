import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capacityOf, kubeResourcesFromVchInfo } from '../../../../../src/providers/vic/node/capacity.ts';
import { vmSize } from '../../../../../src/providers/vic/plan/size.ts';
import { frequencyInHertz, memoryInBytes, memoryQuantity } from '../../../../../src/providers/vic/node/units.ts';

const info = { cpuMhz: 9200, memoryMiB: 32_768, cpuUsageMhz: 0, memoryUsageBytes: 0, hostProductName: '', hostOs: '', hostOsVersion: '' };

describe('node resources of a VCH', () => {
  it.each([
    [9200, 32_768, { cpu: '9', memory: '32768Mi', pods: '16' }],
    [999, 2047, { cpu: '0', memory: '2047Mi', pods: '0' }],
    [1000, 204_800, { cpu: '1', memory: '200Gi', pods: '100' }],
    [2500, 102_399, { cpu: '2', memory: '102399Mi', pods: '49' }],
    [2500, 102_400, { cpu: '2', memory: '100Gi', pods: '50' }],
    [2500, 64, { cpu: '2', memory: '65536Ki', pods: '0' }],
    [2500, 153_700, { cpu: '2', memory: '150Gi', pods: '75' }],
  ])('%i MHz and %i MiB', (cpuMhz, memoryMiB, expected) => {
    expect(kubeResourcesFromVchInfo({ cpuMhz, memoryMiB })).toEqual(expected);
  });

  it('never says more than there is, nor less than one part in a hundred below', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (mib) => {
        const [, digits = '', unit = ''] = /^(\d+)(\w*)$/.exec(memoryQuantity(memoryInBytes(mib, 'mb'))) ?? [];
        const told = Number(digits) * 1024 ** ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'].indexOf(unit);
        expect(told).toBeLessThanOrEqual(mib * 1024 ** 2);
        expect(told).toBeGreaterThan(mib * 1024 ** 2 * 0.99);
      }),
    );
  });

  it('knows units in any case, and gives 0 for the others', () => {
    expect([memoryInBytes(1, 'KB'), memoryInBytes(2, 'gb'), memoryInBytes(3, 'b'), memoryInBytes(1, 'k'), memoryInBytes(1, 'nope')]).toEqual([
      1024,
      2 * 1024 ** 3,
      3,
      0,
      0,
    ]);
    expect([frequencyInHertz(1, 'GHz'), frequencyInHertz(2, 'mhz'), frequencyInHertz(3, 'khz'), frequencyInHertz(1, 'g')]).toEqual([1e9, 2e6, 3000, 0]);
  });

  it('lets overrides win, and refuses to make a node of a VCH that does not know its limits', () => {
    expect(capacityOf(info, { cpu: '4', 'example.com/gpu': '1' }).allocatable).toEqual({ cpu: '4', memory: '32768Mi', pods: '16', 'example.com/gpu': '1' });
    expect(() => capacityOf({ ...info, cpuMhz: 0 }, {})).toThrow('limits');
    expect(() => capacityOf({ ...info, memoryMiB: 0 }, {})).toThrow('limits');
  });

  it('tells of memory pressure', () => {
    expect(capacityOf({ ...info, memoryUsageBytes: 32 * 1024 ** 3 * 0.9 }, {}).pressure).toBeUndefined();
    expect(capacityOf({ ...info, memoryUsageBytes: 32 * 1024 ** 3 * 0.96 }, {}).pressure?.memory).toContain('96 %');
  });
});

describe('size of a pod VM', () => {
  const container = (requests?: Record<string, string>, limits?: Record<string, string>, restartPolicy?: string) => ({
    name: 'c',
    resources: { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) },
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });

  it.each([
    ['nothing said', [container()], [], 2, 2048],
    ['less than the least', [container({ cpu: '10m', memory: '1Mi' })], [], 1, 512],
    ['a fraction', [container({ cpu: '1001m', memory: '513Mi' })], [], 2, 640],
    ['a sum', [container({ cpu: '500m', memory: '512Mi' }), container({ cpu: '500m', memory: '512Mi' })], [], 1, 1024],
    ['a sum of binary fractions', [container({ cpu: '0.1' }), container({ cpu: '0.2' }), container({ cpu: '0.7' })], [], 1, 2048],
    ['limits where there are no requests', [container({ cpu: '1' }, { cpu: '4', memory: '1Gi' })], [], 1, 1024],
    ['a larger init container', [container({ cpu: '1', memory: '1Gi' })], [container({ cpu: '3', memory: '512Mi' })], 3, 1024],
    ['a sidecar, which counts with the rest', [container({ cpu: '1' })], [container({ cpu: '3' }, undefined, 'Always')], 4, 2048],
    ['zero, which is nothing', [container({ cpu: '0', memory: '0' })], [], 2, 2048],
  ])('%s', (_what, containers, initContainers, numCpus, memoryMiB) => {
    expect(vmSize({ containers, initContainers })).toEqual({ numCpus, memoryMiB });
  });

  it('takes the pod’s own figure before the containers’', () => {
    expect(vmSize({ containers: [container({ cpu: '8' })], resources: { requests: { cpu: '2', memory: '700Mi' } } })).toEqual({ numCpus: 2, memoryMiB: 768 });
  });
});
