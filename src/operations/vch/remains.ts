/** After a create that did not succeed: what exists, and how it is removed. */
import { vicFailureDetails } from '../../clients/vic-machine/failure.ts';
import type { VicMachine } from '../../clients/vic-machine/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { findVch } from './find-vch.ts';
import type { CreatePlan } from './plan-create.ts';
import type { VicSession } from './vic-session.ts';

/** A look at vSphere after a failure must not take long: the operator waits for the answer. */
const LOOK_LIMIT_MS = 60_000;

/** `error` with what is left behind in its message and the command that removes it in its hint. */
export async function explainRemains(
  error: unknown,
  plan: CreatePlan,
  session: VicSession,
  fs: Pick<FileSystem, 'info'>,
): Promise<{ readonly error: VickError; readonly left: 'nothing' | 'files' | 'vch' }> {
  if (!isVickError(error)) throw error;
  const failure = vicFailureDetails(error);
  const remains = failure?.remains ?? 'maybe';
  const found = remains === 'nothing' ? undefined : await lookFor(plan, session.vic, session);
  const files = (await fs.info(plan.certificateFolder)) === undefined ? undefined : `local certificates in ${plan.certificateFolder}`;
  const exists = [describeVm(found, remains, plan.name), files].filter((part) => part !== undefined);
  const message = `${error.message}\n${exists.length === 0 ? 'Nothing was left behind.' : `What exists now: ${exists.join('; ')}.`}`;
  const removeWith = found !== undefined ? deleteCommand(plan) : files === undefined ? undefined : `rm -r ${quoted(plan.certificateFolder)}`;
  const resumeWith = found === undefined ? undefined : resumeCommand(plan);
  const commands = [resumeWith === undefined ? undefined : `Go on with: ${resumeWith}`, removeWith === undefined ? undefined : `Remove it with: ${removeWith}`];
  const hint = [error.hint, ...commands].filter((part) => part !== undefined).join('\n');
  const explained = new VickError(error.code, message, {
    cause: error.cause,
    details: {
      ...error.details,
      vch: typeof found === 'object' ? found : undefined,
      resumeWith,
      removeWith,
      // A folder that was named may hold what was there before.
      ...(found === undefined && files !== undefined && plan.certificateFolder.startsWith(`${plan.workingDirectory}/`)
        ? { certificateFolder: plan.certificateFolder }
        : {}),
    },
    ...(hint === '' ? {} : { hint }),
  });
  return { error: explained, left: found !== undefined ? 'vch' : files === undefined ? 'nothing' : 'files' };
}

/** What a create that never came to its end leaves on this machine. */
export async function describeLeftovers(
  place: { readonly kubeconfigFile: string; readonly certificateFolder: string },
  fs: Pick<FileSystem, 'info'>,
): Promise<readonly string[]> {
  const there = async (path: string): Promise<boolean> => (await fs.info(path)) !== undefined;
  return [
    ...((await there(place.kubeconfigFile)) ? [`a kubeconfig for the VCH in ${place.kubeconfigFile}`] : []),
    ...((await there(place.certificateFolder)) ? [`local certificates in ${place.certificateFolder}`] : []),
  ];
}

export function resumeCommand(plan: Pick<CreatePlan, 'name' | 'input'>): string {
  return commandLine([...again(plan), '--resume']);
}

export function cleanupCommand(plan: Pick<CreatePlan, 'name' | 'input'>): string {
  return commandLine(cleanupWords(plan));
}

export function cleanupWords(plan: Pick<CreatePlan, 'name' | 'input'>): readonly string[] {
  return [...again(plan), '--cleanup'];
}

/** Everything else is in the journal; the target finds it where several have a VCH of that name. */
function again({ name, input }: Pick<CreatePlan, 'name' | 'input'>): readonly string[] {
  return ['vick', 'create', 'vch', name, '--target', input.target.target];
}

/** The exact command that removes the VCH of `plan`; the password comes from the environment again. */
export function deleteCommand(plan: Pick<CreatePlan, 'name' | 'input'>): string {
  return commandLine(deleteWords(plan));
}

export function deleteWords({ name, input }: Pick<CreatePlan, 'name' | 'input'>): readonly string[] {
  const { target, user, thumbprint } = input.target;
  const words = ['vick', 'delete', 'vch', name, '--target', target];
  if (user !== undefined) words.push('--user', user);
  if (thumbprint !== undefined) words.push('--thumbprint', thumbprint);
  if (input.computeResource !== undefined) words.push('--compute-resource', input.computeResource);
  return words;
}

/** As it is typed in a shell. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

type Look = { readonly id: string; readonly path: string } | 'unknown' | undefined;

/** Not cancelled with the command: saying what exists is what a cancelled create still owes. */
async function lookFor(plan: CreatePlan, vic: VicMachine, { query }: VicSession): Promise<Look> {
  try {
    const listings = await vic.list(plan.input.target, { computeResource: plan.input.computeResource }, query(undefined, LOOK_LIMIT_MS));
    const found = findVch(listings, { name: plan.name });
    return found === undefined ? undefined : { id: found.id, path: found.path };
  } catch (error) {
    if (!isVickError(error)) throw error;
    void messageOf(error);
    return 'unknown';
  }
}

function describeVm(found: Look, remains: 'nothing' | 'maybe' | 'vm-off' | 'vm-running', name: string): string | undefined {
  if (remains === 'nothing') return undefined;
  if (typeof found === 'object') {
    const state = remains === 'vm-running' ? 'powered on, it may still come up' : remains === 'vm-off' ? 'powered off' : 'half-made';
    return `the VM ${found.id} (${state}) with its folder and resource pool in ${found.path}`;
  }
  if (found === 'unknown') return `perhaps a VM, a folder and a resource pool called ${name} (vSphere could not be asked)`;
  return remains === 'maybe' ? undefined : `perhaps a folder or resource pool called ${name} (no VM is listed)`;
}
