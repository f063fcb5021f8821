import { X509Certificate } from 'node:crypto';
import { access, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/sandbox/certificates.ts';
import { run, startSite, type Run, type RunOptions, type Site } from './site.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite();
});
afterAll(async () => {
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

const CREATE = ['--bridge-network', 'DC0_DVPG0', '--no-tlsverify'];
const create = (name: string, more: readonly string[] = [], options: RunOptions = {}): Promise<Run> =>
  site.vick(['create', 'vch', name, ...CREATE, ...more], options);

interface KubeconfigFile {
  clusters: { cluster: Record<string, unknown> }[];
  users: { user: Record<string, unknown> }[];
}

/** Path of a copy of the administrator's kubeconfig with `change` made. */
async function kubeconfigWith(name: string, change: (file: KubeconfigFile) => void): Promise<string> {
  const file = parse(await readFile(site.kubeconfig, 'utf8')) as KubeconfigFile;
  change(file);
  const path = join(site.folder, `${name}.kubeconfig`);
  await writeFile(path, stringify(file));
  return path;
}

/** A relay to the API server, and what ends it: after that nobody gets through. */
async function relayTo(server: URL): Promise<{ readonly url: string; readonly cut: () => void }> {
  const sockets = new Set<Socket>();
  const relay = createServer((incoming) => {
    const outgoing = connect({ host: server.hostname, port: Number(server.port) });
    for (const socket of [incoming, outgoing]) sockets.add(socket.on('error', () => undefined));
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on('close', () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    relay.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `https://127.0.0.1:${(relay.address() as AddressInfo).port}`, cut };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
const lines = (text: string): number => text.trimEnd().split('\n').length;

describe('bad input is refused on one screen before anything is touched', () => {
  const refused = async (result: Run, code: string, exit: number): Promise<void> => {
    expect(result.code, result.stderr).toBe(exit);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain(`[${code}]`);
    expect(result.stderr).toMatch(/\nhint: \S.+\n$/);
    expect(lines(result.stderr), result.stderr).toBeLessThanOrEqual(24);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(result.stderr).not.toContain(site.env['VIC_MACHINE_PASSWORD']);
    expect((await site.ok(['list', 'vch', '-o', 'name'])).stdout).toBe('');
    expect(await exists(join(site.stateDirectory, 'vch'))).toBe(false);
  };

  test('an unknown flag', async () => {
    await refused(await create('web', ['--lable', 'a=b']), 'USAGE', 2);
  });

  test.each([
    ['capital letters', 'Web_1'],
    ['a slash', 'a/b'],
    ['too long', 'w'.repeat(32)],
  ])('a VCH name that cannot be: %s', async (_, name) => {
    await refused(await create(name), 'NAME_INVALID', 2);
  });

  test('a kubeconfig that is not there', async () => {
    await refused(await create('web', ['--kubeconfig', join(site.folder, 'nowhere')]), 'KUBECONFIG_NOT_FOUND', 6);
  });

  test.each([
    ['no YAML', 'clusters: [}\n'],
    ['no kubeconfig', '- just\n- a list\n'],
    ['a certificate that is none', ''],
  ])('a malformed kubeconfig: %s', async (name, text) => {
    const path = await kubeconfigWith('malformed', ({ users }) => {
      users[0]!.user['client-certificate-data'] = base64('no certificate');
    });
    if (name !== 'a certificate that is none') await writeFile(path, text);
    await refused(await create('web', ['--kubeconfig', path]), 'KUBECONFIG_INVALID', 6);
  });

  test('an unknown context', async () => {
    await refused(await create('web', ['--context', 'elsewhere']), 'KUBECONFIG_INVALID', 6);
  });

  test('a server that does not answer', async () => {
    const path = await kubeconfigWith('unreachable', ({ clusters }) => {
      clusters[0]!.cluster['server'] = 'https://127.0.0.1:9';
    });
    await refused(await create('web', ['--kubeconfig', path]), 'KUBE_UNREACHABLE', 6);
  });

  test('a server that another authority has signed', async () => {
    const other = await createAuthority({ commonName: 'another', now: Date.now() });
    const path = await kubeconfigWith('other-ca', ({ clusters }) => {
      clusters[0]!.cluster['certificate-authority-data'] = base64(other.certificate);
    });
    await refused(await create('web', ['--kubeconfig', path]), 'KUBE_TLS', 6);
  });

  test('a client certificate that has expired: told with its date', async () => {
    const long = Date.now() - 400 * 24 * 3_600_000;
    const authority = await createAuthority({ commonName: 'kubernetes', now: long });
    const old = await authority.issueClient({ commonName: 'kubernetes-admin', now: long, validDays: 30 });
    const path = await kubeconfigWith('expired', ({ users }) => {
      users[0]!.user = { 'client-certificate-data': base64(old.certificate), 'client-key-data': base64(old.key) };
    });
    const result = await create('web', ['--kubeconfig', path]);
    await refused(result, 'KUBE_UNAUTHENTICATED', 4);
    expect(result.stderr).toContain(`expired on ${new Date(new X509Certificate(old.certificate).validTo).toISOString().slice(0, 10)}`);
  });

  test('a token that nobody knows', async () => {
    const path = await kubeconfigWith('unknown-token', ({ users }) => {
      users[0]!.user = { token: 'a-token-that-nobody-knows' };
    });
    const result = await create('web', ['--kubeconfig', path]);
    await refused(result, 'KUBE_UNAUTHENTICATED', 4);
    expect(result.stderr).toContain('does not accept the credentials');
    expect(result.stderr).not.toContain('a-token-that-nobody-knows');
  });

  test('a user who may do nothing: every missing permission is named', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await site.api.request({ method: 'POST', path: accounts, body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'weak' } } });
    const { status } = await site.api.request<{ status: { token: string } }>({
      method: 'POST',
      path: `${accounts}/weak/token`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [], expirationSeconds: 3600 } },
    });
    const path = await kubeconfigWith('weak', ({ users }) => {
      users[0]!.user = { token: status.token };
    });
    const result = await create('web', ['--kubeconfig', path]);
    await refused(result, 'KUBE_FORBIDDEN', 4);
    expect(result.stderr).toContain('may not create certificatesigningrequests.certificates.k8s.io');
    expect(result.stderr).toContain('may not approve signers.certificates.k8s.io');
    const asIs = await create('web', ['--kubeconfig', path, '--kubelet-identity', 'as-is']);
    expect(asIs.code, asIs.stderr).toBe(4);
    expect(asIs.stderr).toContain('may not create nodes');
    expect(asIs.stderr).toContain('may not patch pods/status');
  });

  test('no vic-machine', async () => {
    await refused(await create('web', ['--vic-machine', join(site.folder, 'nothing')]), 'VIC_MACHINE_NOT_FOUND', 6);
    await refused(await create('web', [], { env: { VICK_VIC_MACHINE: '', PATH: site.folder } }), 'VIC_MACHINE_NOT_FOUND', 6);
  });

  /** Path of the vic-machine of a release. */
  const release = async (): Promise<string> => {
    const binary = site.env['VICK_VIC_MACHINE'] ?? '';
    const path = join(dirname(binary), 'vic-machine-1.5.6');
    await writeFile(path, `#!/bin/sh\nVICK_SANDBOX_VIC_MACHINE=1.5.6 exec '${binary}' "$@"\n`, { mode: 0o755 });
    return path;
  };

  test('a vic-machine without the Kubernetes flags', async () => {
    const result = await create('web', ['--vic-machine', await release()]);
    await refused(result, 'VIC_MACHINE_TOO_OLD', 6);
    expect(result.stderr).toContain('v1.5.6');
  });

  test('a wrong password', async () => {
    await refused(await create('web', [], { env: { VIC_MACHINE_PASSWORD: 'not-the-password' } }), 'VIC_TARGET_LOGIN', 4);
  });

  test('a wrong thumbprint', async () => {
    await refused(await create('web', ['--thumbprint', Array<string>(20).fill('0A').join(':')]), 'VIC_TARGET_CERTIFICATE', 4);
  });

  test('several faults at once, all told', async () => {
    const result = await create('web', ['--kubeconfig', join(site.folder, 'nowhere'), '--vic-machine', await release()]);
    await refused(result, 'PREFLIGHT', 6);
    for (const code of ['KUBECONFIG_NOT_FOUND', 'VIC_MACHINE_TOO_OLD']) expect(result.stderr).toContain(code);
  });

  test('with -o json the last line of stderr is the error', async () => {
    const result = await create('web', ['--kubeconfig', join(site.folder, 'nowhere'), '-o', 'json']);
    expect(result).toMatchObject({ code: 6, stdout: '' });
    const { error } = JSON.parse(result.stderr.trimEnd().split('\n').at(-1) ?? '') as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code: 'KUBECONFIG_NOT_FOUND', message: expect.stringContaining('nowhere'), hint: expect.stringContaining('--kubeconfig') });
    expect(error['details']).toMatchObject({ checks: expect.arrayContaining([expect.objectContaining({ name: 'kubeconfig', status: 'fail' })]) });
  });
});

describe('a create that fails half way', () => {
  /** Runs the command that the error names, in a shell as an operator would. */
  const removeAsTold = async (result: Run): Promise<void> => {
    const command = /Remove it with: (.+)$/m.exec(result.stderr)?.[1] ?? '';
    expect(command, result.stderr).toMatch(/^(vick delete vch|rm -r) /);
    const script = `vick() { "$NODE" "$VICK" "$@"; }; ${command.replace(/^(vick delete vch)/, '$1 --yes')}`;
    const vick = join(import.meta.dirname, '../../bin/vick.js');
    const removed = await run('sh', ['-c', script], { env: { ...site.env, NODE: process.execPath, VICK: vick }, cwd: site.folder });
    expect(removed.code, removed.stderr).toBe(0);
  };
  const nothingLeft = async (name: string): Promise<void> => {
    expect((await site.ok(['list', 'vch', '-o', 'name'])).stdout).toBe('');
    expect(await exists(join(site.stateDirectory, 'vch', name, name))).toBe(false);
    await expect(site.api.request({ method: 'GET', path: `/api/v1/nodes/kubelet-${name}` })).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' });
  };

  test.each([
    ['deny-vm', 'VIC_PERMISSION', 4, 'local certificates'],
    ['deny-reconfigure', 'VIC_PERMISSION', 4, /the VM vm-\d+ \(powered off\)/],
    ['fail-power-on', 'VIC_MACHINE_FAILED', 1, /the VM vm-\d+ \(powered off\)/],
    ['no-ip', 'VIC_MACHINE_TIMEOUT', 7, /the VM vm-\d+ \(powered on/],
    ['crash', 'VIC_MACHINE_FAILED', 1, 'local certificates'],
  ])('%s', async (sentinel, code, exit, remains) => {
    const name = `${sentinel}-a`;
    const result = await create(name, ['--vic-timeout', '3s']);
    expect(result.code, result.stderr).toBe(exit);
    expect(result.stderr).toContain(`[${code}]`);
    expect(/What exists now: (.*)/.exec(result.stderr)?.[1] ?? '', result.stderr).toMatch(remains);
    expect(result.stderr).not.toContain(site.env['VIC_MACHINE_PASSWORD']);
    await removeAsTold(result);
    await nothingLeft(name);
  });

  test('an upload that fails once is tried again, and the VCH works', async () => {
    const result = await create('flaky-upload-a', ['-o', 'json']);
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ node: { ready: true }, problems: [] });
    await site.ok(['delete', 'vch', 'flaky-upload-a', '--yes']);
    await nothingLeft('flaky-upload-a');
  });

  test('a kubelet that does not start: the VCH stands, the command says what is wrong', async () => {
    const result = await create('kubelet-starter-fails-a', ['-o', 'json']);
    expect(result.code, result.stderr).toBe(8);
    const problems = expect.arrayContaining([expect.stringContaining('exec format error'), expect.stringContaining('kubelet-starter.log')]);
    expect(JSON.parse(result.stdout)).toMatchObject({ name: 'kubelet-starter-fails-a', problems });
    await site.ok(['delete', 'vch', 'kubelet-starter-fails-a', '--yes']);
    await nothingLeft('kubelet-starter-fails-a');
  });

  test('a node that is not Ready in time', async () => {
    const relay = await relayTo(new URL(site.api.server));
    const path = await kubeconfigWith('relayed', ({ clusters }) => {
      clusters[0]!.cluster['server'] = relay.url;
    });
    const result = await create('late', ['--kubeconfig', path, '--timeout', '2s'], { interrupt: { when: /Prepare certificates/, act: relay.cut } });
    expect(result.code, result.stderr).toBe(7);
    expect(result.stderr).toContain('[NODE_NOT_READY]');
    expect(result.stderr).toMatch(/The VCH late \(vm-\d+\) exists and runs\./);
    await removeAsTold(result);
    await nothingLeft('late');
  });

  test('--no-wait ends before the node is there', async () => {
    const result = await create('hasty', ['--no-wait', '-o', 'json']);
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ name: 'hasty', problems: [] });
    expect(result.stderr).not.toContain('becomes Ready');
    await site.ok(['delete', 'vch', 'hasty', '--yes']);
  });

  test('Ctrl-C while the VM boots: what exists is told, and the command that removes it works', async () => {
    const result = await create('slow-boot-a', [], { interrupt: { when: /Boot the endpoint VM/, signal: 'SIGINT' } });
    expect(result.code, result.stderr).toBe(130);
    expect(result.stderr).toMatch(/interrupted\nWhat exists now: the VM vm-\d+/);
    await removeAsTold(result);
    await nothingLeft('slow-boot-a');
  });

  test('a second Ctrl-C ends the program at once', async () => {
    const name = 'slow-boot-b';
    const result = await run('sh', ['-c', TWICE], {
      env: { ...site.env, NODE: process.execPath, VICK: join(import.meta.dirname, '../../bin/vick.js'), NAME: name },
      cwd: site.folder,
    });
    expect(result.stdout).toMatch(/^exit 130$/m);
    expect(result.stderr).not.toContain('What exists now');
    await site.ok(['delete', 'vch', name, '--yes']);
    await nothingLeft(name);
  });
});

const TWICE = `
"$NODE" "$VICK" create vch "$NAME" ${CREATE.join(' ')} 2>twice.log &
pid=$!
until grep -q 'Boot the endpoint VM' twice.log; do kill -0 $pid || exit 1; done
kill -INT $pid; kill -TERM $pid
wait $pid; echo "exit $?"
cat twice.log >&2
`;

test('creating a VCH that exists: the same is unchanged, another is a conflict', async () => {
  await site.ok(['create', 'vch', 'twin', ...CREATE]);
  expect((await site.ok(['create', 'vch', 'twin', ...CREATE])).stdout).toBe('vch/twin unchanged\n');
  const other = await create('twin', ['--memory', '4096']);
  expect(other.code, other.stderr).toBe(3);
  expect(other.stderr).toContain('spec.memory: is not set, asked for 4096');
  expect(other.stderr).toContain('vick configure vch twin --memory 4096');
  await site.ok(['delete', 'vch', 'twin', '--yes']);
});
