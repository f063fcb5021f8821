/** The operator's own configuration file: where it is and what it says for one command. */
import { isAbsolute, join, resolve } from 'node:path';
import type { FileSystem } from '../platform/fs.ts';
import { decodeDocuments, type Suggest } from './decode.ts';
import { toFlagValue, type Field, type FieldValue } from './fields.ts';
import { refuseFindings, type Finding } from './finding.ts';
import { readNamedFile } from './read-file.ts';
import { makeSchemas, type SchemaParts } from './schema.ts';

export interface ConfigPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly cwd: string;
  /** `--config`. */
  readonly explicit?: string | undefined;
}

/** `--config`, `$VICK_CONFIG`, `$XDG_CONFIG_HOME/vick/config.yaml`, `~/.config/vick/config.yaml`. `named`: it has to exist. */
export function configPath({ env, homeDirectory, cwd, explicit }: ConfigPlace): { readonly path: string; readonly named: boolean } {
  const given = explicit ?? (env['VICK_CONFIG'] === '' ? undefined : env['VICK_CONFIG']);
  if (given !== undefined) return { path: resolve(cwd, given), named: true };
  const xdg = env['XDG_CONFIG_HOME'];
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homeDirectory, '.config');
  return { path: join(base, 'vick', 'config.yaml'), named: false };
}

export interface ConfigContext {
  readonly parts: SchemaParts;
  readonly suggest: Suggest;
  readonly fs: Pick<FileSystem, 'info' | 'readText'>;
}

/** What the file at `path` says for `command` (`create vch`), by the long name of the flag. CONFIG_INVALID with every fault of the file. */
export async function readConfigFor(
  path: string,
  command: string,
  { parts, suggest, fs }: ConfigContext,
): Promise<Readonly<Record<string, ReturnType<typeof toFlagValue>>>> {
  const { documents, findings } = decodeDocuments(await readNamedFile(path, fs), path, await makeSchemas(parts), suggest);
  refuseFindings([...findings, ...strangers(documents, path)]);
  const config = documents[0]?.value as { readonly defaults?: Values; readonly commands?: Readonly<Record<string, Values | undefined>> } | undefined;
  const fields = parts.commands[command] ?? [];
  return { ...pick(config?.defaults, fields), ...pick(config?.commands?.[command], fields) };
}

type Values = Readonly<Record<string, FieldValue>>;

function strangers(documents: readonly { readonly kind: string; readonly line: number | undefined }[], origin: string): readonly Finding[] {
  return documents.flatMap(({ kind, line }, index): Finding[] => {
    if (kind !== 'Config') {
      return [{ origin, line, path: 'kind', message: `is ${kind}; a configuration file is a Config`, hint: 'a VCH is created with: vick apply -f' }];
    }
    return index === 0 ? [] : [{ origin, line, path: '', message: 'is a second Config; there can be one' }];
  });
}

/** Values by flag, for the fields that this command has. */
function pick(values: Values | undefined, fields: readonly Field[]): Record<string, ReturnType<typeof toFlagValue>> {
  const found: Record<string, ReturnType<typeof toFlagValue>> = {};
  for (const field of fields) {
    const value = values?.[field.key];
    if (value !== undefined) found[field.flag] = toFlagValue(value);
  }
  return found;
}
