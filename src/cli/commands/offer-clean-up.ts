/** After a create that failed with something left behind: the command that removes it, run at once if the operator says so. */
import { isVickError, messageOf, type VickError } from '../../errors/vick-error.ts';
import type { CreateVchRequest } from '../../operations/vch/create.ts';
import { cleanupWords, commandLine, deleteWords } from '../../operations/vch/remains.ts';
import type { Deps } from '../deps.ts';
import { OfferedFailure, type Offer } from '../offer.ts';
import type { CommandInput } from '../spec.ts';
import { isOn, textFlag } from './vch-input.ts';

/** `error`, with the offer where there is something to remove and somebody to ask. */
export function offerCleanUp(error: unknown, request: CreateVchRequest, input: CommandInput, deps: Deps, signal: AbortSignal): unknown {
  if (!isVickError(error) || signal.aborted || !deps.prompter.interactive) return error;
  if (isOn(input, 'yes') || request.retain || input.output === 'json' || isPipeline(deps.env)) return error;
  const offer = offerFor(error, request, input, deps);
  return offer === undefined ? error : new OfferedFailure(error, offer);
}

/** Some of them have a terminal, and nobody at it. */
function isPipeline(env: Deps['env']): boolean {
  return !['', 'false', '0'].includes(env['CI'] ?? '');
}

function offerFor({ details = {} }: VickError, request: CreateVchRequest, input: CommandInput, deps: Deps): Offer | undefined {
  const { name, target } = request.input;
  const { removeWith, certificateFolder } = details;
  const flag = '--cleanup';
  const printed = [deleteWords({ name, input: request.input }), cleanupWords({ name, input: request.input })].find(
    (words) => commandLine(words) === removeWith,
  );
  if (printed !== undefined) {
    // The cluster and the program are what they were for the create; the printed command leaves them to be given again.
    const more = given(input, ['kubeconfig', 'k8s-config', 'context', 'vic-machine']);
    const words = [...printed, ...more];
    return {
      message: `Remove what is left of ${name} now, with ${more.length === 0 ? 'that command' : commandLine(words)}?`,
      flag,
      accept: async (runVick) => {
        await runVick([...words.slice(1), '--yes'], target.password === undefined ? {} : { VICK_PASSWORD: target.password });
      },
    };
  }
  if (typeof certificateFolder !== 'string' || typeof removeWith !== 'string') return undefined;
  return {
    message: `Remove the certificates that are left of ${name} now, with that command?`,
    flag,
    accept: async () => {
      try {
        await deps.fs.remove(certificateFolder);
        deps.reporter.info(`${certificateFolder} was removed`);
      } catch (error) {
        deps.reporter.warn(`${certificateFolder} could not be removed: ${messageOf(error)}`);
      }
    },
  };
}

/** Flags as they were typed; --k8s-config is create's own name for --kubeconfig. */
function given(input: CommandInput, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    const value = input.sources[name] === 'flag' ? textFlag(input, name) : undefined;
    return value === undefined ? [] : [`--${name === 'k8s-config' ? 'kubeconfig' : name}`, value];
  });
}
