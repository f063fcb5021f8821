import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import type { VchReference } from '../../clients/vic-machine/port.ts';
import { VickError } from '../../errors/vick-error.ts';

/** The one VCH that `reference` means; undefined when there is none. USAGE when several have the name. */
export function findVch(listings: readonly VchListing[], reference: VchReference): VchListing | undefined {
  const matching = listings.filter((vch) => (reference.id === undefined ? vch.name === reference.name : vch.id === reference.id));
  if (matching.length > 1) {
    const places = matching.map((vch) => `${vch.id} in ${vch.path}`).join(', ');
    throw new VickError('USAGE', `there are ${matching.length} VCHs called ${reference.name ?? ''}: ${places}`, { hint: 'Say which with --id ID.' });
  }
  return matching[0];
}
