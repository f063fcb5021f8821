/** A VCH as it is declared: what `create vch --dry-run -o yaml` prints, `apply -f` takes, and the journal keeps. Never a secret. */
import { toFlagValue, type Field, type FieldValue } from './fields.ts';
import { API_VERSION } from './schema.ts';

export interface VchDocument {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'VirtualContainerHost';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, FieldValue>>;
}

export interface Declared {
  readonly name: string;
  /** Values by flag that somebody gave: no defaults. */
  readonly values: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  /** Words after `--`. */
  readonly extraArgs: readonly string[];
}

export function declareVch({ name, values, extraArgs }: Declared, fields: readonly Field[], formatDuration: (ms: number) => string): VchDocument {
  const spec: Record<string, FieldValue> = {};
  for (const field of fields) {
    const value = values[field.flag];
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) continue;
    spec[field.key] = fieldValue(field, value, formatDuration);
  }
  const words = withoutSecrets(extraArgs);
  if (words.length > 0) spec['extraArgs'] = words;
  return { apiVersion: API_VERSION, kind: 'VirtualContainerHost', metadata: { name }, spec };
}

/** The document as it would have been typed: values by flag, and the words after `--`. */
export function typedOf(
  document: VchDocument,
  fields: readonly Field[],
): { readonly values: Readonly<Record<string, ReturnType<typeof toFlagValue>>>; readonly extraArgs: readonly string[] } {
  const values: Record<string, ReturnType<typeof toFlagValue>> = {};
  for (const field of fields) {
    const value = document.spec[field.key];
    if (value !== undefined) values[field.flag] = toFlagValue(value);
  }
  const extra = document.spec['extraArgs'];
  return { values, extraArgs: Array.isArray(extra) ? (extra as readonly string[]) : [] };
}

function fieldValue(field: Field, value: string | number | boolean | readonly string[], formatDuration: (ms: number) => string): FieldValue {
  if (field.kind === 'duration' && typeof value === 'number') return formatDuration(value);
  if (field.form === 'map' && Array.isArray(value)) {
    const pairs = (value as readonly string[]).map((pair): [string, string] => [pair.split('=')[0] ?? '', pair.split('=').slice(1).join('=')]);
    return Object.fromEntries(pairs);
  }
  return value;
}

const SECRET_WORD = /^--?(?:ops-password|password|p|rootpw|pw)(=.*)?$/s;

function withoutSecrets(words: readonly string[]): readonly string[] {
  return words.filter((word, index) => !SECRET_WORD.test(word) && !(index > 0 && /^--?(?:ops-password|password|p|rootpw|pw)$/.test(words[index - 1] ?? '')));
}
