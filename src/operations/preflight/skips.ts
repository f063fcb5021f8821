import { VickError } from '../../errors/vick-error.ts';
import { CHECK_NAMES } from './names.ts';

/** The names given with `--skip`; several may stand in one, separated by commas. USAGE names those that exist. */
export function checkSkips(given: readonly string[]): readonly string[] {
  const names = given
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.filter((name) => !CHECK_NAMES.includes(name));
  if (unknown.length > 0) {
    throw new VickError('USAGE', `--skip: there is no check called ${unknown.join(', ')}`, { hint: `Checks: ${CHECK_NAMES.join(', ')}.` });
  }
  return names;
}
