import { stringify } from 'yaml';

/** YAML of the same data that `-o json` shows: through JSON first, so no undefined and dates as text. */
export function toYaml(data: unknown): string {
  return stringify(JSON.parse(JSON.stringify(data)), { lineWidth: 0, aliasDuplicateObjects: false });
}
