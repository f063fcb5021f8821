import type { JsonMap } from '../fields.ts';

/** Which parts of two specs differ, one line for each: told to the client with a refused update. */
export function specDiff(before: JsonMap, after: JsonMap): string {
  const lines: string[] = [];
  for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    const [old, next] = [before[name], after[name]].map((value) => JSON.stringify(value) as string | undefined);
    if (old === next) continue;
    if (old !== undefined) lines.push(`- ${name}: ${old}`);
    if (next !== undefined) lines.push(`+ ${name}: ${next}`);
  }
  return `${lines.join('\n')}\n`;
}
