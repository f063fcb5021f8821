import { FlagValues } from './flag-values.ts';
import type { FlagSpec } from './flag-spec.ts';
import { parseDuration, quote } from './go-text.ts';
import { parseUrl } from './go-url.ts';

export type ParseResult =
  | { readonly kind: 'parsed'; readonly values: FlagValues; readonly given: ReadonlySet<string>; readonly args: readonly string[] }
  | { readonly kind: 'help' }
  /** `message` follows "Incorrect Usage: "; `values` are those read before, which the help text shows as defaults. */
  | { readonly kind: 'incorrect'; readonly message: string; readonly values: FlagValues };

/**
 * Reads flags as Go's package flag does: one or two dashes, a value after a space or `=`, the first word that is no flag ends it.
 * Defaults come first, then the environment, then the command line. Never throws.
 */
export function parseFlags(specs: readonly FlagSpec[], argv: readonly string[], env: Readonly<Record<string, string | undefined>>): ParseResult {
  const values = new FlagValues();
  const given = new Set<string>();
  const known = new Map<string, FlagSpec>();
  for (const spec of specs) {
    known.set(spec.name, spec);
    if (spec.alias !== undefined) known.set(spec.alias, spec);
    applyDefault(spec, values, env);
  }
  let index = 0;
  while (index < argv.length) {
    const word = argv[index] ?? '';
    if (word.length < 2 || !word.startsWith('-')) break;
    index += 1;
    if (word === '--') break;
    const body = word.replace(/^--?/, '');
    if (body === '' || body.startsWith('-') || body.startsWith('=')) return { kind: 'incorrect', message: `bad flag syntax: ${word}`, values };
    const equals = body.indexOf('=');
    const name = equals === -1 ? body : body.slice(0, equals);
    let text = equals === -1 ? undefined : body.slice(equals + 1);
    const spec = known.get(name);
    if (spec === undefined) {
      if (name === 'help' || name === 'h') return { kind: 'help' };
      return { kind: 'incorrect', message: `flag provided but not defined: -${name}`, values };
    }
    const boolean = spec.kind === 'bool' || spec.kind === 'optional-bool';
    if (text === undefined) {
      if (boolean) text = 'true';
      else if (index < argv.length) text = argv[index++] ?? '';
      else return { kind: 'incorrect', message: `flag needs an argument: -${name}`, values };
    }
    const problem = store(spec, text, values);
    if (problem !== undefined) {
      const what = boolean ? 'boolean value' : 'value';
      return { kind: 'incorrect', message: `invalid ${what} ${quote(text)} for ${boolean ? '' : 'flag '}-${name}: ${problem}`, values };
    }
    given.add(spec.name);
  }
  return { kind: 'parsed', values, given, args: argv.slice(index) };
}

function applyDefault(spec: FlagSpec, values: FlagValues, env: Readonly<Record<string, string | undefined>>): void {
  if (spec.default !== undefined) store(spec, spec.default, values);
  if (spec.kind === 'bool') values.set(spec.name, false);
  const fromEnv = spec.env === undefined ? undefined : env[spec.env];
  if (fromEnv !== undefined && fromEnv !== '') store(spec, fromEnv, values);
}

/** Stores the value; what is wrong with it when it does not fit. */
function store(spec: FlagSpec, text: string, values: FlagValues): string | undefined {
  switch (spec.kind) {
    case 'string':
    case 'optional-string':
      values.set(spec.name, text);
      return undefined;
    case 'strings':
      values.set(spec.name, text, true);
      return undefined;
    case 'bool':
    case 'optional-bool': {
      const value = goBool(text);
      // VIC's own kinds keep Go's zero value of what did not parse, and the help text shows it.
      if (value === undefined && spec.kind === 'optional-bool') values.set(spec.name, false);
      if (value === undefined) return spec.kind === 'bool' ? 'parse error' : `strconv.ParseBool: parsing ${quote(text)}: invalid syntax`;
      values.set(spec.name, value);
      return undefined;
    }
    case 'int': {
      const value = goInt(text, true);
      if (typeof value === 'string') return value === 'invalid syntax' ? 'parse error' : value;
      values.set(spec.name, value);
      return undefined;
    }
    case 'optional-int': {
      const value = goInt(text, false);
      if (typeof value === 'string') values.set(spec.name, 0);
      if (typeof value === 'string') return `strconv.Atoi: parsing ${quote(text)}: ${value}`;
      values.set(spec.name, value);
      return undefined;
    }
    case 'shares': {
      const value = text.toLowerCase();
      const number = goInt(value, false);
      if (!['high', 'normal', 'low'].includes(value) && typeof number === 'string') return `strconv.Atoi: parsing ${quote(value)}: ${number}`;
      values.set(spec.name, value);
      return undefined;
    }
    case 'duration': {
      const value = parseDuration(text);
      if (value === undefined) return 'parse error';
      values.set(spec.name, value);
      return undefined;
    }
    case 'url': {
      const withScheme = /^[A-Za-z][\w+.-]*:\/\//.test(text) ? text : `https://${text}`;
      const url = parseUrl(withScheme);
      if (url.kind === 'error') return url.message;
      values.set(spec.name, withScheme);
      return undefined;
    }
  }
}

function goBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
}

function goInt(text: string, prefixes: boolean): number | 'invalid syntax' | 'value out of range' {
  const decimal = /^[+-]?\d+$/.test(text);
  const based = prefixes && /^[+-]?0(?:[xX][\da-fA-F]+|[bB][01]+|[oO]?[0-7]+)$/.test(text);
  if (!decimal && !based) return 'invalid syntax';
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '');
  const octal = prefixes && /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = BigInt(octal) * (negative ? -1n : 1n);
  return value >= -(2n ** 63n) && value < 2n ** 63n ? Number(value) : 'value out of range';
}
