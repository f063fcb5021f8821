import { badRequest } from '../status-errors.ts';
import { labelKeyProblem, labelValueProblem } from './label-syntax.ts';
import { tokenize, type Token } from './lexer.ts';
import { isInteger, type Requirement } from './requirements.ts';

/**
 * Parses a label selector: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, joined by commas.
 * Throws a 400 worded as k8s.io/apimachinery/pkg/labels words it.
 */
export function parseLabelSelector(text: string): readonly Requirement[] {
  return new Parser(tokenize(text)).parse();
}

class Parser {
  private at = 0;
  private readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  parse(): readonly Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end') return requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      if (!isWord(token) && token.kind !== '!') throw badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.requirement());
      const next = this.take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.peek();
      if (!isWord(after) && after.kind !== '!') throw badRequest(`found '${after.text}', expected: identifier after ','`);
    }
  }

  private requirement(): Requirement {
    const negated = this.peek().kind === '!';
    if (negated) this.at += 1;
    const keyToken = this.take();
    if (!isWord(keyToken)) throw unparsable(`found '${keyToken.text}', expected: identifier`);
    const key = keyToken.text;
    const problem = labelKeyProblem(key);
    if (problem !== undefined) throw unparsable(`<nil>: Invalid value: "${key}": ${problem}`);
    if (negated) return { key, operator: '!exists', values: [] };
    const next = this.peek();
    if (next.kind === 'end' || next.kind === ',') return { key, operator: 'exists', values: [] };
    return this.comparison(key);
  }

  private comparison(key: string): Requirement {
    const operator = this.take();
    switch (operator.kind) {
      case 'in':
      case 'notin':
        return checked({ key, operator: operator.kind, values: this.list() });
      case '=':
      case '==':
        return checked({ key, operator: 'in', values: [this.exactValue()] });
      case '!=':
        return checked({ key, operator: 'notin', values: [this.exactValue()] });
      case '>':
      case '<':
        return checked({ key, operator: operator.kind === '>' ? 'gt' : 'lt', values: [this.exactValue()] });
      default:
        throw unparsable(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  /** The value of `=`: one word, or nothing before a comma or the end. */
  private exactValue(): string {
    const token = this.peek();
    if (token.kind === 'end' || token.kind === ',') return '';
    this.at += 1;
    if (!isWord(token)) throw unparsable(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  /** `(a, b)`; empty entries are the empty value, and `()` is one empty value. */
  private list(): readonly string[] {
    const open = this.take();
    if (open.kind !== '(') throw unparsable(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    let expectValue = true;
    for (;;) {
      const token = this.take();
      if (isWord(token)) {
        values.add(token.text);
        expectValue = false;
      } else if (token.kind === ',' || token.kind === ')') {
        if (expectValue) values.add('');
        if (token.kind === ')') return [...values].sort();
        expectValue = true;
      } else {
        throw unparsable(`found '${token.text}', expected: ${expectValue && values.size === 0 ? "',', ')' or identifier" : "',' or ')'"}`);
      }
    }
  }

  private peek(): Token {
    return this.tokens[this.at] ?? { kind: 'end', text: '' };
  }

  private take(): Token {
    const token = this.peek();
    this.at += 1;
    return token;
  }
}

function checked(requirement: Requirement): Requirement {
  if (requirement.operator === 'gt' || requirement.operator === 'lt') {
    const value = requirement.values[0] ?? '';
    if (!isInteger(value)) throw unparsable(`values[0]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`);
  }
  requirement.values.forEach((value, index) => {
    const problem = labelValueProblem(value);
    if (problem !== undefined) throw unparsable(`values[${index}][${requirement.key}]: Invalid value: "${value}": ${problem}`);
  });
  return requirement;
}

function isWord(token: Token): boolean {
  return token.kind === 'identifier' || token.kind === 'in' || token.kind === 'notin';
}

function unparsable(cause: string): Error {
  return badRequest(`unable to parse requirement: ${cause}`);
}
