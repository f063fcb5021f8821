import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, type World, type WorldOptions } from '../support/vch-world.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function start(script: Record<string, readonly string[]>, options: WorldOptions = {}): Promise<World> {
  world = await createWorld({ script, ...options });
  return world;
}

/** A run that nobody recorded, told line by line. */
async function transcript({ folder }: World, name: string, exit: number, lines: readonly string[]): Promise<void> {
  const out = lines.map((line) => (line.startsWith('!') ? `out| time="T" level=error msg="${line.slice(1)}" ` : `out| time="T" level=info msg="${line}" `));
  await writeFile(join(folder, `${name}.txt`), [`# command: vic-machine-linux x`, `# exit code: ${exit}`, '---', ...out, ''].join('\n'));
}

describe('vick inspect vch', () => {
  it('shows addresses and versions, and the options on request', async () => {
    const { vick, fake, calls } = await start({ inspect: ['inspect-by-id'], 'inspect config': ['inspect-config-verbose'] });
    expect(await vick('inspect vch --id VirtualMachine:vm-29 --options -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({
      kind: 'VchInspection',
      id: 'vm-29',
      version: 'v1.5.0-dev-19900-c7d40ac8',
      upgradeStatus: ['Installer has same version as VCH', 'No upgrade available with this installer version'],
      endpoints: { adminPortal: 'https://192.0.2.10:2378', docker: '192.0.2.10:2376' },
      options: { 'volume-store': ['ds://LocalDS_0/vols:default'], 'bridge-network': ['DC0_DVPG0'] },
      problems: [],
    });
    const [first, second] = [(await calls('inspect'))[0], (await calls('inspect config'))[0]];
    expect(first!.args).toEqual(['inspect', '--target', '127.0.0.1:8989', '--user', 'root', '--id', 'vm-29', '--timeout', '3m']);
    expect(second!.args.slice(0, 2)).toEqual(['inspect', 'config']);
  });

  it('needs a name or an id, and knows what is not there', async () => {
    const { vick, fake } = await start({ inspect: ['inspect-not-found'] });
    expect(await vick('inspect vch')).toBe(2);
    expect(fake.stderr()).toContain('which VCH is not said');
    expect(await vick('inspect vch nope')).toBe(5);
    expect(fake.stderr()).toContain('[VCH_NOT_FOUND]');
  });

  it('reads what was written for a terminal, too', async () => {
    const { vick, fake } = await start({ inspect: ['as-on-a-terminal'] });
    const text = await readFile(new URL('../fixtures/vic-machine/inspect-by-name.txt', import.meta.url), 'utf8');
    const shown = text.replaceAll(
      /^out\| time="[^"]*" level=(\w{4})\w*(?: msg=(?:"(.*)"|(\S*)))? *$/gm,
      (_line, level: string, quoted?: string, bare?: string) => {
        const message = (quoted ?? bare ?? '').replaceAll('\\"', '"');
        return `out| \u001b[34m${level.toUpperCase()}\u001b[0m[0000] ${message.padEnd(44)} `;
      },
    );
    await writeFile(join(world!.folder, 'as-on-a-terminal.txt'), shown);
    expect(await vick('inspect vch vch1 -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ id: expect.stringMatching(/^vm-/), endpoints: { docker: expect.stringMatching(/:2376$/) } });
  });
});

describe('vick configure vch', () => {
  it('shows the difference, repeats what exists, and runs with its own time limit', async () => {
    const { vick, fake, calls } = await start({ configure: ['configure-no-change'], 'inspect config': ['inspect-config-verbose'] });
    expect(await vick('configure vch vch1 --memory 4096 --volume-store LocalDS_0/more:fast -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({
      kind: 'VchConfiguration',
      outcome: 'configured',
      id: 'vm-29',
      changes: [
        { option: '--volume-store', from: ['ds://LocalDS_0/vols:default'], to: ['ds://LocalDS_0/vols:default', 'LocalDS_0/more:fast'] },
        { option: '--memory', from: [], to: ['4096'] },
      ],
    });
    const { args } = (await calls('configure'))[0]!;
    expect(args.slice(args.indexOf('--timeout'))).toEqual([
      ...['--timeout', '10m', '--volume-store', 'ds://LocalDS_0/vols:default', '--volume-store', 'LocalDS_0/more:fast', '--memory', '4096'],
    ]);
  });

  it('runs nothing when nothing would be different, and with --dry-run', async () => {
    const { vick, fake, calls } = await start({ 'inspect config': ['inspect-config-verbose'] });
    expect(await vick('configure vch vch1 --volume-store LocalDS_0/vols:default'), fake.stderr()).toBe(0);
    expect(fake.stdout()).toContain('VCH vch1 unchanged');
    expect(await vick('configure vch vch1 --cpu 2000 --dry-run'), fake.stderr()).toBe(0);
    expect(fake.stdout()).toContain('--cpu: (not set) → 2000');
    expect(await calls('configure')).toEqual([]);
  });

  it('asks on a terminal, and changes nothing after a no', async () => {
    const { vick, fake, calls } = await start({ 'inspect config': ['inspect-config-verbose'] }, { terminal: true, answers: [false] });
    expect(await vick('configure vch vch1 --memory 4096')).toBe(130);
    expect(fake.asked[0]).toContain('Configure vch1? Its endpoint VM restarts');
    expect(await calls('configure')).toEqual([]);
  });

  it.each([
    ['configure-failed-silently', 1, 'VIC_MACHINE_FAILED', 'unknown', 'without saying that it succeeded'],
    ['configure-in-progress', 3, 'VCH_UPDATE_IN_PROGRESS', 'unchanged', 'vick configure vch vch1 --reset-progress'],
    ['configure-no-permission', 4, 'VIC_PERMISSION', 'unchanged', 'was not changed'],
    ['configure-not-found', 5, 'VCH_NOT_FOUND', 'unchanged', 'nope'],
    ['configure-volume-store-not-listed', 1, 'VIC_VALIDATION', 'unchanged', 'all existing volume stores must also be specified'],
  ])('%s ends with %i, %s', async (name, exit, code, state, said) => {
    const { vick, fake } = await start({ configure: [name] });
    expect(await vick('configure vch vch1 -o json')).toBe(exit);
    const error = JSON.parse(fake.stderr().trim().split('\n').at(-1)!) as { error: { code: string; details: { state: string } } };
    expect(error.error.code).toBe(code);
    expect(error.error.details.state).toBe(state);
    expect(fake.stderr()).toContain(said);
  });

  it('says that it was rolled back, though vic-machine exits 0', async () => {
    const { vick, fake } = await start({ configure: ['rolled-back'] });
    await transcript(world!, 'rolled-back', 0, [
      ...['### Configuring VCH ####', 'Setting VM configuration', 'Waiting for IP information', '!Failed to upgrade: no address', 'Rolling back upgrade'],
      ...['Reverting to snapshot reconfigure for 19900', 'Appliance is rolled back to previous version', 'Deleting configure isos'],
    ]);
    expect(await vick('configure vch vch1')).toBe(1);
    expect(fake.stderr()).toContain('Failed to upgrade: no address');
    expect(fake.stderr()).toContain('The VCH vch1 was rolled back to what it was before.');
    expect(fake.stderr()).toContain('✗ Roll back');
  });

  it('says that the mark stays after a time limit', async () => {
    const { vick, fake } = await start({ configure: ['stuck'] });
    await transcript(world!, 'stuck', 1, [
      ...['Setting VM configuration', '!Failed to upgrade: timed out', '!Failed to revert appliance to snapshot: context deadline exceeded.'],
      ...['!--------------------', '!vic-machine-linux configure failed: Configure timed out: use --timeout to add more time\\n'],
    ]);
    expect(await vick('configure vch vch1')).toBe(7);
    expect(fake.stderr()).toContain('still marked as being updated');
    expect(fake.stderr()).toContain('Raise --timeout');
  });

  it('ends with 8 and a list where something did not come up', async () => {
    const { vick, fake } = await start({ configure: ['partly'] });
    await transcript(world!, 'partly', 0, ['!  Component did not launch successfully - kubelet-starter: exec format error', 'Completed successfully']);
    expect(await vick('configure vch vch1 -o json')).toBe(8);
    expect(JSON.parse(fake.stdout()).problems).toEqual(['Component did not launch successfully - kubelet-starter: exec format error']);
  });

  it('clears the mark and goes back by their own last lines', async () => {
    const { vick, fake, calls } = await start({ configure: ['configure-reset-progress', 'configure-no-change'] });
    expect(await vick('configure vch vch1 --reset-progress'), fake.stderr()).toBe(0);
    expect(fake.stdout()).toContain('no longer marked');
    expect(await vick('configure vch vch1 --rollback'), fake.stderr()).toBe(0);
    expect((await calls('configure')).map(({ args }) => args.at(-1))).toEqual(['--reset-progress', '--rollback']);
    expect(await vick('configure vch vch1 --rollback --memory 5')).toBe(2);
  });

  it('refuses what the binary does not know, and says which build does', async () => {
    const { vick, fake, calls } = await start({ 'flags of configure': ['configure-flags'] });
    await writeFile(join(world!.folder, 'configure-flags.txt'), '# exit code: 0\n---\nout| --target\nout| --memory\n');
    expect(await vick('configure vch vch1 --containers 5')).toBe(2);
    expect(fake.stderr()).toContain('has no --containers for configure');
    expect(fake.stderr()).toContain('needs a release of vic-machine 1.5');
    expect(await vick('configure vch vch1 -- --k8s-server-address x:6443')).toBe(2);
    expect(fake.stderr()).toContain('cannot be changed afterwards');
    expect(await calls('configure')).toEqual([]);
    const before = (await calls('flags of configure')).length;
    expect(await vick('configure vch vch1 --memory 5 --dry-run')).toBe(0);
    expect((await calls('flags of configure')).length).toBe(before);
  });

  it('judges structured values before anything starts, all at once', async () => {
    const { vick, fake, calls } = await start({});
    expect(await vick('configure vch vch1 --volume-store nolabel --dns-server nine --container-network-dns pg:192.0.2.1 --memory-shares many')).toBe(2);
    for (const part of ['has no label', '"nine" is no IP address', 'which no --container-network names', 'high, normal, low']) {
      expect(fake.stderr()).toContain(part);
    }
    expect(await calls()).toEqual([]);
  });

  it('gives an operations password as it must, and shows it nowhere', async () => {
    const { vick, fake, calls } = await start({ configure: ['configure-no-change'] }, { env: { VICK_OPS_PASSWORD: 'hidden-ops-password' } });
    expect(await vick('configure vch vch1 --ops-user ops --verbose -o json'), fake.stderr()).toBe(0);
    expect((await calls('configure'))[0]!.args).toContain('hidden-ops-password');
    expect(fake.stdout() + fake.stderr()).not.toContain('hidden-ops-password');
  });
});

describe('vick upgrade vch', () => {
  it('upgrades with the image that has the kubelet', async () => {
    const { vick, fake, calls, folder } = await start({ upgrade: ['upgrade-newer'], inspect: ['inspect-upgrade-available'], version: ['newer'] });
    await writeFile(join(folder, 'newer.txt'), '# exit code: 0\n---\nout| vic-machine-linux version v1.5.0-dev-19950-c7d40ac8\n');
    expect(await vick('upgrade vch vch2 -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ outcome: 'upgraded', from: 'v1.5.0-dev-19900-c7d40ac8', to: 'v1.5.0-dev-19950-c7d40ac8' });
    expect((await calls('upgrade'))[0]!.args.join(' ')).toContain(`--appliance-iso ${join(folder, 'bin', 'appliance-vkubelet.iso')}`);
  });

  it('has nothing to do for a VCH of the same version, whoever notices', async () => {
    const { vick, fake, calls } = await start({ upgrade: ['same'], inspect: ['inspect-by-name', 'inspect-not-powered'] });
    expect(await vick('upgrade vch vch1'), fake.stderr()).toBe(0);
    expect(fake.stdout()).toContain('unchanged');
    expect(await calls('upgrade')).toEqual([]);
    await transcript(world!, 'inspect-not-powered', 1, [
      '!VCH is not powered on, state poweredOff',
      '!--------------------',
      '!vic-machine-linux inspect  failed: inspect failed\\n',
    ]);
    await transcript(world!, 'same', 0, ['!\\"vch1\\" has same or newer version a-1-b than installer version a-1-b. No upgrade is available.']);
    expect(await vick('upgrade vch vch1'), fake.stderr()).toBe(0);
    expect(fake.stderr()).toContain('The present version cannot be read');
  });

  it.each([
    ['upgrade-failed-silently', [], 1, 'was not changed'],
    ['upgrade-rollback-none', ['--rollback'], 1, 'is not known'],
    ['upgrade-in-progress', [], 3, 'vick configure vch vch2 --reset-progress'],
    ['upgrade-not-found', [], 5, 'VCH_NOT_FOUND'],
    ['upgrade-iso-missing', [], 1, 'VIC_VALIDATION'],
  ])('%s %s ends with %i', async (name, flags, exit, said) => {
    const { vick, fake, folder } = await start({ upgrade: [name], inspect: ['inspect-upgrade-available'], version: ['newer'] });
    await writeFile(join(folder, 'newer.txt'), '# exit code: 0\n---\nout| vic-machine-linux version v1.5.0-dev-19950-c7d40ac8\n');
    expect(await vick(['upgrade', 'vch', 'vch2', ...flags].join(' ')), fake.stdout()).toBe(exit);
    expect(fake.stderr()).toContain(said);
  });

  it('does not let a binary without Kubernetes options take the kubelet away, nor the plain image unasked', async () => {
    const released = await start({ inspect: ['inspect-upgrade-available'], version: ['newer'], flags: ['released'] });
    await writeFile(join(released.folder, 'newer.txt'), '# exit code: 0\n---\nout| vic-machine-linux version v1.5.6-21000-2be3feb\n');
    await writeFile(join(released.folder, 'released.txt'), '# exit code: 0\n---\nout| --target\nout| --name\n');
    expect(await released.vick('upgrade vch vch2')).toBe(6);
    expect(released.fake.stderr()).toContain('VIC_MACHINE_TOO_OLD');
    await released.close();
    const plain = await start({ inspect: ['inspect-upgrade-available'] }, { images: false });
    await writeFile(join(plain.folder, 'bin', 'appliance.iso'), '');
    await writeFile(join(plain.folder, 'bin', 'bootstrap.iso'), '');
    expect(await plain.vick('upgrade vch vch2')).toBe(6);
    expect(plain.fake.stderr()).toContain('would stop being a node');
  });
});

describe('vick debug vch', () => {
  it('hands key and password on and says how to log in', async () => {
    const { vick, fake, calls, folder } = await start({ debug: ['debug-enable-ssh'] }, { env: { VICK_ROOTPW: 'hidden-root-password' } });
    await writeFile(join(folder, 'id.pub'), 'ssh-ed25519 AAAA x\n');
    expect(await vick('debug vch vch1 --authorized-key id.pub -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ kind: 'VchDebug', ssh: 'ssh root@192.0.2.10', id: 'vm-29' });
    const { args, env } = (await calls('debug'))[0]!;
    expect(args).toEqual(expect.arrayContaining(['--authorized-key', join(folder, 'id.pub'), '--rootpw', 'hidden-root-password']));
    expect(env['VICK_ROOTPW']).toBeUndefined();
    expect(fake.stderr()).toContain('only as an argument');
    expect(fake.stdout() + fake.stderr()).not.toContain('hidden-root-password');
  });

  it('looks for the key before it starts anything', async () => {
    const { vick, fake, calls } = await start({});
    expect(await vick('debug vch vch1 --authorized-key nokey.pub')).toBe(2);
    expect(fake.stderr()).toContain('there is no public key at');
    expect(await calls()).toEqual([]);
  });
});

describe('vick update firewall', () => {
  it('names the hosts that were changed', async () => {
    const { vick, fake } = await start({ update: ['update-firewall-allow'] });
    expect(await vick('update firewall --allow -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ kind: 'FirewallUpdate', enabled: true, hosts: ['/DC0/host/DC0_C0/DC0_C0_H0'] });
  });

  it('wants one of --allow and --deny, and passes suggestions on', async () => {
    const { vick, fake } = await start({ update: ['update-firewall-compute-not-found'] });
    expect(await vick('update firewall')).toBe(2);
    expect(await vick('update firewall --allow --deny')).toBe(2);
    expect(await vick('update firewall --deny --compute-resource NoSuchCluster')).toBe(1);
    expect(fake.stderr()).toContain('--compute-resource can be: DC0_C0');
  });
});
