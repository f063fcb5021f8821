/** Create again, after a failure, and from files: played-back vic-machine, the whole program in process. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, type World, type WorldOptions } from '../support/vch-world.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** There is nothing at first; then vch1 and vch2, of which vch2 (vm-39) is the one that was created. */
async function start(options: WorldOptions = {}): Promise<World> {
  world = await createWorld({
    ...options,
    script: { ls: ['ls-empty', 'ls-two'], create: ['create-success-k8s'], 'inspect config': ['inspect-config-verbose'], ...options.script },
  });
  world.api.joins = { name: 'kubelet-vch2', registersAfter: 1, readyAfter: 1 };
  return world;
}

const SAME = 'create vch vch2 --no-tlsverify --bridge-network DC0_DVPG0 --volume-store LocalDS_0/vols:default --label zone=a';

/** Waits for no node. */
const HASTY = 'create vch vch2 --no-tlsverify --no-wait';

describe('the same request again', () => {
  it('is unchanged, and touches nothing', async () => {
    const here = await start();
    expect(await here.vick(SAME), here.fake.stderr()).toBe(0);
    expect(await here.vick(`${SAME} --timeout 1m --no-wait`), here.fake.stderr()).toBe(0);
    expect(here.fake.stdout()).toMatch(/vch\/vch2 unchanged\n$/);
    expect(await here.calls('create')).toHaveLength(1);
  });

  it('with -o json has the shape of a create', async () => {
    const here = await start();
    await here.vick(`${SAME} -o name`);
    const before = here.fake.stdout().length;
    expect(await here.vick(`${SAME} -o json`), here.fake.stderr()).toBe(0);
    expect(JSON.parse(here.fake.stdout().slice(before))).toMatchObject({
      kind: 'Vch',
      change: 'unchanged',
      id: 'vm-39',
      node: { name: 'kubelet-vch2', ready: true },
      endpoints: { adminPortal: 'https://192.0.2.11:2378' },
    });
  });

  it('on a VCH that somebody else made is told from what vic-machine shows of it', async () => {
    const here = await start({ script: { ls: ['ls-two'] } });
    expect(await here.vick('create vch vch2 --no-tlsverify --bridge-network DC0_DVPG0 --volume-store LocalDS_0/vols:default'), here.fake.stderr()).toBe(0);
    expect(here.fake.stderr()).toContain('as far as can be seen (not: spec.noTlsverify');
    expect(await here.calls('create')).toEqual([]);
  });

  it('is made anew when the VCH has been deleted by other means', async () => {
    const here = await start({ script: { ls: ['ls-empty'] } });
    here.api.joins = undefined;
    expect(await here.vick(HASTY), here.fake.stderr()).toBe(0);
    expect(await here.vick(HASTY), here.fake.stderr()).toBe(0);
    expect(await here.calls('create')).toHaveLength(2);
  });
});

describe('a different request', () => {
  it('shows the difference field by field, and what changes it', async () => {
    const here = await start();
    await here.vick(SAME);
    const different = 'create vch vch2 --tls-cname web.example.test --bridge-network DC0_DVPG1 --memory 8192 --label zone=b --label tier=x';
    expect(await here.vick(different)).toBe(3);
    for (const text of [
      'VCH_DIFFERS',
      'spec.bridgeNetwork: is DC0_DVPG0, asked for DC0_DVPG1',
      'spec.volumeStores: is ds://LocalDS_0/vols:default, asked for not set',
      'spec.memory: is not set, asked for 8192',
      'spec.noTlsverify: is true, asked for not set',
      'spec.labels: is zone=a, asked for zone=b, tier=x',
      'vick configure vch vch2 --memory 8192',
      'vick node label vch2 zone=b tier=x --overwrite',
      'vick delete vch vch2',
    ]) {
      expect(here.fake.stderr()).toContain(text);
    }
    expect(await here.calls('create')).toHaveLength(1);
  });

  it('on a VCH that nobody knows anything about stays a conflict', async () => {
    const here = await start({ script: { ls: ['ls-two'], 'inspect config': ['ls-wrong-password'] } });
    expect(await here.vick(SAME)).toBe(3);
    expect(here.fake.stderr()).toContain('VCH_EXISTS');
  });
});

describe('after a failure', () => {
  it('the next run names it; --cleanup removes what is left, and says so', async () => {
    const here = await start({
      script: { ls: ['ls-empty', 'ls-two', 'ls-two', 'ls-two', 'ls-empty'], create: ['create-timeout-docker-api'], delete: ['delete-success'] },
    });
    here.api.joins = undefined;
    expect(await here.vick(SAME)).toBe(7);
    expect(here.fake.stderr()).toContain('Go on with: vick create vch vch2 --target 127.0.0.1:8989 --resume');
    expect(here.fake.stderr()).toContain('Remove it with: vick delete vch vch2');
    expect(await here.vick(SAME)).toBe(3);
    expect(here.fake.stderr()).toContain('VCH_UNFINISHED');
    expect(here.fake.stderr()).toContain('it ended at "vic-machine"');
    expect(here.fake.stderr()).toContain('What exists now: the VCH vm-39 in');
    expect(await here.vick('create vch vch2 --cleanup')).toBe(2);
    expect(await here.vick('create vch vch2 --cleanup --yes -o name'), here.fake.stderr()).toBe(0);
    expect(here.fake.stdout()).toBe('vch/vch2\n');
    expect((await here.calls('delete'))[0]!.args).not.toContain('--force');
    expect(await readdir(join(here.state, 'journal'))).toEqual([]);
    expect(await here.exists(join(here.state, 'vch', 'vch2'))).toBe(false);
  });

  it('--resume takes what was asked for from the journal, and goes on with a VCH that came up after all', async () => {
    const here = await start({ script: { create: ['create-timeout-docker-api'], inspect: ['inspect-by-id'] } });
    expect(await here.vick(SAME)).toBe(7);
    expect(await here.vick('create vch vch2 --resume -o json'), here.fake.stderr()).toBe(0);
    expect(JSON.parse(here.fake.stdout())).toMatchObject({ change: 'resumed', id: 'vm-39', node: { ready: true } });
    expect(here.api.nodes.get('kubelet-vch2')?.metadata.labels).toMatchObject({ zone: 'a' });
    expect(await here.calls('create')).toHaveLength(1);
  });

  it('--resume with another request is refused', async () => {
    const here = await start({ script: { create: ['create-timeout-docker-api'] } });
    await here.vick(SAME);
    expect(await here.vick('create vch vch2 --resume --bridge-network DC0_DVPG2')).toBe(3);
    expect(here.fake.stderr()).toContain('spec.bridgeNetwork: is DC0_DVPG0, asked for DC0_DVPG2');
  });

  it('a create that fails before anything is made leaves no journal; with --retain it does', async () => {
    const here = await start({ script: { ls: ['ls-empty'], create: ['create-no-permission-folder'] } });
    expect(await here.vick(SAME)).toBe(4);
    expect(await readdir(join(here.state, 'journal'))).toEqual([]);
    expect(await here.exists(join(here.state, 'vch', 'vch2', 'kubeconfig'))).toBe(false);
    expect(await here.vick(`${SAME} --retain`)).toBe(4);
    expect(await readdir(join(here.state, 'journal'))).toHaveLength(1);
  });

  it('a journal that is cut short or of somebody else is no journal', async () => {
    const here = await start({ script: { ls: ['ls-empty'] } });
    here.api.joins = undefined;
    await here.vick(HASTY);
    const [file = ''] = await readdir(join(here.state, 'journal'));
    const path = join(here.state, 'journal', file);
    const text = await readFile(path, 'utf8');
    for (const broken of ['', text.slice(0, 200), '{}', '[]', '"x"', 'null']) {
      await writeFile(path, broken);
      expect(await here.vick(HASTY), `${broken}\n${here.fake.stderr()}`).toBe(0);
    }
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('where values come from', () => {
  const config = async (here: World, text: string): Promise<void> => {
    await mkdir(join(here.folder, '.config', 'vick'), { recursive: true });
    await writeFile(join(here.folder, '.config', 'vick', 'config.yaml'), `apiVersion: vick.dev/v1alpha1\nkind: Config\n${text}`);
  };
  const flagsOf = (here: World): string => here.fake.stdout();

  it('flag, environment, the command in the file, the defaults of the file, default', async () => {
    const here = await start({ env: { VICK_TARGET: '', VIC_MACHINE_TARGET: 'old.example.test' } });
    await config(
      here,
      'defaults: { target: file.example.test, user: ada, bridgeNetwork: from-defaults, allowLoopback: true }\ncommands: { create vch: { bridgeNetwork: from-command, noTlsverify: true, vicTimeout: 7m, labels: { zone: f } } }\n',
    );
    expect(await here.vick('create vch web --dry-run'), here.fake.stderr()).toBe(0);
    for (const text of ['--target old.example.test', '--user root', '--bridge-network from-command', '--no-tlsverify', '--timeout 7m', 'zone=f']) {
      expect(flagsOf(here)).toContain(text);
    }
    expect(await here.vick('create vch web --dry-run --bridge-network typed --tls-cname web.example.test --vic-timeout 9m'), here.fake.stderr()).toBe(0);
    for (const text of ['--bridge-network typed', '--tls-cname web.example.test', '--timeout 9m']) expect(flagsOf(here)).toContain(text);
    expect(await here.vick('config show create vch -o json'), here.fake.stderr()).toBe(0);
    const shown = JSON.parse(flagsOf(here).slice(flagsOf(here).lastIndexOf('{\n  "apiVersion"'))) as {
      items: { setting: string; value: unknown; source: string; origin: string }[];
    };
    const of = (name: string): unknown => shown.items.find(({ setting }) => setting === name);
    expect(of('target')).toMatchObject({ value: 'old.example.test', source: 'env', origin: '$VIC_MACHINE_TARGET' });
    expect(of('bridge-network')).toMatchObject({ value: 'from-command', source: 'file', origin: join(here.folder, '.config', 'vick', 'config.yaml') });
    expect(of('timeout')).toMatchObject({ value: '10m', source: 'default' });
    expect(of('password')).toMatchObject({ value: '(set, not shown)', source: 'env' });
    expect(flagsOf(here) + here.fake.stderr()).not.toContain('secret-of-vsphere');
  });

  it('a configuration file with faults stops every command that would read it, with all of them', async () => {
    const here = await start();
    await config(here, 'defaults: { taget: x, memory: lots }\ncommands: { create vhc: {} }\n');
    expect(await here.vick(SAME)).toBe(2);
    for (const text of ['defaults.taget: is not known here (did you mean target?)', 'defaults.memory: must be a whole number', 'did you mean create vch?']) {
      expect(here.fake.stderr()).toContain(text);
    }
    expect(await here.vick('config validate')).toBe(2);
    expect(await here.vick('version')).toBe(0);
  });

  it('config init writes what was given, and replaces nothing unasked', async () => {
    const here = await start({ env: { XDG_CONFIG_HOME: '' } });
    expect(await here.vick('config init --target vc.example.test --compute-resource C0'), here.fake.stderr()).toBe(0);
    const path = join(here.folder, '.config', 'vick', 'config.yaml');
    expect(await readFile(path, 'utf8')).toContain('defaults:\n  target: vc.example.test\n  computeResource: C0\n');
    expect(await readFile(path, 'utf8')).not.toContain('secret-of-vsphere');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await here.vick('config init --target other.example.test')).toBe(3);
    expect(await here.vick('config validate')).toBe(0);
    expect(await here.vick('config init --target other.example.test --force')).toBe(0);
    expect(await readFile(path, 'utf8')).toContain('other.example.test');
  });

  it('config init asks on a terminal', async () => {
    const here = await start({ terminal: true, answers: ['asked.example.test', 'ada'] });
    expect(await here.vick('config init'), here.fake.stderr()).toBe(0);
    expect(await readFile(join(here.folder, '.config', 'vick', 'config.yaml'), 'utf8')).toContain('target: asked.example.test\n  user: ada\n');
  });

  it('a password from a file, never shown; a file with more than one line is none', async () => {
    const here = await start({ env: { VICK_PASSWORD: '' } });
    await writeFile(join(here.folder, 'pw'), 'from-a-file\n');
    await writeFile(join(here.folder, 'two'), 'one\ntwo\n');
    expect(await here.vick(`${SAME} --password-file two`)).toBe(2);
    expect(here.fake.stderr()).not.toContain('one\n');
    expect(await here.vick(`${SAME} --password-file missing`)).toBe(2);
    expect(await here.vick(`${SAME} --password-file pw`), here.fake.stderr()).toBe(0);
    expect((await here.calls('create'))[0]!.env).toMatchObject({ VIC_MACHINE_PASSWORD: 'from-a-file' });
    expect(here.fake.stdout() + here.fake.stderr()).not.toContain('from-a-file');
    expect(await here.vick(`${SAME} --password on-the-command-line`)).toBe(2);
    expect(here.fake.stderr()).not.toContain('on-the-command-line');
  });
});

describe('vick apply', () => {
  const file = async (here: World, text: string): Promise<string> => {
    await writeFile(join(here.folder, 'vch.yaml'), text);
    return 'vch.yaml';
  };
  const DOCUMENT =
    'apiVersion: vick.dev/v1alpha1\nkind: VirtualContainerHost\nmetadata: { name: vch2 }\nspec: { bridgeNetwork: DC0_DVPG0, noTlsverify: true, volumeStores: [LocalDS_0/vols:default] }\n';

  it('creates, then finds it unchanged, then shows what differs', async () => {
    const here = await start();
    await file(here, DOCUMENT);
    expect(await here.vick('apply -f vch.yaml'), here.fake.stderr()).toBe(0);
    expect(here.fake.stdout()).toBe('vch/vch2 created\n');
    expect(await here.vick('apply -f vch.yaml'), here.fake.stderr()).toBe(0);
    expect(here.fake.stdout()).toMatch(/vch\/vch2 unchanged\n$/);
    await file(here, DOCUMENT.replace('DC0_DVPG0', 'DC0_DVPG1'));
    expect(await here.vick('apply -f vch.yaml')).toBe(3);
    expect(here.fake.stderr()).toContain('spec.bridgeNetwork: is DC0_DVPG0, asked for DC0_DVPG1');
    expect(await here.calls('create')).toHaveLength(1);
  });

  it('takes what --dry-run -o yaml prints, and prints it again', async () => {
    const here = await start();
    expect(await here.vick(`${SAME} --memory 4096 --taint a=b:NoSchedule --timeout 90s --dry-run -o yaml -- --dns-server 192.0.2.53`), here.fake.stderr()).toBe(
      0,
    );
    const printed = here.fake.stdout();
    await file(here, printed);
    expect(await here.vick('apply -f vch.yaml --dry-run -o yaml'), here.fake.stderr()).toBe(0);
    expect(here.fake.stdout().slice(printed.length)).toBe(printed);
    expect(printed).toContain('extraArgs');
    expect(await here.calls('create')).toEqual([]);
  });

  it('--dry-run=server runs the checks and creates nothing', async () => {
    const here = await start();
    await file(here, DOCUMENT);
    expect(await here.vick('apply -f vch.yaml --dry-run=server'), here.fake.stderr()).toBe(0);
    expect(here.fake.stdout()).toBe('vch/vch2 created (server dry run)\n');
    expect(here.api.reviews.length).toBeGreaterThan(10);
    expect(await here.calls('create')).toEqual([]);
    expect(await here.exists(join(here.state, 'vch'))).toBe(false);
  });

  it('makes nothing before every document is valid', async () => {
    const here = await start();
    await file(here, `${DOCUMENT}---\n${DOCUMENT.replace('bridgeNetwork', 'bridge')}---\n${DOCUMENT}`);
    expect(await here.vick('apply -f vch.yaml')).toBe(2);
    expect(here.fake.stderr()).toContain('vch.yaml:9: spec.bridge: is not known here');
    expect(here.fake.stderr()).toContain('vch2 a second time');
    expect(await here.calls('create')).toEqual([]);
  });

  it.each([
    ['a file that is not there', 'apply -f nowhere.yaml', 2, 'there is no file'],
    ['a folder', 'apply -f .', 2, 'is a folder'],
    ['a device', 'apply -f /dev/zero', 2, 'is not a file'],
    ['no file at all', 'apply', 2, '--filename is required'],
    ['the standard input twice', 'apply -f - -f -', 2, 'once only'],
    ['an empty standard input', 'apply -f -', 2, 'holds no document'],
  ])('refuses %s', async (_, line, code, text) => {
    const here = await start();
    expect(await here.vick(line)).toBe(code);
    expect(here.fake.stderr()).toContain(text);
  });

  it('goes on after a document that fails, and says which', async () => {
    const here = await start({ script: { create: ['create-no-permission-folder', 'create-success-k8s'], ls: ['ls-empty'] } });
    await file(here, `${DOCUMENT.replace('vch2', 'vch9')}---\n${DOCUMENT}`);
    expect(await here.vick('apply -f vch.yaml'), here.fake.stderr()).toBe(8);
    expect(here.fake.stdout()).toBe('vch/vch9 failed [VIC_PERMISSION]\nvch/vch2 created\n');
  });
});
