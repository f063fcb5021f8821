/** Times as the API reads and writes them (k8s.io/apimachinery/pkg/apis/meta/v1, `Time` and `MicroTime`). */

const ELEMENTS: readonly (readonly [layout: string, pattern: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^(0[1-9]|1[0-2])/],
  ['-', /^-/],
  ['02', /^(0[1-9]|[12]\d|3[01])/],
  ['T', /^T/],
  ['15', /^([01]\d|2[0-3])/],
  [':', /^:/],
  ['04', /^[0-5]\d/],
  [':', /^:/],
  ['05', /^[0-5]\d/],
];
const FRACTION = /^\.\d+/;
const MICROSECONDS = /^\.\d{6}(?!\d)/;
const ZONE = /^(Z|[+-]\d{2}:\d{2})/;

/** `text` as the API server writes it back. Throws an Error with the message that Go's time package gives. */
export function normalizeTime(text: string, precision: 'seconds' | 'micro'): string {
  const layout = precision === 'seconds' ? '2006-01-02T15:04:05Z07:00' : '2006-01-02T15:04:05.000000Z07:00';
  let rest = text;
  const take = (element: string, pattern: RegExp): string => {
    const match = pattern.exec(rest);
    if (match === null) {
      throw new Error(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(element)}`);
    }
    rest = rest.slice(match[0].length);
    return match[0];
  };
  const stem = ELEMENTS.map(([element, pattern]) => take(element, pattern)).join('');
  const fraction = precision === 'micro' ? take('.000000', MICROSECONDS) : (FRACTION.exec(rest)?.[0] ?? '');
  if (precision === 'seconds') rest = rest.slice(fraction.length);
  const zone = take('Z07:00', ZONE);
  if (rest !== '') throw new Error(`parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`);
  const seconds = new Date(`${stem}${zone}`).toISOString().slice(0, 19);
  return precision === 'seconds' ? `${seconds}Z` : `${seconds}${fraction}Z`;
}
