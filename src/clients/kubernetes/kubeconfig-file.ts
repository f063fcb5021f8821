/**
 * Decodes kubeconfig files into plain entries (k8s.io/client-go/tools/clientcmd/api/v1). Only the shape is checked
 * here; which context is meant and what it refers to is `kubeconfig.ts`'s business.
 */
import { parseDocument } from 'yaml';
import { VickError } from '../../errors/vick-error.ts';

export interface NamedEntry {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The file the entry stands in: relative paths in it are relative to that file's folder. */
  readonly file: string;
}

export interface KubeconfigFile {
  readonly clusters: readonly NamedEntry[];
  readonly users: readonly NamedEntry[];
  readonly contexts: readonly NamedEntry[];
  readonly currentContext: string | undefined;
}

/** Decodes one file. KUBECONFIG_INVALID says which file and which entry. */
export function decodeKubeconfigFile(text: string, file: string): KubeconfigFile {
  const root = asRecord(parseYaml(text, file));
  if (root === undefined) throw invalid(file, 'it is empty or not a mapping');
  if (root['kind'] !== undefined && root['kind'] !== 'Config') {
    const { kind } = root;
    throw invalid(file, `its kind is ${typeof kind === 'string' ? JSON.stringify(kind.slice(0, 80)) : 'no text'}, not "Config"`);
  }
  const current = root['current-context'];
  return {
    clusters: entries(root, 'clusters', 'cluster', file),
    users: entries(root, 'users', 'user', file),
    contexts: entries(root, 'contexts', 'context', file),
    currentContext: typeof current === 'string' && current !== '' ? current : undefined,
  };
}

/** Joins several files as kubectl does: the first file that names a thing wins. */
export function mergeKubeconfigFiles(files: readonly KubeconfigFile[]): KubeconfigFile {
  const first = (pick: (file: KubeconfigFile) => readonly NamedEntry[]): readonly NamedEntry[] => {
    const byName = new Map<string, NamedEntry>();
    for (const entry of files.flatMap(pick)) if (!byName.has(entry.name)) byName.set(entry.name, entry);
    return [...byName.values()];
  };
  return {
    clusters: first((file) => file.clusters),
    users: first((file) => file.users),
    contexts: first((file) => file.contexts),
    currentContext: files.find((file) => file.currentContext !== undefined)?.currentContext,
  };
}

export function invalid(file: string, why: string, cause?: unknown): VickError {
  return new VickError('KUBECONFIG_INVALID', `kubeconfig ${file} is not usable: ${why}`, {
    hint: `Check it with: kubectl --kubeconfig ${file} config view`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** Hundreds of clusters with their certificates fit; what is larger is no kubeconfig, and would take long to say so. */
const MAX_BYTES = 2 * 1024 * 1024;
const MAX_DEPTH = 200;

function parseYaml(text: string, file: string): unknown {
  if (text.length > MAX_BYTES) throw invalid(file, `it is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
  if (isTooDeep(text)) throw invalid(file, 'it is nested too deeply');
  const document = parseDocument(text, { uniqueKeys: true });
  const problem = document.errors[0];
  if (problem !== undefined) throw invalid(file, `it is not valid YAML: ${problem.message.split('\n')[0] ?? ''}`);
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (error) {
    throw invalid(file, 'it is not valid YAML', error);
  }
}

/** A kubeconfig has five levels. Brackets are counted wherever they stand, so that no parser need be trusted with what follows. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let indent = 0;
  let atStart = true;
  for (const char of text) {
    if (char === '\n') [atStart, indent] = [true, 0];
    else if (atStart && (char === ' ' || char === '-')) indent += 1;
    else atStart = false;
    if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth = Math.max(0, depth - 1);
    if (depth > MAX_DEPTH || (atStart && indent > 2 * MAX_DEPTH)) return true;
  }
  return false;
}

function entries(root: Readonly<Record<string, unknown>>, list: string, key: string, file: string): readonly NamedEntry[] {
  const value = root[list];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(file, `${list} is not a list`);
  return value.map((item: unknown, index) => {
    const entry = asRecord(item);
    const name = entry?.['name'];
    if (entry === undefined || typeof name !== 'string' || name === '') throw invalid(file, `${list}[${index}] has no name`);
    return { name, body: asRecord(entry[key]) ?? {}, file };
  });
}
