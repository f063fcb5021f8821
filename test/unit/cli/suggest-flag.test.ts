import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseArgv } from '../../../src/cli/parse.ts';
import { TABLE } from '../../../src/cli/specs/index.ts';
import { nearestFlag } from '../../../src/cli/suggest-flag.ts';
import { typedFlagsOf } from '../../../src/cli/table.ts';
import { isVickError, type VickError } from '../../../src/errors/vick-error.ts';

const create = typedFlagsOf(TABLE.commands.find(({ path }) => path.join(' ') === 'create vch')!);

describe('the flag that was meant', () => {
  it.each([
    // Letters swapped, left out, doubled, wrong.
    ['--tagret', '--target'],
    ['--targt', '--target'],
    ['--taget=vc.example.com', '--target'],
    ['--usr', '--user'],
    ['--memroy', '--memory'],
    ['--cup', '--cpu'],
    ['--lable', '--label'],
    ['--tiant', '--taint'],
    ['--timout', '--timeout'],
    ['--Target', '--target'],
    ['--labels', '--label'],
    ['--kubeconfg', '--kubeconfig'],
    ['--brigde-network', '--bridge-network'],
    ['--volumestore', '--volume-store'],
    ['--volume_store', '--volume-store'],
    ['--thumprint', '--thumbprint'],
    ['--dryrun', '--dry-run'],
    ['--clean-up', '--cleanup'],
    ['--verbos', '--verbose'],
    ['-memory', '--memory'],
    ['--yep', '--yes'],
    // Whole words only.
    ['--bridge', '--bridge-network'],
    ['--password', '--password-file'],
    ['--kubelet', '--kubelet-identity'],
    // With no-.
    ['--nowait', '--no-wait'],
    ['--no-wiat', '--no-wait'],
    ['--no-tlsverfy', '--no-tlsverify'],
    ['--notls', '--no-tls'],
    ['--no-colr', '--no-color'],
  ])('of %s is %s', (typed, meant) => {
    expect(nearestFlag(typed, create)).toBe(meant);
  });

  it.each([
    '--nope',
    '--no',
    '--not',
    '--none',
    '--node',
    '--no-op',
    '--no-x',
    '--foo',
    '--x',
    '-z',
    '--',
    '--=',
    '--frobnicate',
    '--name',
    '--cat',
    '--no-frobnicate',
  ])('of %s is not known', (typed) => {
    expect(nearestFlag(typed, create)).toBeUndefined();
  });

  it('of every flag with two letters swapped is a flag, of every command', () => {
    for (const spec of TABLE.commands) {
      const flags = typedFlagsOf(spec);
      for (const { name } of flags.filter((flag) => flag.name.length > 4 && !flag.name.startsWith('no-'))) {
        const typo = `${name.slice(0, 2)}${name.charAt(3)}${name.charAt(2)}${name.slice(4)}`;
        expect(nearestFlag(`--${typo}`, flags), `${spec.path.join(' ')} --${typo}`).toBeDefined();
      }
    }
  });

  it('never begins with no- unless what was typed does, whatever that was', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^-{0,2}n?o?-?[a-z-]{0,8}$/)), (typed) => {
        const meant = nearestFlag(typed, create);
        if (meant?.startsWith('--no-') === true) expect(typed.toLowerCase()).toMatch(/^-*n[-_]*o/);
      }),
    );
  });
});

describe('a command line with an unknown flag', () => {
  const refusal = (line: string): VickError => {
    try {
      parseArgv(line.split(' '), TABLE);
    } catch (error) {
      if (isVickError(error)) return error;
    }
    throw new Error(`${line} was taken`);
  };

  it.each([
    ['create vch web --nope', "unknown flag '--nope'", "See 'vick create vch --help'."],
    ['--nope list vch', "unknown flag '--nope'", "See 'vick list vch --help'."],
    ['node --nope', "unknown flag '--nope'", "See 'vick node --help'."],
    ['--nope', "unknown flag '--nope'", "See 'vick --help'."],
    ['node --verbos', "unknown flag '--verbos'", "Did you mean --verbose? See 'vick node --help'."],
    ['create vch web --memroy 5', "unknown flag '--memroy'", "Did you mean --memory? See 'vick create vch --help'."],
    ['list vhc', "unknown command 'vhc'", "Did you mean vch? See 'vick list --help'."],
  ])('%s is refused', (line, message, hint) => {
    expect(refusal(line)).toMatchObject({ code: 'USAGE', message, hint });
  });

  it('is refused without what stands behind the name, which may be a secret', () => {
    const error = refusal('create vch web --pasword=hunter2=x');
    expect(error.message).toBe("unknown flag '--pasword'");
    expect(error.hint).not.toContain('hunter2');
  });
});
