/**
 * Reads the inside of a Go string literal as `strconv.Quote` writes it (logrus quotes messages that way). Not JSON: Go
 * also writes \a \b \f \v \xNN \UNNNNNNNN. An escape that is none stays as it is: a broken line must not be lost.
 */
const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"', "'": "'" };

const ESCAPE = /((?:\\x[0-9A-Fa-f]{2})+)|\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\([abfnrtv\\"'])/g;

export function unquoteGo(quoted: string): string {
  return quoted.replace(ESCAPE, (whole: string, bytes?: string, short?: string, long?: string, simple?: string) => {
    // Go writes bytes that are no valid UTF-8 one by one.
    if (bytes !== undefined) return Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString('latin1');
    const point = short ?? long;
    if (point !== undefined) return codePoint(parseInt(point, 16)) ?? whole;
    return SIMPLE[simple ?? ''] ?? whole;
  });
}

function codePoint(value: number): string | undefined {
  return value <= 0x10ffff ? String.fromCodePoint(value) : undefined;
}
