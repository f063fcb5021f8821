/** What `create vch` was asked for, as the document that `apply -f` takes. */
import { declareVch, type VchDocument } from '../../config/vch-document.ts';
import type { CreateVchInput } from '../../operations/vch/create-input.ts';
import { formatDuration } from '../duration.ts';
import { vchFields } from '../schema-parts.ts';
import type { CommandInput } from '../spec.ts';
import { TABLE } from '../specs/index.ts';

/** Only what somebody gave is declared: defaults stay defaults. Target and account without the secrets that may stand in them. */
export function declaredVch(input: CommandInput, decoded: Pick<CreateVchInput, 'name' | 'target'>): VchDocument {
  const given = Object.entries(input.flags).filter(([flag]) => input.sources[flag] !== 'default');
  const { target, user, thumbprint } = decoded.target;
  const values = { ...Object.fromEntries(given), target, user, thumbprint };
  return declareVch({ name: decoded.name, values, extraArgs: input.rest }, vchFields(TABLE), formatDuration);
}
