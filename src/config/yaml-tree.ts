/**
 * YAML → plain data with the line of every part. Whatever the text is, the answer is data or findings: aliases that name
 * what they stand in, nesting without end, aliases that multiply, binary, keys that are no text.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml';
import { messageOf } from '../errors/vick-error.ts';
import type { Finding } from './finding.ts';

export interface YamlDocument {
  readonly value: unknown;
  /** Line of the node at `path`, or of the nearest one around it. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  readonly findings: readonly Finding[];
}

const MAX_TEXT = 1024 * 1024;
const MAX_NODES = 20_000;
const MAX_DEPTH = 40;

/** Documents without content (a lone `---`) are left out. */
export function readYaml(text: string, origin: string): YamlFile {
  const whole = (message: string, line?: number): YamlFile => ({ documents: [], findings: [{ origin, line, path: '', message }] });
  if (text.length > MAX_TEXT) return whole(`is larger than ${MAX_TEXT / 1024} KiB`);
  if (/[\u0000\uFFFD]/.test(text)) return whole('is not text in UTF-8');
  const lines = new LineCounter();
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: true, logLevel: 'error' });
    const documents = Array.isArray(parsed) ? parsed : [];
    const faults = documents.flatMap((document) => [...document.errors, ...document.warnings]);
    if (faults.length > 0) {
      if (faults.some(({ message }) => message.includes('Maximum call stack'))) return whole('is nested too deeply');
      const findings = faults.map((fault): Finding => ({
        origin,
        line: fault.linePos?.[0].line,
        path: '',
        message: `is not valid YAML: ${(fault.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}`,
      }));
      return { documents: [], findings: findings.slice(0, 20) };
    }
    return {
      documents: documents
        .filter(({ contents }) => contents !== null && !(isScalar(contents) && contents.value === null))
        .map((document) => plain(document, lines)),
      findings: [],
    };
  } catch (error) {
    if (error instanceof Unreadable) return whole(error.message, error.line);
    // The parser recurses: thousands of brackets exhaust its stack.
    return whole(error instanceof RangeError ? 'is nested too deeply' : `is not valid YAML: ${messageOf(error)}`);
  }
}

class Unreadable extends Error {
  readonly line: number | undefined;
  constructor(message: string, line: number | undefined) {
    super(message);
    this.line = line;
  }
}

function plain(document: Document.Parsed, lines: LineCounter): YamlDocument {
  const places = new Map<string, number>();
  let nodes = 0;
  const line = (node: Node | null | undefined): number | undefined => {
    const start = node?.range?.[0];
    return start === undefined ? undefined : lines.linePos(start).line;
  };
  const convert = (node: unknown, path: string, within: readonly unknown[]): unknown => {
    const at = line(node as Node | null);
    if (at !== undefined && !places.has(path)) places.set(path, at);
    nodes += 1;
    if (nodes > MAX_NODES) throw new Unreadable(`has more than ${MAX_NODES} values, aliases counted as what they stand for`, at);
    if (within.length > MAX_DEPTH) throw new Unreadable('is nested too deeply', at);
    if (within.includes(node)) throw new Unreadable('holds an alias to something that the alias itself is part of', at);
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined) throw new Unreadable(`holds an alias to nothing: *${node.source}`, at);
      return convert(target, path, [...within, node]);
    }
    if (isSeq(node)) return node.items.map((item, index) => convert(item, `${path}/${index}`, [...within, node]));
    if (isMap(node)) {
      const result = {};
      for (const { key, value } of node.items) {
        if (!isScalar(key)) throw new Unreadable('has a key that is no text', line(key as Node) ?? at);
        const name = String(key.value);
        const below = `${path}/${escaped(name)}`;
        const keyLine = line(key);
        if (keyLine !== undefined) places.set(below, keyLine);
        // Not an assignment: `__proto__` is a key like any other.
        Object.defineProperty(result, name, { value: convert(value, below, [...within, node]), enumerable: true, configurable: true, writable: true });
      }
      return result;
    }
    return isScalar(node) ? (typeof node.value === 'bigint' ? Number(node.value) : node.value) : null;
  };
  const value = convert(document.contents, '', []);
  return {
    value,
    lineOf: (path) => {
      for (let length = path.length; length >= 0; length -= 1) {
        const found = places.get(
          path
            .slice(0, length)
            .map((part) => `/${escaped(String(part))}`)
            .join(''),
        );
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
