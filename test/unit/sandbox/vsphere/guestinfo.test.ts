import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { guestinfo } from '../../../../src/sandbox/vsphere/guestinfo.ts';
import type { VchConfig } from '../../../../src/sandbox/vsphere/protocol.ts';

const recorded = (file: string) => readFileSync(new URL(`../../../fixtures/vic-machine/${file}.txt`, import.meta.url), 'utf8').split('\n');

function config(name: string, serverAddress: string): VchConfig {
  return {
    name,
    version: 'v1.5.0-dev-19900-c7d40ac8',
    debug: 0,
    tls: { mode: 'tls', certificate: '', key: '' },
    target: '',
    thumbprint: '',
    opsUser: '',
    imageStore: '',
    volumeStores: [],
    networks: { bridge: '', public: '', client: '', management: '' },
    ownsBridge: false,
    cpuMhz: 0,
    memoryMiB: 0,
    insecureRegistries: [],
    proxies: {},
    kubelet: { serverAddress, configFile: 'kube.conf', configContent: 'apiVersion: v1' },
    options: {},
  };
}

describe('settings of the endpoint VM', () => {
  const variants = recorded('guestinfo-k8s-address-variants').flatMap((line) => {
    const match = /^--k8s-server-address (\S+?)(?: \(VCH name (?:"([^"]+)"|([^)]+))\))?: (KUBELET_NAME.*)$/.exec(line);
    return match === null ? [] : [[match[1]!, match[2] ?? match[3] ?? 'vch1', match[4]!] as const];
  });

  it.each(variants)('gives kubelet-starter the recorded environment for %s of %s', (address, name, environment) => {
    expect(guestinfo(config(name, address))['guestinfo.vice./init/sessions|kubelet-starter/cmd/Env~']).toBe(environment);
  });

  it('has every recorded variant and, of the recorded keys, the same values', () => {
    expect(variants).toHaveLength(5);
    const keys = new Map(
      recorded('guestinfo-kubelet').flatMap((line) => (line.startsWith('guestinfo') ? [line.split(/: (.*)/s).slice(0, 2) as [string, string]] : [])),
    );
    const own = Object.entries(guestinfo(config('vch2', 'https://k8s.example.test:6443'))).filter(([key]) => keys.has(key));
    expect(own.length).toBeGreaterThan(10);
    for (const [key, value] of own) expect([key, value]).toEqual([key, keys.get(key)]);
  });

  it('adds the proxies, and has no kubelet keys without a kubelet', () => {
    const { kubelet, ...rest } = config('vch1', 'h:1');
    expect(Object.keys(guestinfo(rest)).filter((key) => key.includes('kubelet'))).toEqual([]);
    const withProxies = guestinfo({ ...rest, kubelet: kubelet!, proxies: { http: 'http://p:1', https: 'https://p:2' } });
    expect(withProxies['guestinfo.vice./init/sessions|kubelet-starter/cmd/Env~']).toContain(
      '|HTTP_PROXY=http://p:1|HTTPS_PROXY=https://p:2|KUBERNETES_SERVICE_HOST=h:1|',
    );
    expect(withProxies['guestinfo.vice./init/sessions|kubelet-starter/cmd/Env']).toBe('6');
  });
});
