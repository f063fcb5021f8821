import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVickError } from '../../../../src/errors/vick-error.ts';
import { hostUuidFromSerial, parseAddress } from '../../../../src/operations/kubelet/addresses.ts';
import { parseKubeletArgv } from '../../../../src/operations/kubelet/argv.ts';
import { defaultLogFile, resolveKubeletOptions, type KubeletInput } from '../../../../src/operations/kubelet/options.ts';
import { kubeletVersion } from '../../../../src/operations/kubelet/version.ts';

const STARTER_ENV = {
  PERSONA_ADDR: '10.0.0.5:2375',
  PORTLAYER_ADDR: 'localhost:2377',
  KUBELET_NAME: 'kubelet-web',
  KUBERNETES_SERVICE_HOST: 'k8s:6443',
  KUBERNETES_SERVICE_PORT: '6443',
};
const STARTER_ARGV = ['--provider', 'vic', '--kubeconfig', '/etc/kubelet.conf', '--nodename', 'kubelet-web'];
const UUID = '564d395e-d807-e18a-cb25-b79f65eb2b9f';

const resolve = (input: Partial<KubeletInput> = {}) => resolveKubeletOptions({ flags: {}, env: STARTER_ENV, ...input });

/** Code and message of what resolving throws. */
function failure(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isVickError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no failure';
}

describe('the contract of kubelet-starter', () => {
  it('takes its argv and environment as they are', () => {
    expect(resolve({ flags: parseKubeletArgv(STARTER_ARGV) })).toEqual({
      provider: 'vic',
      nodeName: 'kubelet-web',
      kubeconfig: '/etc/kubelet.conf',
      context: undefined,
      portLayer: { host: 'localhost', port: 2377 },
      persona: { host: '10.0.0.5', port: 2375, tls: undefined },
      hostUuid: undefined,
      nodeIps: undefined,
      scope: 'default',
      isolation: 'pod',
      clusterDomain: 'cluster.local',
      taints: [],
      labels: {},
      capacity: {},
      readyTimeoutMs: 600_000,
      server: { address: undefined, port: 10250, orAnyPort: true, certificate: undefined, clientCa: undefined },
      logFile: undefined,
      logLevel: 'info',
    });
  });

  it('serves the kubelet API as virtual-kubelet’s variables say', () => {
    const server = (env: Record<string, string>, flags = {}): unknown => resolve({ flags, env: { ...STARTER_ENV, ...env } }).server;
    expect(server({ KUBELET_PORT: '10255' })).toMatchObject({ port: 10255, orAnyPort: false });
    expect(server({ KUBELET_PORT: '10255' }, { port: '0', address: '10.0.0.5', 'client-ca-file': '/ca' })).toMatchObject({
      port: 0,
      address: '10.0.0.5',
      clientCa: '/ca',
    });
    expect(server({ KUBELET_PORT: 'none' })).toBeUndefined();
    expect(server({ APISERVER_CERT_LOCATION: '/c', APISERVER_KEY_LOCATION: '/k' })).toMatchObject({ certificate: { certificate: '/c', key: '/k' } });
    expect(failure(() => server({ APISERVER_KEY_LOCATION: '/k' }))).toMatch(/KUBELET_CONFIG: \$APISERVER_KEY_LOCATION: .*together/);
    expect(failure(() => server({ KUBELET_PORT: '70000' }))).toBe('KUBELET_CONFIG: $KUBELET_PORT: "70000" is not a port');
    expect(failure(() => server({}, { address: 'host' }))).toBe('KUBELET_CONFIG: --address: "host" is not an IP address');
  });

  it('logs beside the VCH’s services, or here on a developer’s machine', () => {
    expect(defaultLogFile({})).toBe('/var/log/vic/virtual-kubelet.log');
    for (const yes of ['1', 't', 'TRUE']) expect(defaultLogFile({ LOCAL_VIRTUAL_KUBELET: yes })).toBe('./virtual-kubelet.log');
    expect(defaultLogFile({ LOCAL_VIRTUAL_KUBELET: 'no' })).toBe('/var/log/vic/virtual-kubelet.log');
  });

  it('takes Go’s ways of writing flags, and the old program’s options without a meaning', () => {
    expect(
      parseKubeletArgv([
        '-nodename=a',
        '--os',
        'Linux',
        '--disable-taint',
        '--taint=k',
        '--taint',
        'l=v:NoExecute',
        '--metrics-addr',
        ':1',
        '--pod-sync-workers=3',
      ]),
    ).toEqual({
      nodename: 'a',
      os: 'Linux',
      'disable-taint': true,
      taint: ['k', 'l=v:NoExecute'],
    });
    expect(parseKubeletArgv(['--disable-taint=false'])).toEqual({ 'disable-taint': false });
    expect(parseKubeletArgv(['--enable-node-lease', '--enable-node-lease=true', '--engine-tls-insecure', '--os', 'Linux'])).toEqual({
      'engine-tls-insecure': true,
      os: 'Linux',
    });
  });

  it.each([[['--nope']], [['word']], [['--nodename']]])('refuses %j as usage', (argv) => {
    expect(failure(() => parseKubeletArgv(argv))).toMatch(/^USAGE: /);
  });
});

describe('precedence', () => {
  const file = { path: '/etc/vic.yaml', text: 'persona-server: 9.9.9.9:2375\nportlayer-server: 9.9.9.9:2380\nhost-uuid: ' + UUID.toUpperCase() };

  it('is flags, environment, file', () => {
    expect(resolve({ file, env: { ...STARTER_ENV, PORTLAYER_ADDR: '' }, flags: { 'persona-addr': '1.1.1.1:2375' } })).toMatchObject({
      persona: { host: '1.1.1.1' },
      portLayer: { host: '9.9.9.9', port: 2380 },
      hostUuid: UUID,
    });
    expect(resolve({ file }).portLayer.host).toBe('localhost');
  });

  it.each([
    ['a: [', 'not valid YAML'],
    ['- x', 'expected keys'],
    ['personal-server: x', 'unknown key "personal-server"'],
    ['host-uuid: {a: 1}', 'host-uuid: expected a text'],
    ['host-uuid: nope', '/etc/vic.yaml: host-uuid: "nope" is not a UUID'],
  ])('reports %j in the file', (text, why) => {
    expect(failure(() => resolve({ file: { path: '/etc/vic.yaml', text } }))).toContain(why);
  });

  it('takes an empty file for nothing said', () => {
    expect(resolve({ file: { path: 'x', text: '' } }).nodeName).toBe('kubelet-web');
  });
});

describe('the Docker personality', () => {
  const persona = (address: string, env: Record<string, string> = {}, flags = {}) =>
    resolve({ env: { ...STARTER_ENV, PERSONA_ADDR: address, ...env }, flags }).persona.tls;

  it('is spoken to in plain http on port 2375, and on others without TLS settings', () => {
    for (const address of ['10.0.0.5:2375', '10.0.0.5:12345', 'http://10.0.0.5:2376', 'tcp://10.0.0.5:2375']) expect(persona(address), address).toBeUndefined();
  });

  it('is spoken to in TLS on port 2376, for https, and with any TLS setting, but is never trusted blindly', () => {
    const nothing = { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, insecure: false };
    for (const address of ['10.0.0.5:2376', 'https://10.0.0.5:12345']) expect(persona(address), address).toEqual(nothing);
    expect(persona('vch:9999', { PERSONA_TLS_SERVER_NAME: 'x' })).toEqual({ ...nothing, serverName: 'x' });
    expect(persona('vch:2376', { PERSONA_TLS_INSECURE: 'true' })).toEqual({ ...nothing, insecure: true });
    expect(persona('vch:2376', {}, { 'persona-tls-insecure': true })).toEqual({ ...nothing, insecure: true });
  });

  it('finds certificates where docker does', () => {
    expect(persona('vch:2376', { DOCKER_CERT_PATH: '/c', PERSONA_TLS_CA: '/my.pem' })).toMatchObject({
      ca: '/my.pem',
      certificate: '/c/cert.pem',
      key: '/c/key.pem',
    });
    expect(persona('vch:2375', { DOCKER_CERT_PATH: '/c' })).toBeUndefined();
    expect(failure(() => persona('vch:2376', { PERSONA_TLS_CERT: '/x' }))).toContain('$PERSONA_TLS_CERT');
  });
});

describe('wrong settings say what and where', () => {
  it.each<[string, KubeletInput['flags'], Record<string, string>, string]>([
    ['no node name', {}, { KUBELET_NAME: '' }, 'node name is not given'],
    ['no persona', {}, { PERSONA_ADDR: '' }, 'Docker personality is not given'],
    ['no port layer', {}, { PORTLAYER_ADDR: '' }, 'port layer address is not given'],
    ['a bad name', { nodename: 'Kubelet_Web' }, {}, '--nodename: "Kubelet_Web"'],
    ['a name too long for a label', {}, { KUBELET_NAME: 'k'.repeat(64) }, '$KUBELET_NAME'],
    ['no port', {}, { PERSONA_ADDR: '10.0.0.5' }, '$PERSONA_ADDR: "10.0.0.5"'],
    ['a port too high', { 'portlayer-addr': 'x:70000' }, {}, '--portlayer-addr'],
    ['a port layer with TLS', { 'portlayer-addr': 'https://x:1' }, {}, 'plain http only'],
    ['another provider', { provider: 'aws' }, {}, 'no provider "aws"'],
    ['another system', { os: 'Windows' }, {}, 'pod VMs run Linux'],
    ['a bad taint', { taint: ['a=b:Never'] }, {}, '--taint: "a=b:Never"'],
    ['a bad address', { 'node-ip': 'vch' }, {}, '--node-ip: "vch"'],
    ['a bad capacity', { capacity: ['cpu=lots'] }, {}, 'not a quantity for cpu'],
    ['a bad label', { label: ['x'] }, {}, '--label: "x"'],
    ['a bad duration', { 'ready-timeout': 'soon' }, {}, '--ready-timeout'],
    ['a bad level', {}, { KUBELET_LOG_LEVEL: 'loud' }, '$KUBELET_LOG_LEVEL'],
  ])('%s', (_what, flags, env, why) => {
    const said = failure(() => resolve({ flags, env: { ...STARTER_ENV, ...env } }));
    expect(said).toMatch(/^KUBELET_CONFIG: /);
    expect(said).toContain(why);
  });
});

describe('details', () => {
  it('reads what shares a VM, and says what it can be', () => {
    const isolation = (flags: object, env = {}) =>
      resolve({ flags: { ...parseKubeletArgv(STARTER_ARGV), ...flags }, env: { ...STARTER_ENV, ...env } }).isolation;
    expect(isolation({})).toBe('pod');
    expect(isolation({ isolation: 'container' })).toBe('container');
    expect(isolation({}, { ISOLATION: 'container' })).toBe('container');
    expect(isolation({ isolation: 'pod' }, { ISOLATION: 'container' })).toBe('pod');
    expect(failure(() => isolation({}, { ISOLATION: 'process' }))).toBe('KUBELET_CONFIG: $ISOLATION: "process" is no isolation');
    const file = { path: 'c.yaml', text: 'isolation: container' };
    expect(resolve({ flags: parseKubeletArgv(STARTER_ARGV), file }).isolation).toBe('container');
  });

  it('makes taints of keys and of whole specs', () => {
    const taints = (flags: KubeletInput['flags'], env = {}) => resolve({ flags, env: { ...STARTER_ENV, ...env } }).taints;
    expect(taints({ taint: ['virtual-kubelet.io/provider', 'a=b:NoExecute', 'c:PreferNoSchedule'] })).toEqual([
      { key: 'virtual-kubelet.io/provider', value: 'vic', effect: 'NoSchedule' },
      { key: 'a', value: 'b', effect: 'NoExecute' },
      { key: 'c', effect: 'PreferNoSchedule' },
    ]);
    expect(taints({}, { VKUBELET_TAINT_KEY: 'k', VKUBELET_TAINT_VALUE: 'v', VKUBELET_TAINT_EFFECT: 'NoExecute' })).toEqual([
      { key: 'k', value: 'v', effect: 'NoExecute' },
    ]);
    expect(taints({ taint: ['a'], 'disable-taint': true })).toEqual([]);
  });

  it('reads durations, labels, capacity, addresses', () => {
    expect(resolve({ flags: { 'ready-timeout': '90s', label: ['a=b,c=', 'd=e=f'], capacity: ['cpu=4'], 'node-ip': '10.0.0.1,fd00::1' } })).toMatchObject({
      readyTimeoutMs: 90_000,
      labels: { a: 'b', c: '', d: 'e=f' },
      capacity: { cpu: '4' },
      nodeIps: ['10.0.0.1', 'fd00::1'],
    });
  });

  it('makes a UUID of a VMware serial number, and of nothing else', () => {
    expect(hostUuidFromSerial('VMware-56 4d 39 5e d8 07 e1 8a-cb 25 b7 9f 65 eb 2b 9f\n')).toBe(UUID);
    for (const serial of ['', 'VMware-56 4d', 'Dell-1234', UUID, 'VMware-zz 4d 39 5e d8 07 e1 8a-cb 25 b7 9f 65 eb 2b 9f']) {
      expect(hostUuidFromSerial(serial)).toBeUndefined();
    }
  });

  it('reads every address it would write, and throws nothing but KUBELET_CONFIG', () => {
    expect(parseAddress({ value: '[fd00::1]:2376', source: 's' })).toEqual({ scheme: undefined, host: 'fd00::1', port: 2376 });
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseAddress({ value: `${host}:${String(port)}`, source: 's' })).toEqual({ scheme: undefined, host, port });
      }),
    );
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(failure(() => parseAddress({ value, source: 's' }))).toMatch(/^(no failure|KUBELET_CONFIG)/);
      }),
    );
  });

  it('is never newer than the API server', () => {
    expect([kubeletVersion('29', '1.0.0'), kubeletVersion('27+', '1.0.0'), kubeletVersion('99', '1.0.0')]).toEqual([
      'v1.29.0-vick-1.0.0',
      'v1.27.0-vick-1.0.0',
      'v1.36.0-vick-1.0.0',
    ]);
  });
});
