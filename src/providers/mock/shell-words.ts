/** A small part of the shell's grammar: simple commands in a row. What is beyond it is not guessed. Pure. */

export interface Statement {
  readonly words: readonly string[];
  /** Where its output goes; undefined: to the log. */
  readonly into: string | undefined;
  /** What decides whether it runs, after the one before it. */
  readonly after: ';' | '&&' | '||';
}

const BEYOND: ReadonlySet<string> = new Set(['if', 'for', 'while', 'until', 'case', 'function', '{', '(', '!', '[[']);

type Token = { readonly word: string } | { readonly operator: string };

/** The statements of a script, or undefined for one that takes a real shell. `$NAME` and `${NAME}` come from `env`. */
export function parseScript(script: string, env: ReadonlyMap<string, string>): readonly Statement[] | undefined {
  const tokens = tokenize(script, env);
  if (tokens === undefined) return undefined;
  const statements: Statement[] = [];
  let words: string[] = [];
  let into: string | undefined;
  let after: Statement['after'] = ';';
  const close = (): void => {
    if (words.length > 0) statements.push({ words, into, after });
    words = [];
    into = undefined;
  };
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? { operator: ';' };
    if ('word' in token) {
      if (words.length === 0 && BEYOND.has(token.word)) return undefined;
      words.push(token.word);
      continue;
    }
    const { operator } = token;
    if (operator === '>') {
      const target = tokens[(index += 1)];
      if (target === undefined || !('word' in target)) return undefined;
      into = target.word;
      continue;
    }
    if (operator !== ';' && operator !== '&&' && operator !== '||') return undefined;
    close();
    after = operator;
  }
  close();
  return statements;
}

function tokenize(script: string, env: ReadonlyMap<string, string>): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let word: string | undefined;
  const end = (): void => {
    if (word !== undefined) tokens.push({ word });
    word = undefined;
  };
  let rest = script;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    rest = rest.slice(match[0].length);
    return match;
  };
  while (rest !== '') {
    let match: RegExpExecArray | undefined;
    if (take(/^\\\n/) !== undefined) continue;
    if (take(/^[ \t]+/) !== undefined) end();
    else if (take(/^#[^\n]*/) !== undefined && word === undefined) end();
    else if ((match = take(/^'([^']*)'/)) !== undefined) word = (word ?? '') + (match[1] ?? '');
    else if ((match = take(/^"((?:[^"\\`$]|\\.|\$(?!\())*)"/s)) !== undefined) {
      word = (word ?? '') + expand(match[1] ?? '', env).replace(/\\(["\\$`])/g, '$1');
    } else if ((match = take(/^\\(.)/s)) !== undefined) word = (word ?? '') + (match[1] ?? '');
    else if (take(/^(2>&1|>&2|1>&2|2>\s*\/dev\/null)/) !== undefined) end();
    else if ((match = take(/^(&&|\|\||>>?)/)) !== undefined) {
      end();
      tokens.push({ operator: match[1] === '>>' ? '>' : (match[1] ?? '') });
    } else if (take(/^[;\n]+/) !== undefined) {
      end();
      tokens.push({ operator: ';' });
    } else if ((match = take(/^\$(?:(\w+)|\{(\w+)\})/)) !== undefined) word = (word ?? '') + (env.get(match[1] ?? match[2] ?? '') ?? '');
    else if ((match = take(/^[^\s;&|<>"'`$\\()]+/)) !== undefined) word = (word ?? '') + match[0];
    else return undefined;
  }
  end();
  return tokens;
}

function expand(text: string, env: ReadonlyMap<string, string>): string {
  return text.replace(/(?<!\\)\$(?:(\w+)|\{(\w+)\})/g, (_whole, plain?: string, braced?: string) => env.get(plain ?? braced ?? '') ?? '');
}
