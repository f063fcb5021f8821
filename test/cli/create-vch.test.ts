import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../src/sandbox/certificates.ts';
import { createWorld, GOOD_TOKEN, type World, type WorldOptions } from '../support/vch-world.ts';

const DAY_MS = 24 * 3_600_000;
let world: World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function start(options: WorldOptions = {}): Promise<World> {
  world = await createWorld({ script: { ls: ['ls-empty'], create: ['create-success-k8s'] }, ...options });
  world.api.joins = { name: 'kubelet-vch2', registersAfter: 3, readyAfter: 2 };
  return world;
}

const CREATE = 'create vch vch2 --no-tlsverify';

describe('vick create vch', () => {
  it('checks, runs vic-machine with live steps, waits for the node, and sets labels and taints', async () => {
    const { vick, fake, api, calls, exists, state } = await start();
    api.conflicts = 1;
    expect(await vick(`${CREATE} --bridge-network DC0_DVPG1 --label zone=a --taint dedicated=web:NoSchedule -o json`), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({
      kind: 'Vch',
      name: 'vch2',
      id: 'vm-39',
      node: { name: 'kubelet-vch2', ready: true },
      endpoints: { adminPortal: 'https://192.0.2.11:2378', docker: '192.0.2.11:2376' },
      problems: [],
    });
    expect(api.nodes.get('kubelet-vch2')).toMatchObject({
      metadata: { labels: { zone: 'a' } },
      spec: { taints: [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' }] },
    });
    const steps = [
      'Prepare certificates',
      'Validate against vSphere',
      'Build the VCH',
      'Upload images',
      'Boot the endpoint VM',
      'Node kubelet-vch2 registers',
      'Labels and taints',
      'Node kubelet-vch2 becomes Ready',
    ];
    const places = steps.map((step) => fake.stderr().indexOf(step));
    expect(places, fake.stderr()).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);

    const [create] = await calls('create');
    expect(create!.cwd).toBe(join(state, 'vch', 'vch2'));
    expect(create!.args.join(' ')).not.toContain('secret-of-vsphere');
    expect(create!.env).toMatchObject({ VIC_MACHINE_PASSWORD: 'secret-of-vsphere' });
    expect(create!.env['VICK_PASSWORD']).toBeUndefined();
    expect(create!.config?.mode).toBe(0o600);
    expect(create!.config?.content).toContain(GOOD_TOKEN);
    expect(await exists(join(state, 'vch', 'vch2', 'kubeconfig'))).toBe(false);
    expect(fake.stdout() + fake.stderr()).not.toContain('secret-of-vsphere');
  });

  it('says what came out for a person, and only a name with -o name', async () => {
    const { vick, fake } = await start();
    expect(await vick(CREATE)).toBe(0);
    expect(fake.stdout()).toContain('VCH:             vch2 (vm-39)');
    expect(fake.stdout()).toContain('kubelet-vch2 (Ready)');
    expect(fake.stderr()).not.toContain('time="');
  });

  it('shows raw lines with --verbose', async () => {
    const { vick, fake } = await start();
    expect(await vick(`${CREATE} --verbose`)).toBe(0);
    expect(fake.stderr()).toContain('msg="### Installing VCH ####"');
  });

  it('does not wait with --no-wait', async () => {
    const { vick, fake, api } = await start();
    expect(await vick(`${CREATE} --no-wait -o name`), fake.stderr()).toBe(0);
    expect(fake.stdout()).toBe('vch/vch2\n');
    expect(api.requests.filter((request) => request === 'GET /api/v1/nodes/kubelet-vch2')).toHaveLength(1);
  });

  it('ends with 8 and the reason when the kubelet did not start', async () => {
    const { vick, fake } = await start({ script: { ls: ['ls-empty'], create: ['create-kubelet-starter-failed'] } });
    expect(await vick(`${CREATE} -o json`)).toBe(8);
    expect(JSON.parse(fake.stdout()).problems[0]).toContain('kubelet-starter: exec format error');
    expect(fake.stderr()).toContain('https://192.0.2.10:2378/logs/kubelet-starter.log');
  });

  it('ends with 7, and says that the VCH exists, when the node does not become Ready', async () => {
    const { vick, fake, api } = await start();
    api.joins = { name: 'kubelet-vch2', registersAfter: 2, readyAfter: 1000 };
    expect(await vick(`${CREATE} --timeout 20s`)).toBe(7);
    expect(fake.stderr()).toContain('NODE_NOT_READY');
    expect(fake.stderr()).toContain('registered, not Ready (Starting)');
    expect(fake.stderr()).toContain('The VCH vch2 (vm-39) exists and runs.');
    expect(fake.stderr()).toContain('vick delete vch vch2 --target 127.0.0.1:8989 --user root');
  });
});

describe('vick create vch --dry-run', () => {
  it('prints the exact command and touches nothing', async () => {
    const { vick, fake, calls, exists, state, folder } = await start();
    expect(await vick(`${CREATE} --volume-store ds1/v:default --label a=b --dry-run -o json -- --dns-server 192.0.2.53 --tls-ca ca.pem`), fake.stderr()).toBe(
      0,
    );
    const plan = JSON.parse(fake.stdout());
    expect(plan.vicMachine.args).toEqual([
      ...['create', '--target', '127.0.0.1:8989', '--user', 'root', '--name', 'vch2', '--volume-store', 'ds1/v:default', '--no-tlsverify'],
      ...['--appliance-iso', join(folder, 'bin', 'appliance-vkubelet.iso'), '--bootstrap-iso', join(folder, 'bin', 'bootstrap.iso')],
      ...['--k8s-server-address', plan.kubernetesServerAddress, '--k8s-config', join(state, 'vch', 'vch2', 'kubeconfig'), '--timeout', '10m'],
      ...['--dns-server', '192.0.2.53', '--tls-ca', join(folder, 'ca.pem')],
    ]);
    expect(plan).toMatchObject({ nodeName: 'kubelet-vch2', labels: { a: 'b' }, vicMachine: { environment: { VIC_MACHINE_PASSWORD: '[redacted]' } } });
    expect(await calls()).toEqual([]);
    expect(await exists(state)).toBe(false);
    expect(fake.stdout()).not.toContain('secret-of-vsphere');
    expect(fake.stdout()).not.toContain(GOOD_TOKEN);
  });

  it('needs no password and reads like a command', async () => {
    const { vick, fake } = await start({ env: { VICK_PASSWORD: '' } });
    expect(await vick(`${CREATE} --dry-run`), fake.stderr()).toBe(0);
    expect(fake.stdout()).toMatch(/Would run:\n {2}VIC_MACHINE_PASSWORD=\[redacted\] .*vic-machine-linux create --target/);
  });

  it('takes user and password out of the target', async () => {
    const { vick, fake } = await start({ env: { VICK_USER: '', VICK_PASSWORD: '', VICK_TARGET: 'https://ada:hidden-in-target@vc.example.test/DC0' } });
    expect(await vick(`${CREATE} --allow-loopback --dry-run`), fake.stderr()).toBe(0);
    expect(fake.stdout()).toContain('--target https://vc.example.test/DC0 --user ada');
    expect(fake.stdout()).not.toContain('hidden-in-target');
  });
});

describe('what is refused before anything is touched', () => {
  const untouched = async ({ calls, exists, state }: World): Promise<void> => {
    expect(await calls('create')).toEqual([]);
    expect(await exists(join(state, 'vch'))).toBe(false);
  };

  it.each([
    ['create vch Web --no-tlsverify', 2, 'NAME_INVALID', 'for example: web'],
    ['create vch under_score --no-tlsverify', 2, 'NAME_INVALID', 'for example: under-score'],
    [`create vch ${'x'.repeat(32)} --no-tlsverify`, 2, 'NAME_INVALID', 'longer than 31'],
    ['create vch a..b --no-tlsverify', 2, 'NAME_INVALID', 'for example: a.b'],
    ['create vch web', 2, 'USAGE', '--tls-cname NAME'],
    ['create vch web --no-tls --no-tlsverify', 2, 'USAGE', 'exclude each other'],
    [`${CREATE} --nope`, 2, 'USAGE', '--nope'],
    [`${CREATE} --k8s-server-address k8s.example.test:notaport`, 2, 'USAGE', 'host:port'],
    [`${CREATE} --taint a=b`, 2, 'USAGE', 'invalid taint spec'],
    [`${CREATE} --label a=b=c`, 2, 'USAGE', 'invalid label spec'],
    [`${CREATE} --label a-`, 2, 'USAGE', 'does not exist yet'],
    [`${CREATE} --thumbprint AA:BB`, 2, 'USAGE', 'SHA-1'],
    [`${CREATE} --volume-store ds1`, 2, 'USAGE', 'has no label'],
    [`${CREATE} --target vc.example.test/DC0/C0`, 2, 'USAGE', '--compute-resource'],
    [`${CREATE} -- stray`, 2, 'USAGE', 'is no flag'],
    [`${CREATE} -- --password x`, 2, 'USAGE', 'VICK_PASSWORD'],
    [`${CREATE} -- --dns-server`, 2, 'USAGE', 'has no value'],
    [`${CREATE} -- --not-a-flag=1`, 2, 'USAGE', 'does not know --not-a-flag'],
    [`${CREATE} --kubeconfig /does/not/exist`, 6, 'KUBECONFIG_NOT_FOUND', '/does/not/exist'],
    [`${CREATE} --context staging`, 6, 'KUBECONFIG_INVALID', 'it has: prod'],
    [`${CREATE} --vic-machine /does/not/exist`, 6, 'VIC_MACHINE_NOT_FOUND', '--vic-machine'],
    [`${CREATE} --appliance-iso missing.iso`, 6, 'PREFLIGHT', 'missing.iso'],
    [`${CREATE} --target vc.example.test`, 6, 'KUBECONFIG_INVALID', '--allow-loopback'],
  ])('%s ends with %i %s', async (line, code, name, text) => {
    const here = await start();
    expect(await here.vick(line), here.fake.stderr()).toBe(code);
    expect(here.fake.stderr()).toContain(name);
    expect(here.fake.stderr()).toContain(text);
    expect(here.fake.stdout()).toBe('');
    await untouched(here);
  });

  it.each([
    ['not YAML', '{ "a": [', 'KUBECONFIG_INVALID'],
    ['a list', '- a\n- b\n', 'KUBECONFIG_INVALID'],
    ['empty', '', 'KUBECONFIG_INVALID'],
  ])('a kubeconfig that is %s', async (_, text, name) => {
    const here = await start();
    await writeFile(here.kubeconfig, text);
    expect(await here.vick(CREATE)).toBe(6);
    expect(here.fake.stderr()).toContain(name);
    await untouched(here);
  });

  it('a user who logs in with a program', async () => {
    const here = await start();
    await here.writeKubeconfig({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'aws', interactiveMode: 'Never' } } });
    expect(await here.vick(CREATE)).toBe(6);
    expect(here.fake.stderr()).toContain('logs in with a program');
    await untouched(here);
  });

  it('a server that does not answer', async () => {
    const here = await start();
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    await here.writeKubeconfig({ server: `https://127.0.0.1:${port}` });
    expect(await here.vick(CREATE)).toBe(6);
    expect(here.fake.stderr()).toContain('KUBE_UNREACHABLE');
    await untouched(here);
  });

  it('an unknown certificate authority', async () => {
    const here = await start();
    const other = await createAuthority({ commonName: 'other-ca', now: Date.now() });
    await here.writeKubeconfig({ ca: other.certificate });
    expect(await here.vick(CREATE)).toBe(6);
    expect(here.fake.stderr()).toContain('KUBE_TLS');
    await untouched(here);
  });

  it.each([
    ['for another name', { serverNames: ['k8s.example.test'] }],
    ['that has expired', { serverExpired: true }],
  ])('a server certificate %s', async (_, options) => {
    const here = await start(options);
    expect(await here.vick(CREATE)).toBe(6);
    expect(here.fake.stderr()).toContain('KUBE_TLS');
    await untouched(here);
  });

  it('an expired client certificate, with its date', async () => {
    const here = await start();
    const old = await here.authority.issueClient({ commonName: 'admin', now: Date.UTC(2026, 10, 1, 12), validDays: 1 });
    await here.writeKubeconfig({ user: certificateUser(old) });
    expect(await here.vick(CREATE)).toBe(4);
    expect(here.fake.stderr()).toContain('KUBE_UNAUTHENTICATED');
    expect(here.fake.stderr()).toMatch(/expired on 2026-11-0\dT/);
    expect(here.api.requests).toEqual([]);
    await untouched(here);
  });

  it('credentials that are not accepted', async () => {
    const here = await start();
    await here.writeKubeconfig({ user: { token: 'a-wrong-token' } });
    expect(await here.vick(CREATE)).toBe(4);
    expect(here.fake.stderr()).toContain('KUBE_UNAUTHENTICATED');
    expect(here.fake.stderr()).not.toContain('a-wrong-token');
    await untouched(here);
  });

  it('missing permissions, every one by name', async () => {
    const here = await start();
    for (const denied of ['create nodes', 'patch pods/status', 'create events']) here.api.denied.add(denied);
    expect(await here.vick(CREATE)).toBe(4);
    expect(here.fake.stderr()).toContain('may not create nodes, which is needed to register the node');
    expect(here.fake.stderr()).toContain('may not patch pods/status');
    expect(here.fake.stderr()).toContain('kubectl auth can-i create nodes');
    await untouched(here);
  });

  it('warns of a permission whose loss only degrades, and goes on', async () => {
    const here = await start();
    here.api.denied.add('create events');
    expect(await here.vick(CREATE)).toBe(0);
    expect(here.fake.stderr()).toContain('may not create events');
    expect(new Set(here.api.reviews).size).toBeGreaterThan(12);
  });

  it('a node of that name that is Ready', async () => {
    const here = await start();
    here.api.joins = undefined;
    here.api.addNode('kubelet-vch2', true);
    expect(await here.vick(CREATE)).toBe(3);
    expect(here.fake.stderr()).toContain('another VCH of that name');
    await untouched(here);
  });

  it.each([
    ['a VCH of that name', 'create vch vch1 --no-tlsverify', ['ls-one'], 3, 'VCH_EXISTS'],
    ['a wrong vSphere password', CREATE, ['ls-wrong-password'], 4, 'VIC_TARGET_LOGIN'],
    ['an untrusted vSphere certificate', CREATE, ['ls-thumbprint-missing'], 4, '--thumbprint AA:BB:CC'],
    ['an unknown compute resource', CREATE, ['ls-compute-not-found'], 1, 'VIC_VALIDATION'],
  ])('%s', async (_, line, ls, code, text) => {
    const here = await start({ script: { ls, create: ['create-success-k8s'] } });
    expect(await here.vick(line), here.fake.stderr()).toBe(code);
    expect(here.fake.stderr()).toContain(text);
    await untouched(here);
  });

  it('a vic-machine without the Kubernetes flags, by its version', async () => {
    const here = await start({ script: { ls: ['ls-empty'], flags: ['create-help'], version: ['version-v1.5.6'], create: ['create-unknown-flag'] } });
    expect(await here.vick(CREATE)).toBe(6);
    expect(here.fake.stderr()).toContain('VIC_MACHINE_TOO_OLD');
    expect(here.fake.stderr()).toContain('feature/wolfpack');
    await untouched(here);
  });

  it('no appliance image with the kubelet', async () => {
    const here = await start({ images: false });
    expect(await here.vick(CREATE)).toBe(6);
    expect(here.fake.stderr()).toContain('appliance-vkubelet.iso');
    await untouched(here);
  });

  it('several faults of different kinds, all on one screen', async () => {
    const here = await start({ images: false, script: { ls: ['ls-wrong-password'] } });
    await here.writeKubeconfig({ user: { token: 'a-wrong-token' } });
    expect(await here.vick(CREATE)).toBe(4);
    for (const text of ['KUBE_UNAUTHENTICATED', 'VIC_TARGET_LOGIN', 'appliance-vkubelet.iso', '3 checks failed']) {
      expect(here.fake.stderr()).toContain(text);
    }
    await untouched(here);
  });

  it('a missing password where nobody can be asked; on a terminal it is asked for', async () => {
    const silent = await start({ env: { VICK_PASSWORD: '' } });
    expect(await silent.vick(CREATE)).toBe(2);
    expect(silent.fake.stderr()).toContain('VICK_PASSWORD');
    await untouched(silent);
    await silent.close();
    const asking = await start({ env: { VICK_PASSWORD: '' }, terminal: true, answers: ['typed-by-hand'] });
    expect(await asking.vick(CREATE), asking.fake.stderr()).toBe(0);
    expect(asking.fake.asked).toEqual(['Password of root on 127.0.0.1:8989 [VICK_PASSWORD]']);
    expect((await asking.calls('create'))[0]?.env['VIC_MACHINE_PASSWORD']).toBe('typed-by-hand');
    expect(asking.fake.stderr()).not.toContain('typed-by-hand');
  });
});

describe('when vic-machine fails', () => {
  it.each([
    ['create-k8s-address-bad', 1, ['What exists now: the VM vm-35 (powered off)', 'vick delete vch vch1']],
    ['create-timeout-docker-api', 7, ['VIC_MACHINE_TIMEOUT', 'powered on, it may still come up', 'vick delete vch vch1']],
    ['create-compute-not-found', 1, ['(--compute-resource can be: DC0_C0)', 'Nothing was left behind.']],
    ['create-unknown-flag', 1, ['Incorrect Usage', 'Nothing was left behind.']],
    ['create-no-permission', 4, ['VIC_PERMISSION']],
  ])('%s: says why, what exists and how to remove it', async (transcript, code, texts) => {
    const here = await start({ script: { ls: ['ls-empty', 'ls-after-no-permission-power-on'], create: [transcript] } });
    expect(await here.vick('create vch vch1 --no-tlsverify'), here.fake.stderr()).toBe(code);
    for (const text of texts) expect(here.fake.stderr()).toContain(text);
    expect(await here.exists(join(here.state, 'vch', 'vch1', 'kubeconfig'))).toBe(false);
  });

  it('Ctrl-C in the middle stops vic-machine and says what exists', async () => {
    const here = await start({ script: { ls: ['ls-empty', 'ls-after-interrupt'], create: ['create-interrupted'] } });
    const controller = new AbortController();
    const running = here.vick('create vch vch1 --no-tlsverify --verbose', controller.signal);
    while (!here.fake.stderr().includes('Waiting for IP information')) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('SIGINT'));
    expect(await running).toBe(130);
    expect(here.fake.stderr()).toContain('vic-machine create was interrupted');
    expect(here.fake.stderr()).toMatch(/What exists now: the VM vm-\d+ \(powered on/);
    expect(here.fake.stderr()).toContain('Remove it with: vick delete vch vch1');
    expect(await here.exists(join(here.state, 'vch', 'vch1', 'kubeconfig'))).toBe(false);
  });

  it('puts the certificates of an earlier VCH aside', async () => {
    const here = await start();
    const folder = join(here.state, 'vch', 'vch2', 'vch2');
    const { mkdir, readdir } = await import('node:fs/promises');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'key.pem'), 'old');
    expect(await here.vick(CREATE)).toBe(0);
    const [aside] = (await readdir(join(here.state, 'vch', 'vch2'))).filter((name) => name.startsWith('vch2.before-'));
    expect(await readFile(join(here.state, 'vch', 'vch2', aside!, 'key.pem'), 'utf8')).toBe('old');
  });
});

it('works with a client certificate', async () => {
  const here = await start();
  const client = await here.authority.issueClient({ commonName: 'admin', now: Date.now() - DAY_MS, validDays: 3650 });
  await here.writeKubeconfig({ user: certificateUser(client) });
  expect(await here.vick(CREATE), here.fake.stderr()).toBe(0);
});

function certificateUser(pair: { certificate: string; key: string }): Record<string, unknown> {
  return { 'client-certificate-data': Buffer.from(pair.certificate).toString('base64'), 'client-key-data': Buffer.from(pair.key).toString('base64') };
}
