/** Forms of names (k8s.io/apimachinery/pkg/util/validation). Each check returns what is wrong; empty means fine. */

/** What is wrong with `value`; `prefix` says that a generated suffix will follow. */
export type NameCheck = (value: string, prefix?: boolean) => string[];

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';

const QUALIFIED_RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

export const dns1123Label: NameCheck = (value, prefix = false) => [
  ...tooLongFor(value, 63),
  ...matching(
    maskTail(value, prefix),
    LABEL,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    ['my-name', '123-abc'],
  ),
];

export const dns1123Subdomain: NameCheck = (value, prefix = false) => [
  ...tooLongFor(value, 253),
  ...matching(
    maskTail(value, prefix),
    SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    ['example.com'],
  ),
];

export const dns1035Label: NameCheck = (value, prefix = false) => [
  ...tooLongFor(value, 63),
  ...matching(
    maskTail(value, prefix),
    LABEL_1035,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    ['my-name', 'abc-123'],
  ),
];

/** Any name that can be one segment of a path. */
export const pathSegment: NameCheck = (value) => {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
};

/** A label key, an annotation key, a taint key: `[prefix/]name`. */
export function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${regexRule(QUALIFIED_RULE, QUALIFIED, ['MyName', 'my.name', '123-abc'])} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const problems: string[] = [];
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined) problems.push(...dns1123Subdomain(prefix).map((problem) => `prefix part ${problem}`));
  if (name === '') problems.push('name part must be non-empty');
  else problems.push(...tooLongFor(name, 63).map((problem) => `name part ${problem}`));
  return [...problems, ...matching(name, QUALIFIED, `name part ${QUALIFIED_RULE}`, ['MyName', 'my.name', '123-abc'])];
}

export function labelValue(value: string): string[] {
  return [
    ...tooLongFor(value, 63),
    ...matching(
      value,
      LABEL_VALUE,
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      ['MyValue', 'my_value', '12345'],
    ),
  ];
}

/** A key of a ConfigMap or a Secret. */
export function configKey(value: string): string[] {
  const problems = [
    ...tooLongFor(value, 253),
    ...matching(value, CONFIG_KEY, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", ['key.name', 'KEY_NAME', 'key-name']),
  ];
  if (value === '.') return [...problems, `must not be '.'`];
  if (value === '..') return [...problems, `must not be '..'`];
  return value.startsWith('..') ? [...problems, `must not start with '..'`] : problems;
}

/** A name of an environment variable, by the relaxed rule of Kubernetes 1.32. */
export function environmentName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  return /^[ -<>-~]+$/.test(value) ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** A name of a port: at most 15 of `a-z0-9-` with a letter, no hyphen at an end or twice. */
export function portName(value: string): string[] {
  const problems: string[] = [];
  if (value.length > 15) problems.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(value)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)');
  if (value.includes('--')) problems.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

export function portNumber(value: number): string[] {
  return value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

function tooLongFor(value: string, maximum: number): string[] {
  return value.length > maximum ? [`must be no more than ${maximum} bytes`] : [];
}

function matching(value: string, pattern: string, rule: string, examples: readonly string[]): string[] {
  return new RegExp(`^${pattern}$`).test(value) ? [] : [regexRule(rule, pattern, examples)];
}

function regexRule(rule: string, pattern: string, examples: readonly string[]): string {
  return `${rule} (e.g. ${examples.map((example) => `'${example}'`).join(',  or ')}, regex used for validation is '${pattern}')`;
}

/** A generated suffix makes a trailing hyphen fine. */
function maskTail(value: string, prefix: boolean): string {
  return prefix && value.length > 1 && value.endsWith('-') ? `${value.slice(0, -2)}a` : value;
}
