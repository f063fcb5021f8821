/** Text of a file → its documents, checked against the schema of their kind; every fault of every document is a finding. */
import type { core, ZodType } from 'zod';
import { renderPath, type Finding } from './finding.ts';
import { API_VERSION, KINDS, type Kind, type Schemas } from './schema.ts';
import { readYaml, type YamlDocument } from './yaml-tree.ts';

export interface DecodedDocument {
  readonly kind: Kind;
  readonly value: Readonly<Record<string, unknown>>;
  readonly origin: string;
  readonly line: number | undefined;
}

export interface Decoding {
  readonly documents: readonly DecodedDocument[];
  readonly findings: readonly Finding[];
}

/** The candidate nearest to a mistyped word. */
export type Suggest = (word: string, candidates: readonly string[]) => string | undefined;

export function decodeDocuments(text: string, origin: string, schemas: Schemas, suggest: Suggest): Decoding {
  const file = readYaml(text, origin);
  const results = file.documents.map((document) => decodeOne(document, origin, schemas, suggest));
  return {
    documents: results.flatMap((result) => result.documents),
    findings: [...file.findings, ...results.flatMap((result) => result.findings)],
  };
}

function decodeOne(document: YamlDocument, origin: string, schemas: Schemas, suggest: Suggest): Decoding {
  const fault = (path: readonly PropertyKey[], message: string, hint?: string): Finding => ({
    origin,
    line: document.lineOf(path),
    path: renderPath(path),
    message,
    ...(hint === undefined ? {} : { hint }),
  });
  const refuse = (...findings: Finding[]): Decoding => ({ documents: [], findings });
  const { value } = document;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(fault([], `must be a mapping with apiVersion and kind, not ${nameOf(value)}`));
  }
  const { apiVersion, kind } = value as Readonly<Record<string, unknown>>;
  const known = KINDS.find((candidate) => candidate === kind);
  if (known === undefined) {
    const near = typeof kind === 'string' ? suggest(kind, KINDS) : undefined;
    const why = kind === undefined ? 'is missing' : typeof kind === 'string' ? `is ${shown(kind)}` : `is ${nameOf(kind)}`;
    return refuse(fault(['kind'], `${why}; it must be ${KINDS.join(' or ')}`, near === undefined ? undefined : `did you mean ${near}?`));
  }
  if (apiVersion !== API_VERSION) {
    const why = typeof apiVersion === 'string' ? `is ${shown(apiVersion)}` : apiVersion === undefined ? 'is missing' : `is ${nameOf(apiVersion)}`;
    return refuse(fault(['apiVersion'], `${why}; this vick reads ${API_VERSION}`));
  }
  const parsed = schemas[known].safeParse(value);
  if (parsed.success) {
    return { documents: [{ kind: known, value: parsed.data as Readonly<Record<string, unknown>>, origin, line: document.lineOf([]) }], findings: [] };
  }
  const findings = parsed.error.issues.flatMap((issue) => explain(issue, value, schemas[known], fault, suggest));
  return refuse(...findings.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
}

type Fault = (path: readonly PropertyKey[], message: string, hint?: string) => Finding;

function explain(issue: core.$ZodIssue, root: unknown, schema: ZodType, fault: Fault, suggest: Suggest): readonly Finding[] {
  if (issue.code === 'unrecognized_keys') {
    const candidates = keysAt(schema, issue.path);
    return issue.keys.map((key) => {
      const near = suggest(key, candidates);
      return fault([...issue.path, key], 'is not known here', near === undefined ? undefined : `did you mean ${near}?`);
    });
  }
  const found = valueAt(root, issue.path);
  if (found === undefined) return [fault(issue.path, 'is missing')];
  if (issue.code === 'invalid_type') {
    return [
      fault(
        issue.path,
        `must be ${EXPECTED[issue.expected] ?? issue.expected}, not ${issue.expected === 'int' ? JSON.stringify(found) : nameOf(found)}`,
        quoting(issue.expected, found),
      ),
    ];
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const near = typeof found === 'string' ? suggest(found, values) : undefined;
    return [fault(issue.path, `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}`, near === undefined ? undefined : `did you mean ${near}?`)];
  }
  return [fault(issue.path, issue.message)];
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  number: 'a whole number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function quoting(expected: string, found: unknown): string | undefined {
  return expected === 'string' && (typeof found === 'number' || typeof found === 'boolean') ? `write it in quotes: "${String(found)}"` : undefined;
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? String(value) : typeof value === 'number' ? 'a number' : 'something else';
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? (value as Record<PropertyKey, unknown>)[part] : undefined),
    root,
  );
}

/** The keys that the schema has for the object at `path`. */
function keysAt(schema: ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = unwrapped(schema);
  for (const part of path) at = unwrapped((at as { shape?: Record<PropertyKey, unknown> } | undefined)?.shape?.[part]);
  return Object.keys((at as { shape?: object } | undefined)?.shape ?? {});
}

function unwrapped(schema: unknown): unknown {
  const inner = schema as { unwrap?: () => unknown; shape?: object } | undefined;
  return inner?.shape === undefined && typeof inner?.unwrap === 'function' ? unwrapped(inner.unwrap()) : inner;
}
