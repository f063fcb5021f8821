import { X509Certificate } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { SENTINELS, sentinelOf } from '../../../../src/sandbox/vsphere/sentinels.ts';
import { vcenterInventory } from '../../../../src/sandbox/vsphere/inventory.ts';
import { writeIsoFiles } from '../../../../src/sandbox/vsphere/vic-machine/iso.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { openStage, type RunOptions, type Stage, type StageOptions } from '../../../contract/vic-machine/stage.ts';

class JumpingClock extends FakeClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.advance(ms);
    signal?.throwIfAborted();
  }
}

const stages: Stage[] = [];
const open = async (options?: StageOptions) => {
  const stage = await openStage(options);
  stages.push(stage);
  return stage;
};
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

const messages = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('time='))
    .map((line) => /^time="[^"]+" level=(\w+)(?: msg=(?:"((?:[^"\\]|\\.)*)"|(\S*)))?/.exec(line))
    .map((match) => `${match?.[1] ?? ''} ${(match?.[2] ?? match?.[3] ?? '').replaceAll('\\"', '"')}`);

/** `vic-machine-linux create` with what every create needs. */
async function create(stage: Stage, flags: readonly string[] = ['--no-tls'], options?: RunOptions & { readonly name?: string }) {
  const base = ['--target', 'vcenter.example.test', '--user', 'root', '--password', 'secret', '--thumbprint', stage.vsphere.thumbprint];
  const names = ['--name', options?.name ?? 'vch1', '--bridge-network', 'DC0_DVPG0'];
  const outcome = await stage.run(['vic-machine-linux', 'create', ...base, ...names, ...flags], options);
  return { ...outcome, messages: messages(outcome.stdout) };
}

describe('failures by the name of a VCH', () => {
  const last: Record<string, [number, string | RegExp]> = {
    'firewall-blocked': [1, 'error vic-machine-linux create failed: validation of configuration failed\\n'],
    'license-missing': [1, 'error vic-machine-linux create failed: validation of configuration failed\\n'],
    'drs-disabled': [0, 'info Installer completed successfully'],
    'deny-setting': [1, 'error vic-machine-linux create failed: validation of configuration failed\\n'],
    'deny-pool': [1, /Creating resource pool failed: ServerFaultCode: Permission/],
    'deny-folder': [1, /Unable to create the VCH Folder\(deny-folder\): ServerFaultCode: Permission/],
    'deny-vm': [1, /Creating the appliance failed with ServerFaultCode: Permission/],
    'deny-reconfigure': [1, /Creating the appliance failed with ServerFaultCode: Permission/],
    'deny-power-on': [1, /failed: ServerFaultCode: Permission/],
    'flaky-upload': [0, 'info Installer completed successfully'],
    'fail-upload': [1, /Uploading vic isos failed with Failed to upload iso images/],
    'fail-power-on': [1, /insufficient for the operation/],
    'update-denied': [0, 'info Installer completed successfully'],
    'update-in-progress': [0, 'info Installer completed successfully'],
    'update-silent': [0, 'info Installer completed successfully'],
    'update-rolled-back': [0, 'info Installer completed successfully'],
    'update-timeout': [0, 'info Installer completed successfully'],
    'debug-no-tools': [0, 'info Installer completed successfully'],
    'slow-boot': [0, 'info Installer completed successfully'],
    'no-ip': [1, /exceeded time limit of 3m0s/],
    'kubelet-starter-fails': [0, 'info Installer completed successfully'],
    'docker-api-down': [1, /exceeded time limit of 3m0s/],
    'vsphere-unreachable': [0, 'info Installer completed successfully'],
    'volume-store-missing': [0, 'info Installer completed successfully'],
    crash: [0, 'error vic-machine-linux failed, please check log file vic-machine.log for details'],
  };
  const left: Record<string, boolean> = {
    'deny-reconfigure': true,
    'deny-power-on': true,
    'fail-upload': true,
    'fail-power-on': true,
    'no-ip': true,
    'docker-api-down': true,
  };

  it.each(SENTINELS.map(({ name }) => name).filter((name) => name !== 'slow-boot'))('%s', async (name) => {
    const stage = await open();
    const flags = ['--no-tls', '--volume-store', 'LocalDS_0/v:default', '--k8s-server-address', 'h:6443', '--k8s-config', 'kube.conf'];
    const outcome = await create(stage, flags, { name, clock: new JumpingClock() });
    const [exitCode, message] = last[name] ?? [-1, ''];
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.messages.at(-1)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
    expect(stage.vsphere.vms().length > 0).toBe(left[name] ?? (exitCode === 0 && name !== 'crash'));
  });

  it('has a table that covers every sentinel, and finds them in longer names', () => {
    expect(Object.keys(last).sort()).toEqual(SENTINELS.map(({ name }) => name).sort());
    expect([sentinelOf('no-ip-7'), sentinelOf('no-ipx'), sentinelOf('web')]).toEqual(['no-ip', undefined, undefined]);
  });
});

describe('create', () => {
  it('waits for the endpoint VM, streaming what it does, and leaves everything when it is interrupted', async () => {
    let boot: () => void = () => undefined;
    const bootAfter = new Promise<void>((resolve) => (boot = resolve));
    const stage = await open({ host: { bootAfter } });
    const interrupt = new AbortController();
    const seen: string[] = [];
    const onOutput = (text: string) => {
      seen.push(text);
      if (text.includes('Waiting for IP information')) interrupt.abort(new Error('interrupted'));
    };
    await expect(create(stage, ['--no-tls'], { signal: interrupt.signal, onOutput })).rejects.toThrow('interrupted');
    expect(seen.every((text) => text.endsWith('\n') && text.indexOf('\n') === text.length - 1)).toBe(true);
    expect(seen.at(-1)).toContain('Waiting for IP information');
    expect(stage.vsphere.vms()).toMatchObject([{ name: 'vch1', poweredOn: true }]);
    boot();
    const again = await create(stage);
    expect(again.messages.at(-1)).toContain('A VCH with the name "vch1" already exists.');
  });

  it('makes certificates that work: authority, server and client, one year, private keys for the owner alone', async () => {
    const stage = await open();
    const outcome = await create(stage, ['--tls-cname', '127.0.0.1']);
    expect(outcome.messages.at(-1)).toBe('info Installer completed successfully');
    expect(outcome.messages).not.toContainEqual(expect.stringMatching(/^warning (?!Using administrative)/));
    const folder = join(stage.folder, 'vch1');
    expect((await readdir(folder)).sort()).toEqual(
      ['ca-key.pem', 'ca.pem', 'cert.pem', 'cert.pfx', 'key.pem', 'server-cert.pem', 'server-key.pem', 'vch1.env'].sort(),
    );
    const read = async (file: string) => new X509Certificate(await readFile(join(folder, file)));
    const [ca, server, client] = [await read('ca.pem'), await read('server-cert.pem'), await read('cert.pem')];
    expect([server.verify(ca.publicKey), client.verify(ca.publicKey), server.checkIssued(ca), ca.ca]).toEqual([true, true, true, true]);
    expect([server.checkIP('127.0.0.1'), server.subject]).toEqual(['127.0.0.1', 'O=vch1\nO=127.0.0.1\nCN=127.0.0.1']);
    expect(client.subject).toBe(ca.subject);
    expect((Date.parse(server.validTo) - Date.parse(server.validFrom)) / 86_400_000).toBe(366);
    for (const key of ['ca-key.pem', 'server-key.pem', 'key.pem']) expect((await stat(join(folder, key))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const env = await readFile(join(folder, 'vch1.env'), 'utf8');
    expect(env).toMatch(new RegExp(`^DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=${folder} DOCKER_HOST=127\\.0\\.0\\.1:\\d+$`));
    expect(outcome.messages).toContainEqual(
      expect.stringContaining('--tlsverify --tlscacert="vch1/ca.pem" --tlscert="vch1/cert.pem" --tlskey="vch1/key.pem" info'),
    );
  });

  it('takes a name that leads elsewhere for a proof that something answers', async () => {
    const stage = await open();
    const outcome = await create(stage, ['--tls-cname', 'vch1.example.test'], { withoutOpenssl: true });
    expect(outcome.messages).toContain(
      'warning Failed to generate browser friendly PFX client certificate: exec: "openssl": executable file not found in $PATH',
    );
    expect(outcome.messages).toContainEqual(
      expect.stringContaining("warning Server certificate hostname doesn't match: x509: cannot validate certificate for 127.0.0.1"),
    );
    expect(outcome.messages.at(-1)).toBe('info Installer completed successfully');
  });

  it('fails when the Docker server rejects its client certificate', async () => {
    const stage = await open({ host: { refuseClients: true } });
    const outcome = await create(stage, ['--tls-cname', '127.0.0.1']);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.messages.at(-1)).toContain('Docker API endpoint check failed: failed to connect to https://127.0.0.1:');
  });

  it.each([
    [['--tls-cname', 'other'], "cname option doesn't match existing server certificate in certificate path vch1"],
    [['--k8s-config', 'kube.conf'], 'A Kubernetes Server Address must be specified when specifying a Kubernetes Config File'],
    [['--ops-grant-perms'], 'Invalid use of flag: --ops-grant-perms. Cannot setup Roles and Permissions for administrative user.'],
    [['--public-network-ip', '10.0.0.5/24', '--public-network-gateway', '10.0.1.1'], 'public gateway with IP 10.0.1.1 is not reachable from 10.0.0.0/24'],
    [['--client-network-ip', '10.0.0.5'], 'Failed to parse the provided client network IP address 10.0.0.5: invalid CIDR address: 10.0.0.5'],
    [['--https-proxy', 'http://h:1'], 'Could not parse HTTPS proxy - expected format https://fqnd_or_ip:port: http://h:1'],
    [
      ['--volume-store', 'LocalDS_0/a?x=1:l'],
      'volume store input must be in format datastore/path:label or nfs://<host>/<url-path>?<mount option as query parameters>:<label>',
    ],
    [['--volume-store', 'ftp://h/p:l'], 'Please specify a datastore or nfs target. See -vs usage for examples.'],
    [
      ['--target', 'vcenter.example.test/DC0/host'],
      '--target should only specify datacenter in the path (e.g. https://addr/datacenter) - specify cluster, resource pool, or folder with --compute-resource',
    ],
    [
      ['--appliance-iso', 'other.iso'],
      'iso file "other.iso" version "v9-1-x" inconsistent with installer version "v1.5.0-dev-19900-c7d40ac8". Specify --force to force create. ',
    ],
  ])('stops at %j', async (flags, reason) => {
    const stage = await open();
    await writeFile(join(stage.folder, 'other.iso'), Buffer.concat([Buffer.alloc(16 * 2048 + 318), Buffer.from('VMware, Inc. v9-1-x'.padEnd(128))]));
    if (flags[1] === 'other') await create(stage, ['--no-tlsverify', '--tls-cname', 'first']);
    const outcome = await create(stage, ['--no-tlsverify', ...flags]);
    expect(outcome).toMatchObject({ exitCode: 1, stderr: '' });
    expect(outcome.messages.at(-1)).toBe(`error vic-machine-linux create failed: ${reason}\\n`);
  });

  it.each([
    [['--bridge-network-range', '172.16.0.0/17'], /--bridge-network-range must be \/16 or larger/],
    [['--bridge-network', 'VM Network'], /An existing distributed port group must be specified for bridge network on vCenter: "VM Network" is not/],
    [['--public-network', 'nope'], /^error Error checking network for --public-network: network 'nope' not found$/],
    [['--container-network', 'DC0_DVPG1:bridge'], /Cannot use reserved name "bridge" for container network/],
    [['--container-network', 'nope:x'], /Error adding container network "x": network 'nope' not found/],
    [
      ['--client-network', 'DC0_DVPG1', '--client-network-ip', '10.0.0.5/24', '--client-network-gateway', '10.0.0.1'],
      /client network gateway specified without at least one routing destination/,
    ],
    [['--client-network-ip', '10.0.0.5/24'], /Static IP on network sharing port group with public network/],
    [['--volume-store', 'nfs:///path:l'], /is missing the host field/],
    [['--volume-store', 'nfs://host:l'], /is missing the path field/],
    [['--volume-store', 'NoDS/x:l'], /datastore 'NoDS' not found/],
    [['--ops-user', 'ops', '--ops-password', 'wrong'], /Failed to validate operations credentials: ServerFaultCode: Login failure/],
  ])('lists what %j breaks', async (flags, issue) => {
    const stage = await open();
    const outcome = await create(stage, ['--no-tls', ...flags]);
    const from = outcome.messages.indexOf('error --------------------');
    const to = outcome.messages.indexOf('error Create cannot continue: configuration validation failed');
    expect(outcome.messages.slice(from + 1, to)).toContainEqual(expect.stringMatching(issue));
    expect(outcome.exitCode).toBe(1);
  });

  it('asks for a compute resource where there are two clusters, and skips what depends on it', async () => {
    const stage = await open({ inventory: vcenterInventory({ clustersPerDatacenter: 2, persistNetworkBacking: true }) });
    const outcome = await create(stage);
    expect(outcome.messages).toContain('error No unambiguous default compute resource available: --compute-resource must be specified');
    expect(outcome.messages).toContain('info   "DC0_C1"');
    expect(outcome.messages).toContain('error License check SKIPPED');
    expect((await create(stage, ['--no-tls', '--compute-resource', 'DC0_C1'])).exitCode).toBe(0);
    expect(stage.vsphere.vms()[0]).toMatchObject({ cluster: '/DC0/host/DC0_C1', poolPath: '/DC0/host/DC0_C1/Resources/vch1' });
  });

  it('passes on what the endpoint VM must know, and writes it into its settings', async () => {
    const stage = await open();
    await writeFile(join(stage.folder, 'my.conf'), 'kind: Config\n');
    await create(stage, [
      '--no-tls',
      '--k8s-server-address',
      'k8s.example.test:6443',
      '--k8s-config',
      'my.conf',
      '--memory',
      '4096',
      '--cpu',
      '2000',
      '--debug',
      '2',
    ]);
    expect(stage.host.booted[0]).toMatchObject({
      name: 'vch1',
      cpuMhz: 2000,
      memoryMiB: 4096,
      debug: 2,
      tls: { mode: 'none' },
      hasKubelet: true,
      kubelet: { serverAddress: 'k8s.example.test:6443', configFile: 'my.conf', configContent: 'kind: Config\n' },
    });
    const id = stage.vsphere.vms()[0]!.id;
    expect(stage.vsphere.guestinfo(id)).toMatchObject({
      'guestinfo.vice./virtual_kubelet/KubeletConfigContent': 'kind: Config\n',
      'guestinfo.vice./virtual_kubelet/KubeletConfigFile': 'my.conf',
      'guestinfo.vice./init/sessions|kubelet-starter/cmd/Env~':
        'KUBELET_NAME=kubelet-vch1|PERSONA_PORT=2375|PORTLAYER_PORT=2377|KUBERNETES_SERVICE_HOST=k8s.example.test:6443|KUBERNETES_SERVICE_PORT=6443',
    });
    expect(stage.vsphere.guestinfo('vm-0')).toBeUndefined();
  });

  it('reports a kubelet that the plain appliance image lacks, and still ends with success', async () => {
    const stage = await open();
    await writeIsoFiles(nodeFileSystem, stage.folder);
    const flags = ['--no-tls', '--k8s-server-address', 'h:6443', '--k8s-config', 'kube.conf'];
    const plain = await create(stage, flags);
    expect(plain.messages).toContainEqual(expect.stringContaining('error   Component did not launch successfully - kubelet-starter: '));
    expect(plain).toMatchObject({ exitCode: 0 });
    const right = await create(stage, [...flags, '--appliance-iso', 'appliance-vkubelet.iso', '--bridge-network', 'DC0_DVPG1'], { name: 'vch2' });
    expect(right.messages.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('gives up at once when the endpoint VM cannot be started at all', async () => {
    const stage = await open({ host: { bootError: 'no engine' } });
    const outcome = await create(stage);
    expect(outcome.messages.at(-1)).toBe('error vic-machine-linux create failed: Failed to get IP address information from appliance: no engine\\n');
  });

  it('keeps passwords out of its log', async () => {
    const stage = await open();
    await create(stage, ['--no-tls', '--ops-user', 'ops', '--ops-password', 'secret']);
    const log = await readFile(join(stage.folder, 'vic-machine.log'), 'utf8');
    expect(log).not.toContain('secret');
    expect(log).toContain('--password=<censored>');
    expect(log).toMatch(/^\w{3} [ \d]\d \d{4} [\d:.]+Z INFO  op=\d+\.1: ### Installing VCH ####$/m);
  });
});

describe('the vSphere stand-in', () => {
  it('never sees a password from a program that expects another certificate', async () => {
    const stage = await open();
    const outcome = await create(stage, ['--no-tls', '--thumbprint', stage.vsphere.thumbprint.toLowerCase()]);
    expect(outcome.messages.at(-1)).toContain(`Host "vcenter.example.test" thumbprint does not match "${stage.vsphere.thumbprint.toLowerCase()}"`);
  });

  it('tells any other client that it is no vSphere', async () => {
    const stage = await open();
    const [host = '', port = ''] = stage.vsphere.address.split(':');
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
    socket.end('GET /sdk HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.1 404 /);
  });

  it('removes containers, volumes and the pool with delete --force, and powers off what is left when it closes', async () => {
    const stage = await open({ host: { containers: [{ id: 'c', name: 'cvm1', poweredOn: true }] } });
    await create(stage, ['--no-tls', '--volume-store', 'LocalDS_0/vols:default', '--volume-store', 'nfs://nas/share:shared']);
    const login = ['--target', 'vcenter.example.test', '--user', 'root', '--password', 'secret', '--name', 'vch1'];
    const kept = await stage.run(['vic-machine-linux', 'delete', ...login, '--thumbprint', stage.vsphere.thumbprint]);
    expect([kept.exitCode, stage.vsphere.vms().length, stage.host.off]).toEqual([1, 1, []]);
    const forced = await stage.run(['vic-machine-linux', 'delete', ...login, '--force']);
    expect(messages(forced.stdout)).toContainEqual(expect.stringMatching(/warning Cannot delete VolumeStore \(nfs:\/\/nas\/share\)/));
    expect(stage.vsphere.deletedVolumeStores()).toEqual([{ datastore: 'LocalDS_0', path: 'vols' }]);
    expect([forced.exitCode, stage.vsphere.vms(), stage.host.off]).toEqual([0, [], [{ removeContainers: true }]]);
    await create(stage);
    await stage.vsphere.close();
    await stage.vsphere.close();
    expect(stage.host.off).toHaveLength(2);
  });
});
