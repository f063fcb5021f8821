/** Decodes what the commands on VCHs have in common: where vSphere is, who asks, which cluster. */
import type { CreateVchInput } from '../../operations/vch/create-input.ts';
import { registerSecret } from '../../errors/redact.ts';
import { resolve } from 'node:path';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import { trustTarget } from '../../operations/vch/trust-target.ts';
import { readTarget } from '../../operations/vch/target.ts';
import type { ClusterChoice } from '../../operations/vch/ports.ts';
import type { Deps } from '../deps.ts';
import type { CommandInput } from '../spec.ts';

export function textFlag(input: CommandInput, name: string): string | undefined {
  const value = input.flags[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function listFlag(input: CommandInput, name: string): readonly string[] {
  const value = input.flags[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

export function numberFlag(input: CommandInput, name: string): number | undefined {
  const value = input.flags[name];
  return typeof value === 'number' ? value : undefined;
}

export function isOn(input: CommandInput, name: string): boolean {
  return input.flags[name] === true;
}

export function clusterChoice(input: CommandInput): ClusterChoice {
  return { path: textFlag(input, 'kubeconfig') ?? textFlag(input, 'k8s-config'), context: textFlag(input, 'context') };
}

export function nameArg(input: CommandInput): string {
  const name = input.args['NAME'];
  return typeof name === 'string' ? name : '';
}

/** The target without secrets in it. A missing account or password is asked for; without a terminal that is USAGE. */
export async function targetInput(
  input: CommandInput,
  deps: Pick<Deps, 'prompter' | 'fs' | 'cwd' | 'streams' | 'env' | 'homeDirectory' | 'clock' | 'reporter'>,
  options: { readonly password: boolean } = { password: true },
): Promise<CreateVchInput['target']> {
  const password = options.password ? await givenPassword(input, deps) : undefined;
  for (const secret of [password, textFlag(input, 'password')]) registerSecret(secret);
  const target = readTarget({ target: textFlag(input, 'target') ?? '', user: textFlag(input, 'user'), password, thumbprint: textFlag(input, 'thumbprint') });
  const user = target.user ?? (await askUser(deps, target.target));
  // Without a password nobody is contacted, and so nobody is to be trusted yet.
  if (!options.password) return { ...target, user };
  if (target.password === undefined) refuseMissingPassword(deps, user, target.target);
  // Before the password is asked for: it is typed for a machine that is known to be the right one.
  const trusted = await trustTarget({ ...target, user }, { accept: isOn(input, 'accept-thumbprint') }, deps);
  return trusted.password === undefined ? { ...trusted, password: await askPassword(deps, user, target.target) } : trusted;
}

/** The nearest place counts: --password-stdin, --password-file, then the variables, then a file named in a variable or a file. */
async function givenPassword(input: CommandInput, { fs, cwd, streams }: Pick<Deps, 'fs' | 'cwd' | 'streams'>): Promise<string | undefined> {
  const file = textFlag(input, 'password-file');
  const typed = input.sources['password-file'] === 'flag';
  if (isOn(input, 'password-stdin')) {
    if (typed) throw new VickError('USAGE', '--password-stdin and --password-file exclude each other', { hint: 'Give one of them.' });
    return firstLine(await streams.stdin.readText(), 'the standard input');
  }
  const variable = input.flags['password'];
  if (!typed && typeof variable === 'string') return variable;
  if (file === undefined) return undefined;
  const path = resolve(cwd, file);
  let text: string;
  try {
    text = await fs.readText(path);
  } catch (error) {
    throw new VickError('USAGE', `the password file ${path} cannot be read: ${messageOf(error)}`, { hint: 'Check --password-file.', cause: error });
  }
  return firstLine(text, path);
}

/** Files and echo end with a line end that is no part of the password. More lines are no password, but a mistake. */
function firstLine(text: string, origin: string): string {
  const password = text.replace(/\r?\n$/, '');
  if (password === '' || /[\r\n]/.test(password)) {
    throw new VickError('USAGE', `${origin} holds ${password === '' ? 'no password' : 'more than one line'}`, {
      hint: 'It must hold the password and nothing else.',
    });
  }
  return password;
}

async function askUser({ prompter }: Pick<Deps, 'prompter'>, target: string): Promise<string> {
  if (!prompter.interactive) throw new VickError('USAGE', `--user is required: the account on ${target}`, { hint: 'Give --user NAME or $VICK_USER.' });
  return prompter.text({ message: `Account on ${target}`, flag: '--user' });
}

function refuseMissingPassword({ prompter }: Pick<Deps, 'prompter'>, user: string, target: string): void {
  if (prompter.interactive) return;
  throw new VickError('USAGE', `the password of ${user} on ${target} is missing`, {
    hint: 'Give it in $VICK_PASSWORD, by --password-file FILE or by --password-stdin; it is never taken from the command line.',
  });
}

async function askPassword({ prompter }: Pick<Deps, 'prompter'>, user: string, target: string): Promise<string> {
  const password = await prompter.secret({ message: `Password of ${user} on ${target}`, flag: 'VICK_PASSWORD' });
  registerSecret(password);
  return password;
}
