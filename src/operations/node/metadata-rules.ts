/** What the API server accepts as label keys, taint keys and their values (k8s.io/apimachinery/pkg/util/validation). */
const PART = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const MAX_PART = 63;
const MAX_PREFIX = 253;
const CHARACTERS = "letters, digits, '-', '_' or '.', beginning and ending with a letter or digit";

/** Why `key` is no qualified name (`name` or `prefix.example/name`), or undefined when it is one. */
export function keyProblem(key: string): string | undefined {
  const parts = key.split('/');
  if (parts.length > 2) return "a key has at most one '/', between its prefix and its name";
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined;
  if (prefix === '') return 'the prefix part must not be empty';
  if (prefix !== undefined && prefix.length > MAX_PREFIX) return `the prefix part must be no more than ${String(MAX_PREFIX)} characters`;
  if (prefix !== undefined && !SUBDOMAIN.test(prefix)) return 'the prefix part must be a DNS name in lower case, such as example.com';
  if (name === '') return 'the name part must not be empty';
  if (name.length > MAX_PART) return `the name part must be no more than ${String(MAX_PART)} characters`;
  return PART.test(name) ? undefined : `the name part must be ${CHARACTERS}`;
}

/** Why `value` is no label or taint value, or undefined when it is one; the empty text is. */
export function valueProblem(value: string): string | undefined {
  if (value.length > MAX_PART) return `a value must be no more than ${String(MAX_PART)} characters`;
  return value === '' || PART.test(value) ? undefined : `a value must be ${CHARACTERS}`;
}
