/** What is left of a create that failed, removed at once by whoever sits at the terminal and says so. */
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, type World, type WorldOptions } from '../support/vch-world.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** A create that leaves a VM which may still come up; it is listed until it is deleted. */
async function start(options: WorldOptions = {}): Promise<World> {
  world = await createWorld({
    terminal: true,
    ...options,
    script: { ls: ['ls-empty', 'ls-two', 'ls-two', 'ls-one'], create: ['create-timeout-docker-api'], delete: ['delete-success'], ...options.script },
  });
  return world;
}

const CREATE = 'create vch vch2 --no-tlsverify';
const QUESTION = 'Remove what is left of vch2 now, with that command? [--cleanup]';

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('after a create that failed', () => {
  it('the printed command is offered, and run after a yes; the create has failed all the same', async () => {
    const { vick, fake, calls, state } = await start({ answers: [true] });
    expect(await vick(CREATE)).toBe(7);
    expect(fake.asked).toEqual([QUESTION]);
    const told = fake.stderr();
    expect(told).toContain('Remove it with: vick delete vch vch2 --target 127.0.0.1:8989 --user root\n');
    expect(told.indexOf('VIC_MACHINE_TIMEOUT')).toBeLessThan(told.indexOf('Delete VCH vch2 (vm-39)'));
    expect(told.match(/\[VIC_MACHINE_TIMEOUT\]/g)).toHaveLength(1);
    const [deletion] = await calls('delete');
    expect(deletion!.args.join(' ')).toContain('--id vm-39');
    expect(deletion!.args).not.toContain('--force');
    expect(deletion!.env['VIC_MACHINE_PASSWORD']).toBe('secret-of-vsphere');
    expect(await there(join(state, 'vch', 'vch2'))).toBe(false);
    expect(await readdir(join(state, 'journal'))).toEqual([]);
    // What was removed is no result of a create.
    expect(fake.stdout()).toBe('');
    expect(told).toContain('VCH vch2 (vm-39) deleted');
  });

  it('takes a password that was typed for both, and asks for it once', async () => {
    const { vick, fake, calls } = await start({ env: { VICK_PASSWORD: '' }, answers: ['typed-by-hand', true] });
    expect(await vick(CREATE)).toBe(7);
    expect(fake.asked).toEqual(['Password of root on 127.0.0.1:8989 [VICK_PASSWORD]', QUESTION]);
    expect((await calls('delete'))[0]!.env['VIC_MACHINE_PASSWORD']).toBe('typed-by-hand');
    expect(fake.stderr()).not.toContain('typed-by-hand');
  });

  it('removes in the cluster that the create was for', async () => {
    const { vick, fake, kubeconfig, api } = await start({ answers: [true] });
    expect(await vick(`${CREATE} --kubeconfig ${kubeconfig} --context prod`)).toBe(7);
    expect(fake.asked[0]).toContain(`--user root --kubeconfig ${kubeconfig} --context prod?`);
    expect(api.requests).toContain('DELETE /api/v1/nodes/kubelet-vch2');
  });

  it.each([
    ['no', [false]],
    // The prompter of a test that has no answer throws, as one does on Ctrl-C.
    ['Ctrl-C', []],
  ])('%s removes nothing', async (_what, answers) => {
    const { vick, fake, calls, state } = await start({ answers });
    expect(await vick(CREATE)).toBe(7);
    expect(fake.asked).toEqual([QUESTION]);
    expect(await calls('delete')).toEqual([]);
    expect(await readdir(join(state, 'journal'))).toHaveLength(1);
  });

  it('a removal that fails is told, and the exit code stays that of the create', async () => {
    const { vick, fake } = await start({ answers: [true], script: { ls: ['ls-empty', 'ls-two', 'ls-wrong-password'] } });
    expect(await vick(CREATE)).toBe(7);
    expect(fake.stderr()).toContain('[VIC_TARGET_LOGIN]');
  });

  it('the earlier one that did not finish can be cleaned up', async () => {
    const { vick, fake, state } = await start({ answers: [true], script: { ls: ['ls-empty', 'ls-two', 'ls-two', 'ls-two', 'ls-one'] } });
    expect(await vick(`${CREATE} -o json`)).toBe(7);
    expect(fake.asked).toEqual([]);
    expect(await vick(CREATE)).toBe(3);
    expect(fake.asked).toEqual([QUESTION]);
    expect(await readdir(join(state, 'journal'))).toEqual([]);
    expect(await there(join(state, 'vch', 'vch2'))).toBe(false);
  });

  it.each([
    ['those of a folder of its own are removed', [], true],
    // What was there before may be in it.
    ['those of a folder that was named are left to the operator', ['--tls-cert-path', 'certificates'], false],
  ])('when only certificates were left, %s', async (_what, words, offered) => {
    const { vick, fake, folder, state } = await start({ answers: [true], script: { ls: ['ls-empty'], create: ['create-unknown-flag'] } });
    const certificates = words.length === 0 ? join(state, 'vch', 'vch2', 'vch2') : join(folder, 'certificates');
    const program = join(folder, 'bin', 'vic-machine-linux');
    const [, ...lines] = (await readFile(program, 'utf8')).split('\n');
    await writeFile(program, ['#!/bin/sh', `test "$1" != create || mkdir '${certificates}'`, ...lines].join('\n'));
    expect(await vick([CREATE, ...(words.length === 0 ? [] : ['--', ...words])].join(' '))).toBe(1);
    expect(fake.stderr()).toContain(`rm -r ${certificates}`);
    expect(fake.asked).toEqual(offered ? ['Remove the certificates that are left of vch2 now, with that command? [--cleanup]'] : []);
    expect(await there(certificates)).toBe(!offered);
  });

  it.each([
    ['json is asked for', `${CREATE} -o json`, {}],
    ['there is no terminal', CREATE, { terminal: false }],
    ['--yes is given', `${CREATE} --yes`, {}],
    ['--no-input is given', `${CREATE} --no-input`, {}],
    ['--retain is given', `${CREATE} --retain`, {}],
    ['it runs in a pipeline', CREATE, { env: { CI: 'true' } }],
  ])('nothing is offered when %s', async (_what, line, options) => {
    const { vick, fake, calls } = await start(options);
    expect(await vick(line)).toBe(7);
    expect(fake.asked).toEqual([]);
    expect(await calls('delete')).toEqual([]);
  });

  it.each([
    ['nothing was left', ['create-unknown-flag']],
    ['nothing was begun', []],
  ])('nothing is offered where %s', async (_what, create) => {
    const { vick, fake } = await start({ script: { ls: create.length === 0 ? ['ls-wrong-password'] : ['ls-empty'], create } });
    expect(await vick(CREATE)).not.toBe(0);
    expect(fake.asked).toEqual([]);
  });
});
