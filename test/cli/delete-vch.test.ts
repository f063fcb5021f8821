import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, type World, type WorldOptions } from '../support/vch-world.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** vch1 (vm-29) is listed, and gone after its delete. */
async function start(options: WorldOptions = {}): Promise<World> {
  world = await createWorld({
    ...options,
    script: { ls: ['ls-one', 'ls-empty'], delete: ['delete-success'], 'inspect config': ['inspect-config-verbose'], ...options.script },
  });
  return world;
}

const DELETE = 'delete vch vch1 --yes';
const pod = (name: string, phase = 'Running') => ({ metadata: { name, namespace: 'default' }, spec: { nodeName: 'kubelet-vch1' }, status: { phase } });

describe('vick delete vch', () => {
  it('deletes the VCH by its id, then its node and its local files', async () => {
    const here = await start();
    here.api.addNode('kubelet-vch1', true);
    here.api.pods = [pod('done', 'Succeeded')];
    const folder = join(here.state, 'vch', 'vch1');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'ca-key.pem'), 'x');
    expect(await here.vick(`${DELETE} -o json`), here.fake.stderr()).toBe(0);
    expect(JSON.parse(here.fake.stdout())).toMatchObject({ kind: 'VchDeletion', id: 'vm-29', node: 'deleted', files: 'deleted', problems: [] });
    const [run] = await here.calls('delete');
    expect(run!.args).toEqual(['delete', '--target', '127.0.0.1:8989', '--user', 'root', '--id', 'vm-29', '--timeout', '5m']);
    expect(run!.cwd).toBe(folder);
    expect(here.api.nodes.size).toBe(0);
    expect(await here.exists(folder)).toBe(false);
    expect(here.fake.stderr() + here.fake.stdout()).not.toContain('secret-of-vsphere');
  });

  it('keeps files and node when told to', async () => {
    const here = await start();
    here.api.addNode('kubelet-vch1', true);
    await mkdir(join(here.state, 'vch', 'vch1'), { recursive: true });
    expect(await here.vick(`${DELETE} --keep-files --keep-node`), here.fake.stderr()).toBe(0);
    expect(here.fake.stdout()).toBe('VCH vch1 (vm-29) deleted\n');
    expect(here.api.requests).toEqual([]);
    expect(await here.exists(join(here.state, 'vch', 'vch1'))).toBe(true);
  });

  it('refuses while pods run on the node', async () => {
    const here = await start();
    here.api.addNode('kubelet-vch1', true);
    here.api.pods = [pod('web'), pod('db')];
    expect(await here.vick(DELETE)).toBe(3);
    expect(here.fake.stderr()).toContain('VCH_BUSY');
    expect(here.fake.stderr()).toContain('default/web, default/db');
    expect(here.fake.stderr()).toContain('kubectl drain kubelet-vch1');
    expect(await here.calls('delete')).toEqual([]);
    expect(here.api.nodes.get('kubelet-vch1')?.spec).toEqual({});
  });

  it('--force deletes the pods first, and does not force vic-machine where volumes are at stake', async () => {
    const here = await start();
    here.api.addNode('kubelet-vch1', true);
    here.api.pods = [pod('web')];
    expect(await here.vick(`${DELETE} --force`), here.fake.stderr()).toBe(0);
    expect(here.api.requests.indexOf('DELETE /api/v1/namespaces/default/pods/web')).toBeGreaterThan(
      here.api.requests.indexOf('PATCH /api/v1/nodes/kubelet-vch1'),
    );
    expect((await here.calls('delete'))[0]!.args).not.toContain('--force');
    expect(here.fake.stderr()).toContain('volume stores ds://LocalDS_0/vols:default');
  });

  it('--force forces vic-machine where the VCH has no volume store', async () => {
    const here = await start({ script: { 'inspect config': ['no-volumes'] } });
    const recorded = await readFile(new URL('../fixtures/vic-machine/inspect-config-verbose.txt', import.meta.url), 'utf8');
    await writeFile(join(here.folder, 'no-volumes.txt'), recorded.replace(/\\n\\t--volume-store=[^\\]*/, ''));
    expect(await here.vick(`${DELETE} --force`), here.fake.stderr()).toBe(0);
    expect((await here.calls('delete'))[0]!.args).toContain('--force');
  });

  it('--delete-volumes is the word that lets volumes go', async () => {
    const here = await start();
    expect(await here.vick(`${DELETE} --delete-volumes`)).toBe(0);
    expect((await here.calls('delete'))[0]!.args).toContain('--force');
  });

  it('deletes a node that was left alone, and says so', async () => {
    const here = await start({ script: { ls: ['ls-empty'] } });
    here.api.addNode('kubelet-vch1', false);
    expect(await here.vick(DELETE)).toBe(0);
    expect(here.fake.stdout()).toBe('node kubelet-vch1 deleted\n');
    expect(here.fake.stderr()).toContain('only its node kubelet-vch1 was left');
    expect(await here.calls('delete')).toEqual([]);
  });

  it('is VCH_NOT_FOUND when there is neither', async () => {
    const here = await start({ script: { ls: ['ls-empty'] } });
    expect(await here.vick(DELETE)).toBe(5);
    expect(here.fake.stderr()).toContain('VCH_NOT_FOUND');
  });

  it('reports what could not be removed, and does the rest', async () => {
    const here = await start();
    here.api.addNode('kubelet-vch1', true);
    here.api.failDeleteNode = true;
    await mkdir(join(here.state, 'vch', 'vch1'), { recursive: true });
    expect(await here.vick(`${DELETE} -o json`)).toBe(8);
    expect(JSON.parse(here.fake.stdout())).toMatchObject({ node: 'kept', files: 'deleted', problems: [expect.stringContaining('forbidden')] });
  });

  it('does not believe a delete after which the VCH is still listed', async () => {
    const here = await start({ script: { ls: ['ls-one'] } });
    here.api.addNode('kubelet-vch1', true);
    expect(await here.vick(DELETE)).toBe(8);
    expect(here.fake.stderr()).toContain('still listed');
    expect(here.api.nodes.has('kubelet-vch1')).toBe(true);
  });

  it('lets pods onto the node again when vic-machine refuses', async () => {
    const here = await start({ script: { delete: ['delete-running-containers'] } });
    here.api.addNode('kubelet-vch1', true);
    expect(await here.vick(DELETE)).toBe(3);
    expect(here.fake.stderr()).toContain('is powered on');
    expect(here.fake.stderr()).toContain('were left as they are');
    expect(here.api.nodes.get('kubelet-vch1')?.spec['unschedulable']).toBeNull();
  });

  it.each([
    ['a wrong password', 'ls-wrong-password', 4, 'VIC_TARGET_LOGIN'],
    ['an untrusted certificate', 'ls-thumbprint-missing', 4, '--thumbprint AA:BB'],
  ])('stops at %s', async (_, ls, code, text) => {
    const here = await start({ script: { ls: [ls] } });
    expect(await here.vick(DELETE)).toBe(code);
    expect(here.fake.stderr()).toContain(text);
  });

  it('stops before anything when the cluster cannot be asked, and names the way around', async () => {
    const here = await start();
    expect(await here.vick(`${DELETE} --kubeconfig /does/not/exist`)).toBe(6);
    expect(here.fake.stderr()).toContain('--keep-node');
    expect(await here.calls('delete')).toEqual([]);
  });

  it('asks on a terminal, with all that will go; no means no', async () => {
    const here = await start({ terminal: true, answers: [false] });
    here.api.addNode('kubelet-vch1', true);
    expect(await here.vick('delete vch vch1')).toBe(130);
    expect(here.fake.asked).toEqual(['Delete VCH vch1 (vm-29 in /DC0/host/DC0_C0/Resources), node kubelet-vch1? [--yes]']);
    expect(await here.calls('delete')).toEqual([]);
  });

  it('wants --yes where nobody can be asked', async () => {
    const here = await start();
    expect(await here.vick('delete vch vch1')).toBe(2);
    expect(here.fake.stderr()).toContain('--yes');
    expect(await here.calls()).toEqual([]);
  });
});

describe('vick list vch', () => {
  it('joins VCHs with their nodes', async () => {
    const here = await start({ script: { ls: ['ls-two'] } });
    here.api.addNode('kubelet-vch1', true);
    expect(await here.vick('list vch'), here.fake.stderr()).toBe(0);
    const [header, ...rows] = here.fake
      .stdout()
      .trimEnd()
      .split('\n')
      .map((row) => row.split(/ {2,}/));
    expect(header).toEqual(['NAME', 'ID', 'NODE', 'READY', 'VERSION', 'UPGRADE']);
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      ['vch1', 'vm-29', 'kubelet-vch1', 'Ready'],
      ['vch2', 'vm-39', 'kubelet-vch2', 'none'],
    ]);
  });

  it('does without a cluster', async () => {
    const here = await start({ script: { ls: ['ls-two'] } });
    expect(await here.vick('ls vch --kubeconfig /does/not/exist -o json'), here.fake.stderr()).toBe(0);
    expect(JSON.parse(here.fake.stdout()).items[0]).toMatchObject({
      name: 'vch1',
      node: { name: 'kubelet-vch1', status: null },
      version: 'v1.5.0-dev-19900-c7d40ac8',
    });
  });

  it('prints names, and says on stderr when there are none', async () => {
    const here = await start({ script: { ls: ['ls-two', 'ls-empty'] } });
    expect(await here.vick('list vch -o name')).toBe(0);
    expect(here.fake.stdout()).toBe('vch/vch1\nvch/vch2\n');
    expect(await here.vick('list vch')).toBe(0);
    expect(here.fake.stderr()).toContain('No VCHs found.');
  });

  it('hands its limit and the debug level on', async () => {
    const here = await start({ script: { ls: ['ls-two'] } });
    expect(await here.vick('list vch --timeout 90s --debug 2'), here.fake.stderr()).toBe(0);
    expect((await here.calls('ls'))[0]!.args.slice(-4)).toEqual(['--timeout', '1m30s', '--debug', '2']);
  });

  it('fails as vic-machine does', async () => {
    const here = await start({ script: { ls: ['ls-wrong-password'] } });
    expect(await here.vick('list vch')).toBe(4);
    expect(here.fake.stderr()).toContain('Failed to log in');
  });
});
