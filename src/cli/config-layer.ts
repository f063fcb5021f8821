import { configPath, readConfigFor } from '../config/config-file.ts';
import type { Deps } from './deps.ts';
import { schemaParts } from './schema-parts.ts';
import type { CommandSpec, FlagLayer } from './spec.ts';
import { nearest } from './suggest.ts';
import type { Table } from './table.ts';

/** The configuration file as values of the flags of `spec`; nothing when there is none. CONFIG_INVALID for a file with faults. */
export async function configLayer(
  spec: CommandSpec,
  typed: unknown,
  deps: Pick<Deps, 'env' | 'homeDirectory' | 'cwd' | 'fs'>,
  table: Table,
): Promise<readonly FlagLayer[]> {
  const { path, named } = configPath({ ...deps, explicit: typeof typed === 'string' ? typed : undefined });
  if (!named && (await deps.fs.info(path)) === undefined) return [];
  const values = await readConfigFor(path, spec.path.join(' '), { parts: schemaParts(table), suggest: nearest, fs: deps.fs });
  return [{ origin: path, values }];
}
