/** `vick debug vch`: SSH, a key and a root password in the endpoint VM, until it restarts. */
import type { DebugResult } from '../../clients/vic-machine/port.ts';
import { VickError } from '../../errors/vick-error.ts';
import { refuseUnknownFlags } from './binary-flags.ts';
import { referenceOf, titleOf, vchContext, type ExistingVch } from './existing-vch.ts';
import type { PassThrough } from './pass-through.ts';
import type { VchDeps } from './ports.ts';
import { openVicMachine } from './vic-session.ts';

export interface DebugVchRequest extends ExistingVch {
  readonly extra: PassThrough;
  readonly confirm: () => Promise<void>;
}

/** vic-machine switches SSH on whatever it is told; --enable-ssh only says so. */
export async function debugVch(request: DebugVchRequest, deps: VchDeps, signal: AbortSignal): Promise<DebugResult> {
  const session = await openVicMachine(deps, request.vicMachine);
  await refuseMissingKey(request, deps);
  const context = await vchContext(request, session, deps, signal);
  await refuseUnknownFlags(session.vic, 'debug', request.extra.flags, context);
  if (request.extra.values.has('--rootpw')) {
    deps.reporter.warn(
      'vic-machine takes the root password only as an argument, which other users of this machine can see while it runs; --authorized-key needs none',
    );
  }
  await request.confirm();
  const step = deps.reporter.step(`Switch SSH on in ${titleOf(request)}`);
  try {
    const options = { words: request.extra.words, timeoutMs: request.timeoutMs };
    const result = await session.vic.debug(request.target, referenceOf(request), options, context);
    step.done();
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}

/** vic-machine would look for it only after the login. */
async function refuseMissingKey({ extra }: DebugVchRequest, { fs }: Pick<VchDeps, 'fs'>): Promise<void> {
  const file = extra.values.get('--authorized-key')?.at(-1);
  if (file === undefined || file === '' || (await fs.info(file))?.kind === 'file') return;
  throw new VickError('USAGE', `there is no public key at ${file}`, { hint: 'Check --authorized-key: it names a file such as ~/.ssh/id_ed25519.pub.' });
}
