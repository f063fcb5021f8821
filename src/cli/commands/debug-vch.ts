import { titleOf } from '../../operations/vch/existing-vch.ts';
import { debugVch } from '../../operations/vch/debug.ts';
import type { CommandHandler } from '../spec.ts';
import { debugVchSpec } from '../specs/debug-vch.ts';
import { confirmOnTerminal, existingVch, handedOn, lines, withProblems } from './existing-vch.ts';
import { secretWord } from './vic-words.ts';

export const runDebugVch: CommandHandler = async (input, deps, signal) => {
  const password = await secretWord(input, 'rootpw', deps);
  const extra = handedOn('debug', input, debugVchSpec.flags, ['enable-ssh', 'authorized-key', 'debug'], deps, password);
  const vch = await existingVch(input, deps);
  const confirm = (): Promise<void> => confirmOnTerminal(input, deps, `Switch SSH on in the endpoint VM of ${titleOf(vch)}`);
  const result = await debugVch({ ...vch, extra, confirm }, deps, signal);
  return withProblems(
    {
      data: {
        apiVersion: 'vick.dev/v1alpha1',
        kind: 'VchDebug',
        name: vch.name ?? null,
        id: result.addresses.id ?? vch.id ?? null,
        ssh: result.ssh ?? null,
        adminPortal: result.addresses.adminPortal ?? null,
        problems: result.problems,
      },
      text: lines([
        ['SSH', result.ssh === undefined ? 'is on' : `${result.ssh}   (until the VCH restarts)`],
        ['Admin portal', result.addresses.adminPortal],
      ]),
      names: [`vch/${titleOf(vch)}`],
    },
    result.problems,
    deps,
  );
};
