import { VickError, isVickError, messageOf } from '../errors/vick-error.ts';
import { decodeValue } from './decode-value.ts';
import type { Deps } from './deps.ts';
import { choose, type Source } from './precedence.ts';
import type { RawFlags } from './parse.ts';
import type { CommandInput, CommandSpec, FlagLayer, FlagSpec, FlagValue, OutputFormat } from './spec.ts';
import { flagsOf } from './table.ts';
import { GLOBAL_FLAGS } from './specs/shared-flags.ts';

export interface RawInput {
  readonly words: readonly string[];
  readonly flags: RawFlags;
  readonly rest: readonly string[];
}

/**
 * Decodes what was typed, fills in environment, files and defaults, and asks for what is required and missing.
 * Every wrong value is reported in one USAGE error. Of `layers`, the first that has a value wins.
 */
export async function buildInput(
  spec: CommandSpec,
  raw: RawInput,
  deps: Pick<Deps, 'env' | 'prompter'>,
  layers: readonly FlagLayer[] = [],
): Promise<CommandInput> {
  const flags: Record<string, FlagValue | undefined> = {};
  const sources: Record<string, Source> = {};
  const problems: VickError[] = [];
  const all = [...flagsOf(spec), ...GLOBAL_FLAGS];
  for (const flag of all) {
    try {
      const chosen = settle(flag, raw.flags[flag.name], deps.env, layers);
      if (chosen === undefined) continue;
      flags[flag.name] = chosen.value;
      sources[flag.name] = chosen.source;
    } catch (error) {
      if (!isVickError(error)) throw error;
      problems.push(error);
    }
  }
  if (problems.length > 0) throw together(problems, spec);
  const args = await fillArgs(spec, raw.words, deps);
  for (const flag of all) {
    if (flag.required !== true || flags[flag.name] !== undefined) continue;
    flags[flag.name] = decodeValue(flag, await ask(flag, spec, deps));
    sources[flag.name] = 'flag';
  }
  return { args, flags, sources, rest: raw.rest, output: (flags['output'] ?? 'table') as OutputFormat };
}

/** Where the value of one flag comes from, and which. USAGE names the place of a value that is none. */
export function settle(
  flag: FlagSpec,
  typed: RawFlags[string] | undefined,
  env: Deps['env'],
  layers: readonly FlagLayer[],
): { readonly value: FlagValue; readonly source: Source; readonly origin: string } | undefined {
  const layer = layers.find(({ values }) => values[flag.name] !== undefined);
  const chosen = choose<FlagValue>({ flag: typed, envNames: flag.env ?? [], env, file: layer?.values[flag.name], fallback: flag.default });
  if (chosen === undefined) return undefined;
  const origin =
    chosen.source === 'env' ? `$${chosen.variable ?? ''}` : chosen.source === 'file' ? `--${flag.name} in ${layer?.origin ?? ''}` : `--${flag.name}`;
  try {
    return { value: decodeChosen(flag, chosen.value, chosen.source), source: chosen.source, origin: chosen.source === 'file' ? (layer?.origin ?? '') : origin };
  } catch (error) {
    // A secret's text never goes into a message, not even a wrong one.
    const why = flag.secret === true ? 'not a valid value' : messageOf(error);
    throw new VickError('USAGE', `${origin}: ${why}`, isVickError(error) && error.hint !== undefined ? { hint: error.hint } : {});
  }
}

function decodeChosen(flag: FlagSpec, value: FlagValue, source: Source): FlagValue {
  if (typeof value === 'number' || typeof value === 'boolean') return flag.repeatable === true ? [String(value)] : value;
  if (flag.repeatable !== true) return decodeValue(flag, String(value));
  // In a variable, several values stand on lines or between commas.
  const list = typeof value === 'string' ? value.split(source === 'env' ? /[\n,]/ : /\n/).filter((part) => part.trim() !== '') : value;
  return list.map((part) => String(decodeValue(flag, part.trim())));
}

function together(problems: readonly VickError[], spec: CommandSpec): VickError {
  const [first] = problems;
  const see = `See 'vick ${spec.path.join(' ')} --help'.`;
  if (problems.length === 1 && first !== undefined) {
    return new VickError('USAGE', first.message, { hint: first.hint === undefined ? see : `${first.hint} ${see}` });
  }
  return new VickError('USAGE', ['several values are not valid', ...problems.map((problem) => `  ${problem.message}`)].join('\n'), { hint: see });
}

async function fillArgs(spec: CommandSpec, words: readonly string[], deps: Pick<Deps, 'prompter'>): Promise<CommandInput['args']> {
  const args: Record<string, string | readonly string[] | undefined> = {};
  const specs = spec.args ?? [];
  for (const [index, arg] of specs.entries()) {
    const given = arg.variadic === true ? words.slice(index) : words[index];
    if (given !== undefined && given.length > 0) {
      args[arg.name] = given;
    } else if (arg.required) {
      if (given === '') throw new VickError('USAGE', `${arg.name} is empty`, { hint: `Use: ${usageOf(spec)}` });
      if (!deps.prompter.interactive) throw new VickError('USAGE', `${arg.name} is missing: ${arg.description}`, { hint: `Use: ${usageOf(spec)}` });
      const answer = await deps.prompter.text({ message: capital(arg.description), flag: arg.name });
      args[arg.name] = arg.variadic === true ? answer.split(/\s+/).filter((word) => word !== '') : answer;
    } else if (arg.variadic === true) {
      args[arg.name] = [];
    }
  }
  return args;
}

async function ask(flag: FlagSpec, spec: CommandSpec, deps: Pick<Deps, 'prompter'>): Promise<string> {
  const name = `--${flag.name}`;
  const question = { message: capital(flag.description), flag: name };
  if (!deps.prompter.interactive) {
    const ways = [...(flag.secret === true ? [] : [`${name} ${flag.placeholder ?? 'VALUE'}`]), ...(flag.env ?? []).map((variable) => `$${variable}`)];
    throw new VickError('USAGE', `${name} is required: ${flag.description}`, { hint: `Give ${ways.join(' or ')}. See 'vick ${spec.path.join(' ')} --help'.` });
  }
  if (flag.secret === true) return deps.prompter.secret(question);
  if (flag.kind === 'enum') return deps.prompter.choose({ ...question, choices: flag.values ?? [] });
  if (flag.kind === 'boolean') return String(await deps.prompter.confirm(question));
  return deps.prompter.text(question);
}

/** `vick create vch NAME [flags]`: the first line of a command's help. */
export function usageOf(spec: CommandSpec): string {
  const args = (spec.args ?? []).map((arg) => {
    const name = arg.variadic === true ? `${arg.name}...` : arg.name;
    return arg.required ? name : `[${name}]`;
  });
  return ['vick', ...spec.path, ...args, '[flags]', ...(spec.passThrough === true ? ['[-- ARGS...]'] : [])].join(' ');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
