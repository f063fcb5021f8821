import { VickError } from '../errors/vick-error.ts';
import { parseDuration } from './duration.ts';
import type { FlagSpec, FlagValue } from './spec.ts';
import { nearest } from './suggest.ts';

const TRUE = new Set(['true', '1', 'yes', 'on', 't']);
const FALSE = new Set(['false', '0', 'no', 'off', 'f']);

/** One value of `flag` from text. USAGE says what is wrong with the text; the caller says where it came from. */
export function decodeValue(flag: FlagSpec, text: string): FlagValue {
  switch (flag.kind) {
    case 'string':
      return text;
    case 'boolean':
      return decodeBoolean(text);
    case 'integer':
      return decodeInteger(text);
    case 'duration':
      return parseDuration(text);
    case 'enum':
      return decodeEnum(text, flag.values ?? []);
  }
}

function decodeBoolean(text: string): boolean {
  if (TRUE.has(text.toLowerCase())) return true;
  if (FALSE.has(text.toLowerCase())) return false;
  throw new VickError('USAGE', `"${text}" is neither true nor false`);
}

function decodeInteger(text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new VickError('USAGE', `"${text}" is not a whole number`);
  return value;
}

function decodeEnum(text: string, values: readonly string[]): string {
  if (values.includes(text)) return text;
  const near = nearest(text, values);
  throw new VickError('USAGE', `"${text}" is not one of ${values.join(', ')}`, near === undefined ? {} : { hint: `Did you mean ${near}?` });
}
