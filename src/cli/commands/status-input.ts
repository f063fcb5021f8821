import { resolve } from 'node:path';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import type { ServiceHints } from '../../operations/status/services.ts';
import type { VSphereChoice } from '../../operations/status/vsphere.ts';
import type { Deps } from '../deps.ts';
import type { CommandInput } from '../spec.ts';
import { isOn, targetInput, textFlag } from './vch-input.ts';

/** Addresses in flags are of one VCH. */
export function serviceHints(input: CommandInput, name: string | undefined, deps: Pick<Deps, 'cwd'>): ServiceHints {
  const typed = ['portlayer-addr', 'persona-addr'].find((flag) => input.sources[flag] === 'flag');
  if (name === undefined) {
    if (typed !== undefined) throw new VickError('USAGE', `--${typed} is the address of one VCH`, { hint: 'Say of which, by its name.' });
    return {};
  }
  const folder = textFlag(input, 'tls-cert-path');
  return {
    portLayer: textFlag(input, 'portlayer-addr'),
    personality: textFlag(input, 'persona-addr'),
    ...(folder === undefined ? {} : { certificateFolder: resolve(deps.cwd, folder) }),
  };
}

/** How vSphere is to be asked, or why it is not: nobody is asked for a password here. */
export async function vsphereChoice(input: CommandInput, deps: Deps): Promise<VSphereChoice | string> {
  if (textFlag(input, 'target') === undefined) return 'no --target is given';
  const hasPassword = isOn(input, 'password-stdin') || ['password', 'password-file'].some((flag) => textFlag(input, flag) !== undefined);
  const inTarget = /^(?:[a-z]+:\/\/)?[^/@]*:[^/@]*@/.test(textFlag(input, 'target') ?? '');
  if (!hasPassword && !inTarget) return 'no password is given ($VICK_PASSWORD, --password-file)';
  try {
    const target = await targetInput(input, deps);
    return { target, computeResource: textFlag(input, 'compute-resource'), vicMachine: textFlag(input, 'vic-machine') };
  } catch (error) {
    if (!isVickError(error) || error.code === 'USAGE' || error.family === 'bug') throw error;
    return error.message;
  }
}
