/** Tokens of the label selector grammar (k8s.io/apimachinery/pkg/labels.Lexer). */
export interface Token {
  readonly kind: 'identifier' | 'in' | 'notin' | '(' | ')' | ',' | '!' | '=' | '==' | '!=' | '>' | '<' | 'end' | 'error';
  readonly text: string;
}

const SPECIAL = '=!(),><';
const SYMBOLS = new Set(['(', ')', ',', '!', '=', '==', '!=', '>', '<']);

/** Splits `text`; the last token is `end`, with an empty text. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (isSpace(character)) {
      at += 1;
    } else if (SPECIAL.includes(character)) {
      const symbol = longestSymbol(text, at);
      tokens.push(SYMBOLS.has(symbol) ? { kind: symbol as Token['kind'], text: symbol } : { kind: 'error', text: `error expected: keyword found '${symbol}'` });
      at += symbol.length;
    } else {
      const start = at;
      while (at < text.length && !isSpace(text.charAt(at)) && !SPECIAL.includes(text.charAt(at))) at += 1;
      const word = text.slice(start, at);
      tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
    }
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

/** Reads special characters while what was read so far is still a symbol: `==`, `!=`, but `>` then `=`. */
function longestSymbol(text: string, start: number): string {
  let length = 1;
  while (start + length < text.length && SYMBOLS.has(text.slice(start, start + length + 1))) length += 1;
  return text.slice(start, start + length);
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}
