import { VickError } from '../../errors/vick-error.ts';
import { completionScript, SHELLS } from '../completion/shells.ts';
import type { CommandHandler } from '../spec.ts';
import { TABLE } from '../specs/index.ts';
import { nearest } from '../suggest.ts';

export const runCompletion: CommandHandler = (input) => {
  const asked = input.args['SHELL'] as string;
  const shell = SHELLS.find((known) => known === asked);
  if (shell === undefined) {
    const near = nearest(asked, SHELLS);
    throw new VickError('USAGE', `there is no completion for the shell "${asked}"`, {
      hint: near === undefined ? `Shells: ${SHELLS.join(', ')}.` : `Did you mean ${near}?`,
    });
  }
  return Promise.resolve({ data: null, text: completionScript(shell, TABLE) });
};
