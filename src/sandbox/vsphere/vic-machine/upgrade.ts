import { VSphereFault } from '../faults.ts';
import type { VchVm } from '../protocol.ts';
import { formatBuild, parseBuild } from './build.ts';
import { upload } from './deploy.ts';
import { withVch, type Opening } from './existing.ts';
import type { Site } from './finder.ts';
import { quote } from './go-text.ts';
import { CommandFailure, SilentFailure, type Invocation } from './io.ts';
import { findImages, type IsoImage } from './iso.ts';
import { splitDatastore } from './stores.ts';
import { asUpdate, refuseWhileInProgress, resetProgress, restartWith, rollBackLast, sayDatastoreFolder, type Update } from './update.ts';

const UPDATE: Update = { kind: 'upgrade', outcome: 'upgrade failed', verb: 'Upgrade' };

/** `vic-machine upgrade`. Throws CommandFailure, and SilentFailure for what goes wrong once the VCH is marked as being updated. */
export async function upgrade(run: Invocation): Promise<void> {
  const { log, flags } = run;
  let images: readonly IsoImage[] = [];
  const opening: Opening = {
    title: flags.bool('rollback') ? '### Rolling back VCH ####' : '### Upgrading VCH ####',
    verb: 'Upgrade',
    outcome: UPDATE.outcome,
    acceptAny: flags.bool('force'),
    // Both images are looked for even where none is needed.
    check: async () => {
      images = await findImages(run);
    },
  };
  await withVch(run, opening, async (site, vm) => {
    log.info('');
    log.info(`VCH ID: VirtualMachine:${vm.id}`);
    if (flags.bool('reset-progress')) {
      await resetProgress(run, site, vm, UPDATE);
      return;
    }
    refuseWhileInProgress(run, vm, UPDATE);
    if (flags.bool('rollback')) {
      sayDatastoreFolder(run, vm);
      await rollBackLast(run, site, vm, UPDATE);
      return;
    }
    await asUpdate(run, site, vm, UPDATE, () => replace(run, site, vm, images));
  });
}

async function replace(run: Invocation, site: Site, vm: VchVm, images: readonly IsoImage[]): Promise<void> {
  const { log, flags, build } = run;
  sayDatastoreFolder(run, vm);
  const own = parseBuild(vm.config.version);
  if (own !== undefined && own.number >= build.number && !flags.bool('force')) {
    log.error(`${quote(vm.name)} has same or newer version ${vm.config.version} than installer version ${formatBuild(build)}. No upgrade is available.`);
    throw new SilentFailure('no upgrade is available');
  }
  try {
    await upload(run, vm.id, images, site.session.call);
  } catch (error) {
    if (!(error instanceof CommandFailure || error instanceof VSphereFault)) throw error;
    log.error(error.message);
    throw new SilentFailure(error.message);
  }
  const { host } = splitDatastore(vm.config.imageStore);
  const appliance = images.find(({ role }) => role === 'appliance')?.as ?? '';
  await restartWith(run, site, vm, UPDATE, { ...vm.config, version: formatBuild(build) }, () => {
    log.info(`Switching appliance iso to [${host}] ${vm.name}/${appliance}`);
  });
}
