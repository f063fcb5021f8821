import { VickError } from '../../errors/vick-error.ts';
import type { NodeResult, DryRun } from '../../operations/node/update-nodes.ts';
import type { NodeChoice } from '../../operations/node/find-nodes.ts';
import type { CommandInput, Outcome } from '../spec.ts';
import type { Deps } from '../deps.ts';

/** `NAME... CHANGE...`: the first word that looks like a change ends the names, as in kubectl. */
export function splitWords(
  words: readonly string[],
  isChange: (word: string) => boolean,
  what: 'taint' | 'label',
): { names: readonly string[]; changes: readonly string[] } {
  const first = words.findIndex(isChange);
  if (first === -1) return { names: words, changes: [] };
  const changes = words.slice(first);
  const stray = changes.find((word) => !isChange(word));
  if (stray !== undefined) {
    throw new VickError('USAGE', `all resources must be specified before ${what} changes: ${stray}`, { hint: `Write the nodes first, then the ${what}s.` });
  }
  return { names: words.slice(0, first), changes };
}

/** The choice of nodes in the flags that `node taint` and `node label` share. */
export function readChoice(input: CommandInput, words: readonly string[]): { choice: NodeChoice; overwrite: boolean; dryRun: DryRun } {
  const { selector, all, overwrite, 'dry-run': dryRun } = input.flags as { selector?: string; all?: boolean; overwrite?: boolean; 'dry-run'?: DryRun };
  // `vick node taint node demo …` and `nodes demo …` are what kubectl users type.
  const names = words.length > 1 && /^(?:no|nodes?)$/.test(words[0] ?? '') ? words.slice(1) : words;
  return { choice: { names, selector, all }, overwrite: overwrite === true, dryRun: dryRun ?? 'none' };
}

/**
 * One line per node as kubectl prints it. Refusals are said on stderr; some of several make the outcome partial,
 * and where nothing was done at all the refusal is the error.
 */
export function updateOutcome<V extends string>(kind: string, results: readonly NodeResult<V>[], dryRun: DryRun, deps: Pick<Deps, 'reporter'>): Outcome {
  const done = results.filter((result) => 'verb' in result);
  const failed = results.filter((result) => 'error' in result);
  const [first] = failed;
  if (first !== undefined && done.length === 0) throw failed.length === 1 ? first.error : allFailed(failed);
  for (const { node, error } of failed) deps.reporter.warn(`${node}: ${error.message} [${error.code}]`);
  for (const result of done) for (const note of result.notes) deps.reporter.info(note);
  const suffix = dryRun === 'none' ? '' : dryRun === 'server' ? ' (server dry run)' : ' (dry run)';
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind,
      dryRun,
      items: results.map((result) =>
        'verb' in result
          ? { node: result.node, result: result.verb }
          : { node: result.node, error: { code: result.error.code, message: result.error.message } },
      ),
    },
    text: done.map((result) => `node/${result.node} ${result.verb}${suffix}`).join('\n'),
    names: done.map((result) => `node/${result.node}`),
    exit: failed.length === 0 ? 'ok' : 'partial',
  };
}

function allFailed(failed: readonly { readonly node: string; readonly error: VickError }[]): VickError {
  const codes = new Set(failed.map(({ error }) => error.code));
  const [code] = codes;
  const lines = failed.map(({ node, error }) => `  ${node}: ${error.message}`);
  return new VickError(
    codes.size === 1 && code !== undefined ? code : 'KUBE_API',
    [`none of ${String(failed.length)} nodes was changed`, ...lines].join('\n'),
    {
      hint: failed[0]?.error.hint ?? "See 'vick node list'.",
      details: { nodes: failed.map(({ node, error }) => ({ node, code: error.code, message: error.message })) },
    },
  );
}
