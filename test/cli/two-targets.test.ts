/** Two VCHs of one name on two targets, and what vick keeps of each on this machine. */
import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, type World, type WorldOptions } from '../support/vch-world.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function start(options: WorldOptions = {}): Promise<World> {
  world = await createWorld({ script: { ls: ['ls-empty'], create: ['create-success-k8s'] }, ...options });
  return world;
}

const CREATE = 'create vch vch2 --no-tlsverify --no-wait -o json';
const THERE = '127.0.0.1:8990';

/** Runs a create and gives the folder that it says it used. */
async function create(line = CREATE): Promise<string> {
  const before = world!.fake.stdout().length;
  expect(await world!.vick(line), world!.fake.stderr()).toBe(0);
  return (JSON.parse(world!.fake.stdout().slice(before)) as { workingDirectory: string }).workingDirectory;
}

async function nextListing(...names: string[]): Promise<void> {
  await writeFile(join(world!.folder, 'script.json'), JSON.stringify({ ls: names, create: ['create-success-k8s'], delete: ['delete-success'] }));
  await writeFile(join(world!.folder, 'calls.jsonl'), '');
}

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('two VCHs of one name on two targets', () => {
  it('have a folder each, and the first keeps its files', async () => {
    const { state, calls } = await start();
    const first = await create();
    expect(first).toBe(join(state, 'vch', 'vch2'));
    await mkdir(join(first, 'vch2'));
    await writeFile(join(first, 'vch2', 'key.pem'), 'the first');

    const second = await create(`${CREATE} --target ${THERE}`);
    expect(second).toMatch(/\/vch\/vch2@[0-9a-f]{12}$/);
    expect(await readFile(join(first, 'vch2', 'key.pem'), 'utf8')).toBe('the first');
    expect(await readdir(first)).not.toContainEqual(expect.stringContaining('.before-'));
    const [, run] = await calls('create');
    expect(run!.cwd).toBe(second);
    expect(run!.args.join(' ')).toContain(join(second, 'kubeconfig'));
    expect((await readdir(join(state, 'journal'))).filter((file) => file.startsWith('vch2@'))).toHaveLength(2);
  });

  it('are inspected with the certificates of their own', async () => {
    const { vick, fake, calls } = await start({
      script: { ls: ['ls-empty'], create: ['create-success-k8s'], inspect: ['inspect-by-name'] },
    });
    const first = await create();
    const second = await create(`${CREATE} --target https://${THERE}/`);
    expect(await vick('inspect vch vch2'), fake.stderr()).toBe(0);
    expect(await vick(`inspect vch vch2 --target ${THERE}`), fake.stderr()).toBe(0);
    expect(await vick(`inspect vch vch2 --target 127.0.0.1:8991`), fake.stderr()).toBe(0);
    expect((await calls('inspect')).map(({ cwd }) => cwd)).toEqual([first, second, join(world!.state, 'vic-machine')]);
  });

  it('are deleted each with the files of its own', async () => {
    const { vick, fake } = await start();
    const first = await create();
    const second = await create(`${CREATE} --target ${THERE}`);
    await nextListing('ls-two', 'ls-one');
    expect(await vick(`delete vch vch2 --yes --target 127.0.0.1:8991`), fake.stderr()).toBe(0);
    expect(fake.stderr()).toContain(`The files in ${first} are of the VCH vch2 on 127.0.0.1:8989 and stay.`);
    expect([await there(first), await there(second)]).toEqual([true, true]);
    // vic-machine delete had to run somewhere.
    expect(await readdir(join(world!.state, 'vch'))).toHaveLength(2);
    await nextListing('ls-two', 'ls-one');
    expect(await vick(`delete vch vch2 --yes --target ${THERE}`), fake.stderr()).toBe(0);
    expect([await there(first), await there(second)]).toEqual([true, false]);
    await nextListing('ls-two', 'ls-one');
    expect(await vick('delete vch vch2 --yes'), fake.stderr()).toBe(0);
    expect(await there(first)).toBe(false);
  });

  it('made at the same time do not take one folder', async () => {
    const { vick, fake, calls, exists } = await start();
    const codes = await Promise.all([vick(CREATE), vick(`${CREATE} --target ${THERE}`)]);
    const folders = (await calls('create')).map(({ cwd }) => cwd);
    expect(new Set(folders).size, fake.stderr()).toBe(folders.length);
    // Either both knew of each other, or one was told to run again.
    expect([0, 3]).toContain(Math.max(...codes));
    if (codes.includes(3)) expect(fake.stderr()).toContain('Run the command again');
    expect(await exists(join(world!.state, 'vch', 'vch2', '.target'))).toBe(true);
  });
});

describe('a folder of before folders were marked', () => {
  it.each([
    ['without a mark', (mark: string) => rm(mark)],
    ['with a mark that was emptied', (mark: string) => writeFile(mark, '')],
  ])('%s is gone on with by the create whose journal names it', async (_what, change) => {
    const { state, vick, fake } = await start({ script: { ls: ['ls-empty'], create: ['create-k8s-address-bad', 'create-success-k8s'] } });
    expect(await vick(`${CREATE} --retain`)).not.toBe(0);
    await change(join(state, 'vch', 'vch2', '.target'));
    expect(await create('create vch vch2 --resume --no-wait -o json'), fake.stderr()).toBe(join(state, 'vch', 'vch2'));
    expect(await readFile(join(state, 'vch', 'vch2', '.target'), 'utf8')).toBe('127.0.0.1:8989\n');
  });

  it('is not taken for another target when a journal says whose it is', async () => {
    const { state } = await start();
    const first = await create();
    await rm(join(first, '.target'));
    expect(await create(`${CREATE} --target ${THERE}`)).not.toBe(first);
    expect(await there(join(first, '.target'))).toBe(false);
    expect(await readdir(join(state, 'vch'))).toHaveLength(2);
  });

  it('of which nobody knows whose it is goes to the first who comes, as before', async () => {
    const { state } = await start();
    await mkdir(join(state, 'vch', 'vch2', 'vch2'), { recursive: true });
    expect(await create()).toBe(join(state, 'vch', 'vch2'));
    expect(await readdir(join(state, 'vch', 'vch2'))).toContainEqual(expect.stringContaining('vch2.before-'));
  });
});
