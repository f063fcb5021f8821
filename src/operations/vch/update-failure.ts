/** After a configure or upgrade that did not succeed: in which state the VCH is, and the next command. */
import { vicFailureDetails } from '../../clients/vic-machine/failure.ts';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import { titleOf, wordsFor, type ExistingVch } from './existing-vch.ts';

export function explainUpdate(error: unknown, command: 'configure' | 'upgrade', vch: ExistingVch): unknown {
  if (!isVickError(error)) return error;
  const failure = vicFailureDetails(error);
  const state = error.code === 'CANCELLED' || error.code === 'VIC_MACHINE_TIMEOUT' ? cutOff(failure?.state) : failure?.state;
  if (state === undefined || error.code === 'VCH_NOT_FOUND') return error;
  const words = wordsFor(vch);
  const look = `Look at it with: vick inspect vch ${words}`;
  const reset = `vick ${command} vch ${words} --reset-progress`;
  const [said, next] = {
    unchanged: [`The VCH ${titleOf(vch)} was not changed.`, undefined],
    'rolled-back': [`The VCH ${titleOf(vch)} was rolled back to what it was before.`, look],
    stuck: [`The VCH ${titleOf(vch)} was not rolled back and is still marked as being updated.`, `${look}; when nothing works on it any more: ${reset}`],
    unknown: [
      `In which state the VCH ${titleOf(vch)} is now is not known${command === 'configure' ? '; files of its endpoint VM on the datastore may be gone' : ''}.`,
      `${look}; if it says that an update is in progress: ${reset}`,
    ],
  }[state];
  const general = error.hint?.replaceAll('vch NAME', `vch ${words}`);
  const hint = [general, next].filter((part) => part !== undefined).join(' ');
  return new VickError(error.code, `${error.message}\n${said ?? ''}`, {
    cause: error.cause,
    details: { ...error.details, state },
    ...(hint === '' ? {} : { hint }),
  });
}

/** A run that was ended from outside cannot clear its mark, whatever it said before. */
function cutOff(state: 'unchanged' | 'rolled-back' | 'stuck' | 'unknown' | undefined): typeof state {
  return state === 'rolled-back' ? state : state === 'stuck' ? 'stuck' : state === undefined ? undefined : 'unknown';
}
