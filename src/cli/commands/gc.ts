import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import { findLeftovers } from '../../operations/gc/gc.ts';
import type { Found, Leftover } from '../../operations/gc/leftover.ts';
import { askVSphere } from '../../operations/status/vsphere.ts';
import type { Deps } from '../deps.ts';
import type { CommandHandler, CommandInput, Outcome } from '../spec.ts';
import { withKubernetes } from '../with-kubernetes.ts';
import { serviceHints, vsphereChoice } from './status-input.ts';
import { isOn, textFlag } from './vch-input.ts';

/** What became of it: `kept` is only told of. */
interface Judged {
  readonly leftover: Leftover;
  readonly action: 'removed' | 'would be removed' | 'kept' | 'failed';
  readonly error?: string;
}

export const runGc: CommandHandler = async (input, deps, signal) => {
  const name = (input.args['VCH'] as string | undefined)?.replace(/^vch\//, '');
  const dryRun = textFlag(input, 'dry-run') === 'client';
  const hints = serviceHints(input, name, deps);
  if (!dryRun) refuseUnconfirmable(input, deps);
  const choice = await vsphereChoice(input, deps);
  return withKubernetes(deps, input, async (api) => {
    const vsphere = await askVSphere(choice, name, deps, signal);
    const target = typeof choice === 'string' ? undefined : choice.target.target;
    const found = await findLeftovers(api, { name: input.args['VCH'] as string | undefined, hints, vsphere, target }, deps, signal);
    try {
      return outcomeOf(dryRun ? found.leftovers.map(planned) : await removeAll(found, input, deps, signal), found, dryRun, deps);
    } finally {
      found.close();
    }
  });
};

function planned(leftover: Leftover): Judged {
  return { leftover, action: leftover.remove === undefined ? 'kept' : 'would be removed' };
}

/** Goes on after what fails: the rest is none the worse for it. */
async function removeAll({ leftovers }: Found, input: CommandInput, deps: Deps, signal: AbortSignal): Promise<readonly Judged[]> {
  const removable = leftovers.filter(({ remove }) => remove !== undefined);
  if (removable.length > 0) await confirm(removable, input, deps);
  const judged: Judged[] = [];
  for (const leftover of leftovers) {
    if (leftover.remove === undefined) {
      judged.push({ leftover, action: 'kept' });
      continue;
    }
    const step = deps.reporter.step(`Remove ${title(leftover)}`, { name: 'remove', brief: true });
    try {
      await leftover.remove(signal);
      step.done();
      judged.push({ leftover, action: 'removed' });
    } catch (error) {
      step.fail();
      signal.throwIfAborted();
      if (isVickError(error) && error.family === 'bug') throw error;
      judged.push({ leftover, action: 'failed', error: messageOf(error) });
    }
  }
  return judged;
}

/** Where nobody can answer, the question is not worth the work before it. */
function refuseUnconfirmable(input: CommandInput, { prompter }: Pick<Deps, 'prompter'>): void {
  if (isOn(input, 'yes') || prompter.interactive) return;
  throw new VickError('USAGE', 'removing what is left behind needs a confirmation, and there is no terminal to ask on', {
    hint: 'See what it would be with --dry-run; add --yes to remove it without a question.',
  });
}

async function confirm(removable: readonly Leftover[], input: CommandInput, { prompter }: Pick<Deps, 'prompter'>): Promise<void> {
  if (isOn(input, 'yes')) return;
  const shown = removable.slice(0, 5).map(title);
  const more = removable.length > shown.length ? ` and ${removable.length - shown.length} more` : '';
  const sure = await prompter.confirm({ message: `Remove ${shown.join(', ')}${more}?`, flag: '--yes', default: false });
  if (!sure) throw new VickError('CANCELLED', 'Nothing was removed.');
}

function outcomeOf(judged: readonly Judged[], { unseen }: Found, dryRun: boolean, { reporter }: Pick<Deps, 'reporter'>): Outcome {
  for (const { what, why, expected } of unseen) {
    if (expected) reporter.warn(`${what} was not looked at: ${why}`);
    else reporter.info(`${what} was not looked at: ${why}`);
  }
  for (const { leftover, error } of judged) if (error !== undefined) reporter.warn(`${title(leftover)} was not removed: ${error}`);
  const incomplete = judged.some(({ action }) => action === 'failed') || unseen.some(({ expected }) => expected);
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'GarbageCollection',
      dryRun,
      items: judged.map(({ leftover: { kind, name, vch, why, id }, action, error }) => ({
        ...{ kind, name, vch, why },
        id: id ?? null,
        action: action === 'would be removed' ? 'wouldRemove' : action,
        error: error ?? null,
      })),
      notLookedAt: unseen.map(({ what, why }) => ({ what, reason: why })),
    },
    table: {
      columns: [{ title: 'KIND' }, { title: 'NAME' }, { title: 'VCH' }, { title: 'ACTION' }, { title: 'WHY' }, { title: 'ID', wide: true }],
      rows: judged.map(({ leftover, action, error }) => [leftover.kind, leftover.name, leftover.vch, action, error ?? leftover.why, leftover.id ?? '']),
      empty: 'Nothing is left behind.',
    },
    names: judged.filter(({ action }) => action !== 'kept').map(({ leftover }) => `${leftover.kind}/${leftover.name}`),
    ...(incomplete ? { exit: 'partial' as const } : {}),
  };
}

function title({ kind, name }: Leftover): string {
  return `${kind.replaceAll('-', ' ')} ${name}`;
}
