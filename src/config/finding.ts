import { VickError } from '../errors/vick-error.ts';

/** One thing that is wrong with a file. */
export interface Finding {
  /** Path of the file, or `stdin`. */
  readonly origin: string;
  /** From 1; undefined where the file as a whole is meant. */
  readonly line: number | undefined;
  /** `spec.volumeStores[0]`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** `vch.yaml:4: spec.cpu: must be a whole number (did you mean …?)` */
export function renderFinding({ origin, line, path, message, hint }: Finding): string {
  const place = line === undefined ? origin : `${origin}:${line}`;
  return `${place}: ${path === '' ? '' : `${path}: `}${message}${hint === undefined ? '' : ` (${hint})`}`;
}

/** CONFIG_INVALID with every finding on a line of its own; nothing when there is none. */
export function refuseFindings(findings: readonly Finding[]): void {
  const [first] = findings;
  if (first === undefined) return;
  const message =
    findings.length === 1
      ? renderFinding(first)
      : [`${findings.length} things are wrong`, ...findings.map((finding) => `  ${renderFinding(finding)}`)].join('\n');
  throw new VickError('CONFIG_INVALID', message, {
    hint: "Correct the file; what it may hold is printed by 'vick config schema'.",
    details: { findings },
  });
}

/** `['spec', 'volumeStores', 0]` → `spec.volumeStores[0]`. */
export function renderPath(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${quotedKey(String(part))}`)).join('');
}

function quotedKey(key: string): string {
  const plain = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return plain.length > 80 ? `${plain.slice(0, 77)}…` : plain;
}
