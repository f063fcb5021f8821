import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../../../../src/operations/kubelet/providers.ts';
import type { KubeletFlags } from '../../../../src/operations/kubelet/settings.ts';

const resolve = (flags: KubeletFlags, env: Record<string, string> = {}) => resolveSettings({ flags: { nodename: 'n', provider: 'docker', ...flags }, env });

describe('the settings of a kubelet over a container engine', () => {
  it('has a socket file or a port', () => {
    expect(resolve({ engine: 'unix:///run/docker.sock' })).toMatchObject({ provider: 'docker', engine: { socketPath: '/run/docker.sock' }, clusterDns: [] });
    expect(resolve({ engine: 'tcp://10.0.0.5:2375' })).toMatchObject({ engine: { host: '10.0.0.5', port: 2375, tls: undefined } });
    expect(resolve({}, { DOCKER_HOST: 'tcp://[::1]:2375' })).toMatchObject({ engine: { host: '::1', port: 2375 } });
    expect(resolve({ engine: 'unix:///a' }, { DOCKER_HOST: 'unix:///b' })).toMatchObject({ engine: { socketPath: '/a' } });
  });

  it('speaks TLS on its port, with https, or with a TLS flag', () => {
    const folder = { DOCKER_CERT_PATH: '/certs' };
    const inFolder = { ca: '/certs/ca.pem', certificate: '/certs/cert.pem', key: '/certs/key.pem', insecure: false };
    expect(resolve({ engine: 'tcp://h:2376' }, folder)).toMatchObject({ engine: { tls: inFolder } });
    expect(resolve({ engine: 'https://h:1234' }, folder)).toMatchObject({ engine: { tls: inFolder } });
    expect(resolve({ engine: 'tcp://h:1234', 'engine-tls-ca': '/ca', 'engine-tls-insecure': true })).toMatchObject({
      engine: { tls: { ca: '/ca', insecure: true } },
    });
  });

  it.each<[string, KubeletFlags, RegExp]>([
    ['no engine', {}, /the address of the container engine is not given/],
    ['a relative socket', { engine: 'unix://docker.sock' }, /--engine: "unix:\/\/docker.sock" is not the address of a socket file/],
    ['no port', { engine: 'tcp://h' }, /--engine: "tcp:\/\/h" is not an address/],
    ['half a certificate', { engine: 'tcp://h:2376', 'engine-tls-cert': '/c' }, /--engine-tls-cert: a client certificate and its key/],
    ['a DNS server by name', { engine: 'unix:///a', 'cluster-dns': 'dns' }, /--cluster-dns: "dns" is not an IP address/],
    ['a limit for images that is no size', { engine: 'unix:///a', 'image-limit': 'much' }, /--image-limit: "much" is not a size/],
    ['another provider', { provider: 'aws' }, /there is no provider "aws"/],
  ])('refuses %s', (_, flags, message) => {
    expect(() => resolve(flags)).toThrow(message);
  });
});
