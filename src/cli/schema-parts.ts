import { fieldsOf, type Field } from '../config/fields.ts';
import type { SchemaParts } from '../config/schema.ts';
import { findCommand, visibleCommands, type Table } from './table.ts';

/** What may stand in files, from the command table. */
export function schemaParts(table: Table): SchemaParts {
  const configured = visibleCommands(table).filter((spec) => spec.configured !== false);
  const commands = Object.fromEntries(
    configured.map((spec): [string, readonly Field[]] => [spec.path.join(' '), fieldsOf(spec.flags)]).filter(([, fields]) => fields.length > 0),
  );
  return { vch: vchFields(table), commands };
}

/** The fields of a VirtualContainerHost: the flags of `create vch`. */
export function vchFields(table: Table): readonly Field[] {
  return fieldsOf(findCommand(table, ['create', 'vch'])?.spec.flags ?? []);
}
