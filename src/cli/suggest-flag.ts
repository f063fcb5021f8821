/** What an unknown flag was meant to be: a name of like length or of the same words, never the opposite of what was typed. */
import type { FlagSpec } from './spec.ts';
import { editDistance } from './suggest.ts';

/** Shorter ones are near to too many names. */
const SHORTEST = 3;

/**
 * `--target` for `--tagret`; undefined when no name is near enough to be worth saying. A name that begins with `no-` is only
 * meant by one that does, but for its hyphens: `--no-wait` for `--nowait`, nothing for `--nope`.
 */
export function nearestFlag(typed: string, flags: readonly Pick<FlagSpec, 'name' | 'kind'>[]): string | undefined {
  const word = typed.replace(/^-+/, '').replace(/=.*$/s, '').toLowerCase();
  if (word.length < SHORTEST) return undefined;
  const names = flags.flatMap(({ name, kind }) => (kind === 'boolean' && !name.startsWith('no-') ? [name, `no-${name}`] : [name]));
  const same = names.find((name) => unhyphenated(name) === unhyphenated(word));
  const found =
    same ??
    nearestOf(
      word,
      names.filter((name) => name.startsWith('no-') === word.startsWith('no-')),
    ) ??
    begunWith(word, names);
  return found === undefined ? undefined : `--${found}`;
}

function unhyphenated(name: string): string {
  return name.replaceAll(/[-_]/g, '');
}

/** Within one typing error for a short name, two for a longer one, three for a long one. */
function nearestOf(word: string, names: readonly string[]): string | undefined {
  // What both begin with says nothing about how alike they are.
  const bare = (name: string): string => name.replace(/^no-/, '');
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const name of names) {
    const length = Math.min(bare(name).length, bare(word).length);
    const allowed = length < 4 ? (bare(name).startsWith(bare(word).slice(0, 1)) ? 1 : 0) : length < 6 ? 1 : length < 10 ? 2 : 3;
    const distance = editDistance(bare(word), bare(name));
    if (distance <= allowed && distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Whole words of a name that were typed without the rest: `--bridge` of `--bridge-network`; the shortest of several. */
function begunWith(word: string, names: readonly string[]): string | undefined {
  return names.filter((name) => name.startsWith(`${word}-`)).sort((a, b) => a.length - b.length)[0];
}
