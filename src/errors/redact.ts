/**
 * Secrets that reached this process are registered here once, where they are read, and vanish from every
 * error, log line and rendered command afterwards. Patterns catch the ones nobody registered.
 */
const SECRETS = Symbol.for('vick.dev/secrets');
/** One set for the process, whichever copy of this module a secret was registered with. */
const known: Set<string> = ((globalThis as Record<symbol, unknown>)[SECRETS] ??= new Set<string>()) as Set<string>;
const MIN_LENGTH = 4;
const MASK = '[redacted]';

/** Makes `value` unprintable from now on. Very short values are ignored: masking them would only garble text. */
export function registerSecret(value: string | undefined): void {
  if (value !== undefined && value.length >= MIN_LENGTH) known.add(value);
}

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+):[^\s/@]+@/gi, `$1:${MASK}@`],
  [/(--?(?:[a-z-]*password|rootpw|pw|token)[= ])("[^"]*"|'[^']*'|\S+)/gi, `$1${MASK}`],
  [/(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}/g, `$1${MASK}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, MASK],
];

/** `text` without registered secrets, URL passwords, password flags, bearer tokens and private keys. */
export function redact(text: string): string {
  let clean = text;
  for (const secret of known) clean = clean.split(secret).join(MASK);
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
}
