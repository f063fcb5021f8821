import { isAbsolute, join } from 'node:path';
import { VSphereFault } from '../faults.ts';
import { formatBuild } from './build.ts';
import { collectDiagnostics } from './diagnostics.ts';
import { withVch, type Opening } from './existing.ts';
import { showRunning } from './inspect.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { goFileError } from './log.ts';
import { sayDatastoreFolder } from './update.ts';

const OPENING: Opening = { title: '### Configuring VCH for debug ####', verb: 'Debug', outcome: 'debug failed' };

/** `vic-machine debug`: SSH is on afterwards whether or not --enable-ssh was given. Throws CommandFailure. */
export async function debug(run: Invocation): Promise<void> {
  const { log, flags } = run;
  await withVch(run, OPENING, async (site, vm) => {
    log.info('');
    log.info(`VCH ID: VirtualMachine:${vm.id}`);
    sayDatastoreFolder(run, vm);
    log.info('');
    log.info(`Installer version: ${formatBuild(run.build)}`);
    log.info(`VCH version: ${vm.config.version}`);
    const authorizedKey = await readKey(run, flags.text('authorized-key'));
    try {
      const key = authorizedKey === undefined ? {} : { authorizedKey };
      await site.session.call('StartProgramInGuest', { id: vm.id, access: { ...key, rootPassword: flags.text('rootpw') !== '' } });
      await showRunning(run, vm, { ssh: true });
    } catch (error) {
      if (!(error instanceof VSphereFault || error instanceof CommandFailure)) throw error;
      await collectDiagnostics(run, site.inventory);
      log.error(error.message);
      throw new CommandFailure(OPENING.outcome);
    }
    log.info('Completed successfully');
  });
}

async function readKey({ io, log }: Invocation, file: string): Promise<string | undefined> {
  if (file === '') return undefined;
  try {
    return await io.fs.readText(isAbsolute(file) ? file : join(io.cwd, file));
  } catch (error) {
    log.error(`Unable to read public key from ${file}: open ${file}: ${goFileError(error)}`);
    throw new CommandFailure('unable to load public key');
  }
}
