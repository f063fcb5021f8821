import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { vcenterInventory } from '../../../../src/sandbox/vsphere/inventory.ts';
import { BUILD_VARIABLE } from '../../../../src/sandbox/vsphere/vic-machine/program.ts';
import { isoContent } from '../../../../src/sandbox/vsphere/vic-machine/iso.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { openStage, type RunOptions, type Stage, type StageOptions } from '../../../contract/vic-machine/stage.ts';

class JumpingClock extends FakeClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.advance(ms);
    signal?.throwIfAborted();
  }
}

let stage: Stage;
afterEach(() => stage.close());

async function withVch(name: string, flags: readonly string[] = [], options: StageOptions = {}): Promise<void> {
  stage = await openStage({ inventory: vcenterInventory({ portGroups: ['DC0_DVPG0', 'DC0_DVPG1', 'DC0_DVPG2'] }), ...options });
  const created = await command('create', ['--name', name, '--bridge-network', 'DC0_DVPG0', '--no-tls', ...flags]);
  expect(created.exitCode, created.stdout).toBe(0);
}

async function command(verb: string, flags: readonly string[], options: RunOptions = {}) {
  const base = ['--target', 'vcenter.example.test', '--user', 'root', '--password', 'secret', '--thumbprint', stage.vsphere.thumbprint];
  return stage.run(['vic-machine-linux', verb, ...base, ...flags], options);
}

const vch = () => stage.vsphere.vms()[0]!;
const NEWER = { [BUILD_VARIABLE]: 'v1.5.0-dev-19950-c7d40ac8' };

async function newerImages(options: { readonly kubelet: boolean }): Promise<readonly string[]> {
  for (const file of ['new-a.iso', 'new-b.iso']) await nodeFileSystem.writeFile(join(stage.folder, file), isoContent('v1.5.0-dev-19950-c7d40ac8', options));
  return ['--appliance-iso', 'new-a.iso', '--bootstrap-iso', 'new-b.iso'];
}

describe('configure', () => {
  it('changes what was given, restarts the endpoint VM with it, and can go back', async () => {
    await withVch('vch1', ['--memory', '4096', '--volume-store', 'LocalDS_0/vols:default']);
    const run = await command('configure', [
      ...['--name', 'vch1', '--memory', '8192', '--dns-server', '192.0.2.53', '--container-network', 'DC0_DVPG1:routed'],
      ...['--volume-store', 'LocalDS_0/vols:default', '--volume-store', 'LocalDS_0/more:fast', '--http-proxy', 'http://proxy.example.test:3128'],
    ]);
    expect(run.exitCode, run.stdout).toBe(0);
    expect(run.stdout).toContain('msg="Completed successfully"');
    expect(stage.host.booted.map(({ memoryMiB }) => memoryMiB)).toEqual([4096, 8192]);
    expect(stage.host.booted[1]).toMatchObject({ volumeStores: ['default', 'fast'], proxies: { http: 'http://proxy.example.test:3128' } });
    const shown = await command('inspect', ['config', '--name', 'vch1']).then(() =>
      stage.run([
        ...['vic-machine-linux', 'inspect', 'config', '--target', 'vcenter.example.test', '--user', 'root', '--password', 'secret'],
        ...['--thumbprint', stage.vsphere.thumbprint, '--name', 'vch1', '--format', 'raw'],
      ]),
    );
    expect(shown.stdout).toContain('--memory=8192');
    expect(shown.stdout).toContain('--dns-server=192.0.2.53');
    expect(shown.stdout).toContain('--volume-store=ds://LocalDS_0/more:fast');

    expect((await command('configure', ['--name', 'vch1', '--rollback'])).stdout).toContain('Reverting to snapshot reconfigure for 19900');
    expect(vch().config).toMatchObject({ memoryMiB: 4096, proxies: {}, volumeStores: [{ label: 'default' }] });
    const again = await command('configure', ['--name', 'vch1', '--rollback']);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).not.toContain('Completed successfully');
  });

  it('refuses changes to what exists, and a port group that does not', async () => {
    await withVch('vch1', ['--volume-store', 'LocalDS_0/vols:default']);
    const changed = await command('configure', ['--name', 'vch1', '--volume-store', 'LocalDS_0/elsewhere:default']);
    expect(changed.stdout).toContain('configure failed: changes to existing volume stores are not supported');
    const unknown = await command('configure', ['--name', 'vch1', '--container-network', 'no-such-group:x']);
    expect(unknown).toMatchObject({ exitCode: 1 });
    expect(unknown.stdout).toContain('no-such-group');
    expect(stage.host.booted).toHaveLength(1);
  });

  it('makes certificates only into a folder that is not there yet', async () => {
    await withVch('vch1');
    await nodeFileSystem.makeDirectory(join(stage.folder, 'vch1'));
    const blocked = await command('configure', ['--name', 'vch1', '--no-tlsverify']);
    expect(blocked.stdout).toContain('configure failed: output location \\"vch1\\" already exists');
    expect((await command('configure', ['--name', 'vch1', '--no-tlsverify', '--tls-cert-path', 'fresh'])).exitCode).toBe(0);
    expect(vch().config.tls).toMatchObject({ mode: 'tls' });
    expect(await nodeFileSystem.info(join(stage.folder, 'fresh', 'server-cert.pem'))).toBeDefined();
  });
});

describe('failures of updates by the name of a VCH', () => {
  it.each(['configure', 'upgrade'])('update-denied: %s fails and says why', async (verb) => {
    await withVch('update-denied');
    const run = await command(verb, ['--name', 'update-denied']);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('Failed to set UpdateInProgress flag to true');
    expect(run.stdout).toContain(`${verb} failed: ${verb} failed\\n`);
  });

  it('update-in-progress: refuses until the flag is cleared', async () => {
    await withVch('update-in-progress');
    expect((await command('configure', ['--name', 'update-in-progress'])).exitCode).toBe(1);
    expect((await command('upgrade', ['--name', 'update-in-progress', '--reset-progress'])).stdout).toContain('Reset UpdateInProgress flag successfully');
    expect((await command('configure', ['--name', 'update-in-progress'])).stdout).toContain('Completed successfully');
  });

  it('update-silent: exit code 0, no error and no last line', async () => {
    await withVch('update-silent');
    const run = await command('configure', ['--name', 'update-silent', '--memory', '1024']);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).not.toMatch(/level=error|Completed successfully/);
    expect(vch()).toMatchObject({ updateInProgress: false, config: { memoryMiB: 0 } });
  });

  it('update-rolled-back: error lines, the old settings, exit code 0', async () => {
    await withVch('update-rolled-back', ['--memory', '512']);
    const run = await command('upgrade', ['--name', 'update-rolled-back', ...(await newerImages({ kubelet: true }))], { env: NEWER });
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('level=error msg="Failed to upgrade: ');
    expect(run.stdout).toContain('Appliance is rolled back to previous version');
    expect(run.stdout).not.toContain('Completed successfully');
    expect(vch()).toMatchObject({ poweredOn: true, updateInProgress: false, config: { version: 'v1.5.0-dev-19900-c7d40ac8' } });
  });

  it('update-timeout: exit code 1 and the flag stays', async () => {
    await withVch('update-timeout');
    const run = await command('configure', ['--name', 'update-timeout', '--timeout', '30s'], { clock: new JumpingClock() });
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('Failed to revert appliance to snapshot');
    expect(run.stdout).toContain('Configure timed out: use --timeout to add more time');
    expect(vch().updateInProgress).toBe(true);
  });

  it('debug-no-tools: debug fails and says why', async () => {
    await withVch('debug-no-tools');
    const run = await command('debug', ['--name', 'debug-no-tools']);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('Tools is not running in the appliance');
  });
});

describe('upgrade', () => {
  it('replaces the version, keeps the kubelet only with its image, and rolls back', async () => {
    await withVch('vch1', ['--k8s-server-address', 'https://k8s.example.test:6443', '--k8s-config', 'kube.conf']);
    const run = await command('upgrade', ['--name', 'vch1', ...(await newerImages({ kubelet: false }))], { env: NEWER });
    expect(run.exitCode, run.stdout).toBe(0);
    expect(vch().config.version).toBe('v1.5.0-dev-19950-c7d40ac8');
    expect(stage.host.booted.map(({ hasKubelet }) => hasKubelet)).toEqual([true, false]);
    const back = await command('upgrade', ['--name', 'vch1', '--rollback', ...(await newerImages({ kubelet: true }))], { env: NEWER });
    expect(back.stdout).toContain('Completed successfully');
    expect(vch().config.version).toBe('v1.5.0-dev-19900-c7d40ac8');
    expect(stage.host.booted.at(-1)).toMatchObject({ hasKubelet: true });
  });

  it('has nothing to do for a VCH of the same build: exit code 0 without a last line', async () => {
    await withVch('vch1');
    const run = await command('upgrade', ['--name', 'vch1']);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('No upgrade is available.');
    expect(run.stdout).not.toContain('Completed successfully');
  });
});

describe('debug', () => {
  it('hands the key over, keeps no password, and forgets both at a restart', async () => {
    await withVch('vch1');
    await nodeFileSystem.writeFile(join(stage.folder, 'id.pub'), 'ssh-ed25519 AAAA test\n');
    const run = await command('debug', ['--name', 'vch1', '--authorized-key', 'id.pub', '--rootpw', 'hidden-root-password']);
    expect(run.exitCode, run.stdout).toBe(0);
    expect(run.stdout).toContain('ssh root@127.0.0.1');
    expect(vch().ssh).toEqual({ authorizedKey: 'ssh-ed25519 AAAA test\n', rootPassword: true });
    await command('configure', ['--name', 'vch1']);
    expect(vch().ssh).toBeUndefined();
  });
});
