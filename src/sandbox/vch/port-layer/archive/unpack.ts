/** Unpacking as the endpoint VM does it, as root and with the disk as its root (vmware/vic lib/archive/unpack_unix.go). */
import { posix } from 'node:path';
import { soundPart } from '../../../../platform/tar-sound.ts';
import { readArchive } from '../../../../platform/tar.ts';
import type { DiskFiles } from './disk-files.ts';
import { excludes, placeOf, type FilterSpec } from './filter-spec.ts';

/** Throws at the first member that cannot be written; what was written before stays. Owners are never set. */
export async function unpackArchive(files: DiskFiles, archive: Buffer, filter: FilterSpec): Promise<void> {
  const sound = soundPart(archive);
  const members = [...readArchive(sound.archive)]
    .filter(({ path }) => !excludes(filter, path))
    .map((member) => ({ ...member, place: placeOf(filter, member.path) }));
  const parents = new Set(members.map(({ place }) => posix.dirname(place)));
  for (const { place, kind, mode, content, target } of members) {
    if (kind === 'folder') await files.makeFolders(place, mode, { own: !parents.has(place) });
    else if (kind === 'file') await files.writeFile(place, mode, content);
    else if (kind === 'link') await files.makeLink(place, target);
  }
  if (!sound.whole) throw new Error('the archive is damaged, or was cut');
}
