/** Flags of the command line as words for vic-machine, under the same names. */
import { resolve } from 'node:path';
import { registerSecret } from '../../errors/redact.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { PassThrough } from '../../operations/vch/pass-through.ts';
import type { VicOptions } from '../../operations/vch/rules/options.ts';
import type { Deps } from '../deps.ts';
import type { CommandInput, FlagSpec } from '../spec.ts';
import { textFlag } from './vch-input.ts';

/** Only what was given: vic-machine has its own defaults. A secret is in no words; see `operationsPassword`. */
export function vicWords(input: CommandInput, flags: readonly FlagSpec[]): readonly string[] {
  return flags
    .filter((flag) => flag.secret !== true && flag.name !== 'ops-password-file' && input.sources[flag.name] !== 'default')
    .flatMap((flag) => wordsOf(`--${flag.name}`, input.flags[flag.name]));
}

function wordsOf(name: string, value: CommandInput['flags'][string]): readonly string[] {
  if (value === undefined) return [];
  if (value === true) return [name];
  // `=`: a value that begins with a dash, or an empty one, stays the value of its flag.
  if (value === false) return [`${name}=false`];
  if (Array.isArray(value)) return (value as readonly string[]).map((one) => `${name}=${one}`);
  return [`${name}=${String(value)}`];
}

/** What was given, as the rules want it: flags of vick that vic-machine has too, then those that are handed on. */
export function optionsOf(input: CommandInput, own: readonly string[], extra: Pick<PassThrough, 'values'>): VicOptions {
  const options = new Map<string, readonly string[]>();
  for (const name of own) {
    const value = input.flags[name];
    if (value === undefined || value === '' || input.sources[name] === 'default') continue;
    options.set(`--${name}`, Array.isArray(value) ? (value as readonly string[]) : [String(value)]);
  }
  for (const [flag, values] of extra.values) options.set(flag, [...(options.get(flag) ?? []), ...values]);
  return options;
}

/** `--ops-password` for an operations user: from the variable, a file, or a question. Nothing without --ops-user. */
export async function operationsPassword(
  input: CommandInput,
  deps: Pick<Deps, 'prompter' | 'fs' | 'cwd'>,
  options: { readonly ask: boolean } = { ask: true },
): Promise<readonly string[]> {
  const user = textFlag(input, 'ops-user');
  const given = input.flags['ops-password'];
  const file = textFlag(input, 'ops-password-file');
  if (user === undefined) {
    if (file !== undefined) throw new VickError('USAGE', '--ops-password-file needs --ops-user', { hint: 'Name the account with --ops-user.' });
    return [];
  }
  if (input.rest.some((word) => /^--?ops-password(?:=|$)/.test(word))) return [];
  const password =
    file !== undefined && input.sources['ops-password-file'] === 'flag' ? await readSecret(file, deps) : typeof given === 'string' ? given : undefined;
  const known = password ?? (file === undefined ? undefined : await readSecret(file, deps));
  if (known === undefined && !options.ask) return [];
  const settled = known ?? (await ask(user, deps));
  registerSecret(settled);
  return [`--ops-password=${settled}`];
}

/** `--NAME=secret` from its variable or from the file that `--NAME-file` names; nothing where neither is given. */
export async function secretWord(input: CommandInput, name: string, deps: Pick<Deps, 'fs' | 'cwd'>): Promise<readonly string[]> {
  const file = textFlag(input, `${name}-file`);
  const given = input.flags[name];
  const secret = file === undefined ? (typeof given === 'string' ? given : undefined) : await readSecret(file, deps, `--${name}-file`);
  if (secret === undefined || secret === '') return [];
  registerSecret(secret);
  return [`--${name}=${secret}`];
}

async function readSecret(file: string, { fs, cwd }: Pick<Deps, 'fs' | 'cwd'>, flag = '--ops-password-file'): Promise<string> {
  try {
    return (await fs.readText(resolve(cwd, file))).replace(/\r?\n$/, '');
  } catch (error) {
    throw new VickError('USAGE', `the password file ${file} cannot be read: ${messageOf(error)}`, { hint: `Check ${flag}.`, cause: error });
  }
}

async function ask(user: string, { prompter }: Pick<Deps, 'prompter'>): Promise<string> {
  if (!prompter.interactive) {
    throw new VickError('USAGE', `the password of the operations user ${user} is missing`, {
      hint: 'Give it in $VICK_OPS_PASSWORD or by --ops-password-file FILE.',
    });
  }
  return prompter.secret({ message: `Password of the operations user ${user}`, flag: 'VICK_OPS_PASSWORD' });
}
