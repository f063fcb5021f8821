/** Decodes what the commands on VCHs have in common: where vSphere is, who asks, which cluster. */
import type { CreateVchInput } from '../../operations/vch/create-input.ts';
import { registerSecret } from '../../errors/redact.ts';
import { VickError } from '../../errors/vick-error.ts';
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
  return { path: textFlag(input, 'kubeconfig'), context: textFlag(input, 'context') };
}

export function nameArg(input: CommandInput): string {
  const name = input.args['NAME'];
  return typeof name === 'string' ? name : '';
}

/** The target without secrets in it. A missing account or password is asked for; without a terminal that is USAGE. */
export async function targetInput(
  input: CommandInput,
  deps: Pick<Deps, 'prompter'>,
  options: { readonly password: boolean } = { password: true },
): Promise<CreateVchInput['target']> {
  const given = input.flags['password'];
  const password = typeof given === 'string' ? given : undefined;
  registerSecret(password);
  const target = readTarget({ target: textFlag(input, 'target') ?? '', user: textFlag(input, 'user'), password, thumbprint: textFlag(input, 'thumbprint') });
  const user = target.user ?? (await askUser(deps, target.target));
  if (target.password !== undefined || !options.password) return { ...target, user };
  return { ...target, user, password: await askPassword(deps, user, target.target) };
}

async function askUser({ prompter }: Pick<Deps, 'prompter'>, target: string): Promise<string> {
  if (!prompter.interactive) throw new VickError('USAGE', `--user is required: the account on ${target}`, { hint: 'Give --user NAME or $VICK_USER.' });
  return prompter.text({ message: `Account on ${target}`, flag: '--user' });
}

async function askPassword({ prompter }: Pick<Deps, 'prompter'>, user: string, target: string): Promise<string> {
  if (!prompter.interactive) {
    throw new VickError('USAGE', `the password of ${user} on ${target} is missing`, {
      hint: 'Give it in $VICK_PASSWORD; it is never taken from the command line.',
    });
  }
  const password = await prompter.secret({ message: `Password of ${user} on ${target}`, flag: 'VICK_PASSWORD' });
  registerSecret(password);
  return password;
}
