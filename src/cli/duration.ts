import { VickError } from '../errors/vick-error.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;

/**
 * Milliseconds of a duration in Go's notation (`90s`, `3m`, `1h30m`, `500ms`, `0`), which is what vic-machine and
 * kubectl take. No sign, and a number without unit is refused: nobody knows whether it means seconds or minutes.
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (!WHOLE.test(text)) {
    const hint = /^\d+$/.test(text) ? `Write the unit: ${text}s or ${text}m.` : 'Write numbers with units: 90s, 3m, 1h30m.';
    throw new VickError('USAGE', `"${text}" is not a duration`, { hint });
  }
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) total += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return Math.round(total);
}

/** The shortest exact notation: 5400000 → `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0';
  let left = ms;
  let text = '';
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const size = UNITS[unit] ?? 1;
    const count = Math.floor(left / size);
    if (count > 0) text += `${String(count)}${unit}`;
    left -= count * size;
  }
  return text;
}
