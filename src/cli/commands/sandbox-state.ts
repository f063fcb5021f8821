import { resolve } from 'node:path';
import { stateDirectory } from '../../config/state-dir.ts';
import type { Deps } from '../deps.ts';
import type { CommandInput } from '../spec.ts';

/** The state folder that a sandbox command works on: `--state-dir`, else the usual one. */
export function stateOf(input: CommandInput, deps: Deps): string {
  const own = input.flags['state-dir'];
  return typeof own === 'string' && own !== '' ? resolve(deps.cwd, own) : stateDirectory(deps);
}
