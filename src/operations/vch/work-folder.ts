/**
 * The folder of a VCH on this machine: its certificates, vic-machine's log, for a moment its kubeconfig. `vch/NAME` in the state
 * folder, for the first target that has a VCH of that name; `vch/NAME@…` for every other, told apart as journals are. A file in it
 * says whose it is, so that two creates at the same time cannot both take it.
 */
import { join } from 'node:path';
import { stateDirectory } from '../../config/state-dir.ts';
import { VickError } from '../../errors/vick-error.ts';
import { journalPlace, journalsOf, placeId } from './journal.ts';
import type { VchDeps } from './ports.ts';

type FolderDeps = Pick<VchDeps, 'env' | 'homeDirectory' | 'fs' | 'clock'>;

/** Holds the target. */
const MARK = '.target';

/** Where the files of `name` on `target` are, or would be; touches nothing. */
export async function workFolder(name: string, target: string, deps: FolderDeps): Promise<string> {
  const place = journalPlace(target);
  const plain = plainFolder(name, deps);
  const apart = `${plain}@${placeId(target)}`;
  const journals = await journalsOf(name, deps);
  const recorded = journals.find((journal) => journalPlace(journal.target) === place)?.workingDirectory;
  if (recorded !== undefined) return [undefined, place].includes(await markOf(recorded, deps)) ? recorded : apart;
  if ((await markOf(apart, deps)) === place) return apart;
  const owner = await ownerOf(name, deps);
  return owner === undefined || journalPlace(owner) === place ? plain : apart;
}

/** The target whose VCH has the folder `vch/NAME`; undefined when nobody is known to. */
export async function ownerOf(name: string, deps: FolderDeps): Promise<string | undefined> {
  const plain = plainFolder(name, deps);
  const marked = await markOf(plain, deps);
  if (marked !== undefined) return marked;
  // Made before there were marks.
  return (await journalsOf(name, deps)).find(({ workingDirectory }) => workingDirectory === plain)?.target;
}

/** Makes `folder` and takes it for `target`. VCH_BUSY when another one has taken it meanwhile. */
export async function takeFolder(folder: string, target: string, { fs }: Pick<VchDeps, 'fs'>): Promise<void> {
  await fs.makeDirectory(folder, { mode: 0o700 });
  if (await fs.createFile(join(folder, MARK), `${journalPlace(target)}\n`, { mode: 0o600 })) return;
  const owner = await markOf(folder, { fs });
  if (owner === journalPlace(target)) return;
  // Emptied by somebody: it says nothing, and would for ever.
  if (owner === undefined) {
    await fs.writeFile(join(folder, MARK), `${journalPlace(target)}\n`, { mode: 0o600 });
    return;
  }
  throw new VickError('VCH_BUSY', `the folder ${folder} was just taken for the VCH of that name on ${owner}`, {
    hint: 'Run the command again: it takes another folder then.',
  });
}

/** Whether what is in `folder` may be removed with the VCH on `target`. */
export async function mayRemoveFolder(folder: string, target: string, { fs }: Pick<VchDeps, 'fs'>): Promise<boolean> {
  return [undefined, journalPlace(target)].includes(await markOf(folder, { fs }));
}

export function plainFolder(name: string, deps: Pick<FolderDeps, 'env' | 'homeDirectory'>): string {
  return join(stateDirectory(deps), 'vch', name);
}

async function markOf(folder: string, { fs }: Pick<VchDeps, 'fs'>): Promise<string | undefined> {
  const text = (await fs.readTextIfExists(join(folder, MARK)))?.trim();
  return text === '' ? undefined : text;
}
