import { describe, expect, it } from 'vitest';
import {
  createArgv,
  deleteArgv,
  goDuration,
  inspectArgv,
  inspectConfigArgv,
  listArgv,
  targetEnvironment,
  type CreateFlags,
} from '../../../../src/clients/vic-machine/argv.ts';
import type { VicTarget } from '../../../../src/clients/vic-machine/port.ts';
import { redactArgs, renderCommand } from '../../../../src/clients/vic-machine/render-command.ts';

const TARGET: VicTarget = { target: 'vc.example.test', user: 'root', password: 'p4ssw0rd', thumbprint: undefined };
const BEGIN = ['create', '--target', 'vc.example.test', '--user', 'root', '--name', 'web'];
const END = ['--timeout', '10m'];

describe('createArgv', () => {
  it.each<[string, Partial<CreateFlags>, readonly string[]]>([
    ['nothing more', {}, []],
    ['where', { computeResource: 'C0', imageStore: 'ds1' }, ['--compute-resource', 'C0', '--image-store', 'ds1']],
    [
      'networks',
      { bridgeNetwork: 'b', publicNetwork: 'VM Network', clientNetwork: 'c', managementNetwork: 'm' },
      ['--bridge-network', 'b', '--public-network', 'VM Network', '--client-network', 'c', '--management-network', 'm'],
    ],
    ['each volume store once more', { volumeStores: ['ds1/a:default', 'nfs://h/p:x'] }, ['--volume-store', 'ds1/a:default', '--volume-store', 'nfs://h/p:x']],
    ['TLS by name', { tls: { mode: 'verify', cname: '*.example.test' } }, ['--tls-cname', '*.example.test']],
    ['TLS without client certificates', { tls: { mode: 'no-verify' } }, ['--no-tlsverify']],
    ['no TLS', { tls: { mode: 'none' } }, ['--no-tls']],
    ['limits, zero included', { memoryMiB: 0, cpuMHz: 2000 }, ['--memory', '0', '--cpu', '2000']],
    ['images', { applianceIso: '/i/a.iso', bootstrapIso: '/i/b.iso' }, ['--appliance-iso', '/i/a.iso', '--bootstrap-iso', '/i/b.iso']],
    [
      'Kubernetes',
      { kubernetes: { serverAddress: 'https://k:6443', configFile: '/s/kubeconfig' } },
      ['--k8s-server-address', 'https://k:6443', '--k8s-config', '/s/kubeconfig'],
    ],
    ['no empty values', { imageStore: '', kubernetes: { serverAddress: '', configFile: '' } }, []],
  ])('%s', (_, flags, expected) => {
    expect(createArgv(TARGET, { name: 'web', timeoutMs: 600_000, ...flags })).toEqual([...BEGIN, ...expected, ...END]);
  });

  it('puts further words last', () => {
    expect(createArgv(TARGET, { name: 'web', timeoutMs: 600_000, extra: ['--debug', '1'] }).slice(-4)).toEqual(['--timeout', '10m', '--debug', '1']);
  });
});

describe('other commands', () => {
  it('prefers an id to a name', () => {
    expect(deleteArgv(TARGET, { id: 'vm-29', name: 'web' }, { force: true, timeoutMs: 90_000 })).toEqual([
      ...['delete', '--target', 'vc.example.test', '--user', 'root', '--id', 'vm-29', '--force', '--timeout', '1m30s'],
    ]);
    expect(inspectArgv(TARGET, { name: 'web', computeResource: 'C0' })).toEqual([
      ...['inspect', '--target', 'vc.example.test', '--user', 'root', '--name', 'web', '--compute-resource', 'C0'],
    ]);
  });

  it('puts config right after inspect', () => {
    expect(inspectConfigArgv(TARGET, { id: 'vm-1' }).slice(0, 2)).toEqual(['inspect', 'config']);
    expect(listArgv(TARGET, {})).toEqual(['ls', '--target', 'vc.example.test', '--user', 'root']);
  });

  it('gives password and thumbprint by environment', () => {
    expect(targetEnvironment({ ...TARGET, thumbprint: 'AA:BB' })).toEqual({ VIC_MACHINE_PASSWORD: 'p4ssw0rd', VIC_MACHINE_THUMBPRINT: 'AA:BB' });
    expect(targetEnvironment({ ...TARGET, password: undefined })).toEqual({ VIC_MACHINE_PASSWORD: '' });
  });

  it.each([
    [0, '0s'],
    [1_000, '1s'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [5_461_000, '1h31m1s'],
  ])('writes %i ms as %s', (ms, text) => {
    expect(goDuration(ms)).toBe(text);
  });
});

describe('renderCommand', () => {
  it('quotes for a shell and shows no secret', () => {
    const args = ['create', '--public-network', "VM's Network", '--ops-password', 'x y', '--password=z', '-p', 'q', '--target', 'ada:pw@vc'];
    expect(renderCommand({ file: '/opt/vic machine', args, env: { VIC_MACHINE_PASSWORD: 'secret', VIC_MACHINE_THUMBPRINT: 'AA:BB' } })).toBe(
      `VIC_MACHINE_PASSWORD=[redacted] VIC_MACHINE_THUMBPRINT=AA:BB '/opt/vic machine' create --public-network 'VM'\\''s Network' --ops-password [redacted] --password=[redacted] -p [redacted] --target ada:pw@vc`,
    );
    expect(redactArgs(['--rootpw=abc', '--pw', 'def'])).toEqual(['--rootpw=[redacted]', '--pw', '[redacted]']);
  });
});
