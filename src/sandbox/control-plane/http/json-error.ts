/**
 * Why a text is no JSON, in the words of Go's encoding/json, which clients see inside 400 answers.
 * Returns undefined when the text is valid JSON.
 */
export function jsonSyntaxError(text: string): string | undefined {
  const scanner = new Scanner(text);
  const problem = scanner.value('looking for beginning of value');
  if (problem !== undefined) return problem;
  scanner.space();
  return scanner.atEnd ? undefined : `invalid character ${scanner.quoted} after top-level value`;
}

const END = 'unexpected end of JSON input';

class Scanner {
  private at = 0;
  private depth = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The current character as Go quotes it. */
  get quoted(): string {
    const character = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    if (character === "'") return "'\\''";
    if (character === '"') return `'"'`;
    return `'${JSON.stringify(character).slice(1, -1)}'`;
  }

  space(): void {
    while (/[ \t\r\n]/.test(this.text.charAt(this.at))) this.at += 1;
  }

  value(context: string): string | undefined {
    this.space();
    if (this.atEnd) return END;
    if (this.depth > 10_000) return 'exceeded max depth';
    const first = this.text.charAt(this.at);
    if (first === '{') return this.object();
    if (first === '[') return this.array();
    if (first === '"') return this.string();
    if (first === '-' || /\d/.test(first)) return this.number();
    for (const word of ['true', 'false', 'null']) if (first === word.charAt(0)) return this.word(word);
    return `invalid character ${this.quoted} ${context}`;
  }

  private object(): string | undefined {
    this.at += 1;
    this.space();
    if (this.text.charAt(this.at) === '}') {
      this.at += 1;
      return undefined;
    }
    for (;;) {
      this.space();
      if (this.atEnd) return END;
      if (this.text.charAt(this.at) !== '"') return `invalid character ${this.quoted} looking for beginning of object key string`;
      const problem = this.string() ?? this.expect(':', 'after object key') ?? this.nested();
      if (problem !== undefined) return problem;
      this.space();
      if (this.text.charAt(this.at) === '}') {
        this.at += 1;
        return undefined;
      }
      const separator = this.expect(',', 'after object key:value pair');
      if (separator !== undefined) return separator;
    }
  }

  private array(): string | undefined {
    this.at += 1;
    this.space();
    if (this.text.charAt(this.at) === ']') {
      this.at += 1;
      return undefined;
    }
    for (;;) {
      const problem = this.nested();
      if (problem !== undefined) return problem;
      this.space();
      if (this.text.charAt(this.at) === ']') {
        this.at += 1;
        return undefined;
      }
      const separator = this.expect(',', 'after array element');
      if (separator !== undefined) return separator;
    }
  }

  private nested(): string | undefined {
    this.depth += 1;
    const problem = this.value('looking for beginning of value');
    this.depth -= 1;
    return problem;
  }

  private string(): string | undefined {
    for (this.at += 1; !this.atEnd; this.at += 1) {
      const character = this.text.charAt(this.at);
      if (character === '"') {
        this.at += 1;
        return undefined;
      }
      if (character < ' ') return `invalid character ${this.quoted} in string literal`;
      if (character !== '\\') continue;
      this.at += 1;
      if (this.at >= this.text.length) return END;
      if (!'"\\/bfnrtu'.includes(this.text.charAt(this.at))) return `invalid character ${this.quoted} in string escape code`;
    }
    return END;
  }

  private number(): string | undefined {
    const found = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    found.lastIndex = this.at;
    const length = found.exec(this.text)?.[0].length ?? 0;
    if (length > 0) {
      this.at += length;
      return undefined;
    }
    this.at += 1;
    return this.atEnd ? END : `invalid character ${this.quoted} in numeric literal`;
  }

  private word(word: string): string | undefined {
    for (const expected of word.slice(1)) {
      this.at += 1;
      if (this.atEnd) return END;
      if (this.text.charAt(this.at) !== expected) return `invalid character ${this.quoted} in literal ${word} (expecting '${expected}')`;
    }
    {
      this.at += 1;
      return undefined;
    }
  }

  private expect(character: string, context: string): string | undefined {
    this.space();
    if (this.atEnd) return END;
    if (this.text.charAt(this.at) !== character) return `invalid character ${this.quoted} ${context}`;
    {
      this.at += 1;
      return undefined;
    }
  }
}
