import { describe, expect, it } from 'vitest';
import { parseKubeletArgv } from '../../../../src/operations/kubelet/argv.ts';
import { resolveSettings } from '../../../../src/operations/kubelet/providers.ts';
import type { KubeletFlags } from '../../../../src/operations/kubelet/settings.ts';

const resolve = (flags: KubeletFlags, env: Record<string, string> = {}) => resolveSettings({ flags: { nodename: 'n', provider: 'mock', ...flags }, env });

describe('the settings of a mock', () => {
  it('has as many nodes as there are names', () => {
    expect(resolve({})).toMatchObject({ provider: 'mock', nodeName: 'n', nodeNames: ['n'], podCidr: '10.244.0.0/16', defaults: {} });
    expect(resolve({ nodename: ['a', 'b'] })).toMatchObject({ nodeName: 'a', nodeNames: ['a', 'b'] });
    const argv = ['--provider', 'mock', '--nodename', 'a', '--nodename=b', '--mock', 'start-delay=2s'];
    expect(resolveSettings({ flags: parseKubeletArgv(argv), env: {} })).toMatchObject({
      nodeNames: ['a', 'b'],
      defaults: { 'start-delay': { fromMs: 2_000, toMs: 2_000 } },
    });
  });

  it('has settings of every pod, capacity and a network', () => {
    expect(resolve({ mock: ['exit-code=3', 'exit-after=1s..2s'], capacity: ['cpu=8'], 'pod-cidr': '10.1.0.0/24' })).toMatchObject({
      defaults: { 'exit-code': 3, 'exit-after': { fromMs: 1_000, toMs: 2_000 } },
      capacity: { cpu: '8' },
      podCidr: '10.1.0.0/24',
    });
  });

  it.each<[string, KubeletFlags, RegExp]>([
    ['a node named twice', { nodename: ['a', 'b', 'a'] }, /the node a is named twice/],
    ['a bad name among good ones', { nodename: ['a', 'B_'] }, /"B_" cannot be the name of a node/],
    ['several nodes of another provider', { nodename: ['a', 'b'], provider: 'docker', engine: 'unix:///a' }, /take --provider mock/],
    ['what is no network', { 'pod-cidr': '10.0.0.0' }, /--pod-cidr: "10.0.0.0" is not an IPv4 network/],
    ['a setting that there is not', { mock: ['speed=1'] }, /there is no setting "speed"/],
    ['a value that makes no sense', { mock: ['exit-code=many'] }, /--mock exit-code: "many" is not an exit code/],
  ])('refuses %s', (_, flags, message) => {
    expect(() => resolve(flags)).toThrow(message);
  });
});
