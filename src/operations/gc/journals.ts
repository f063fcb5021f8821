/** Journals of creates whose VCHs are gone. */
import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import { journalPlace, removeJournal, type JournalFile } from '../vch/journal.ts';
import type { VchDeps } from '../vch/ports.ts';
import type { Leftover } from './leftover.ts';

/** Of this target only: what another vSphere has is not known here. Unfinished ones tell what is to be cleaned up, so they stay. */
export function findJournals(
  journals: readonly JournalFile[],
  target: string,
  listings: readonly VchListing[],
  deps: Pick<VchDeps, 'env' | 'homeDirectory' | 'fs' | 'clock'>,
): readonly Leftover[] {
  return journals
    .filter((journal) => journalPlace(journal.target) === journalPlace(target) && !listings.some(({ name }) => name === journal.name))
    .map((journal): Leftover => {
      const about = { kind: 'journal', name: `${journal.name} on ${journal.target}`, vch: journal.name } as const;
      if (journal.state !== 'complete') return { ...about, why: `an unfinished create; clean up after it with: vick create vch ${journal.name} --cleanup` };
      return { ...about, why: 'its VCH is gone from vSphere', remove: () => removeJournal(journal.name, journal.target, deps) };
    });
}
