/** Rules of label keys and values, worded as k8s.io/apimachinery/pkg/util/validation words them. */
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const QUALIFIED_TEXT = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const EXAMPLES = "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '" + QUALIFIED + "')";
const SUBDOMAIN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const LABEL_VALUE = `(${QUALIFIED})?`;
const MAX_NAME = 63;
const MAX_PREFIX = 253;

/** Why `key` is no label key, or undefined when it is one. */
export function labelKeyProblem(key: string): string | undefined {
  const parts = key.split('/');
  if (parts.length > 2) return `a valid label key ${QUALIFIED_TEXT} ${EXAMPLES} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const problems = [...(prefix === undefined ? [] : prefixProblems(prefix)), ...nameProblems(name)];
  return problems.length === 0 ? undefined : problems.join('; ');
}

/** Why `value` is no label value, or undefined when it is one. */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > MAX_NAME) return `must be no more than ${MAX_NAME} bytes`;
  if (matches(LABEL_VALUE, value)) return undefined;
  return `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${LABEL_VALUE}')`;
}

function prefixProblems(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  if (prefix.length > MAX_PREFIX) return [`prefix part must be no more than ${MAX_PREFIX} bytes`];
  if (matches(SUBDOMAIN, prefix)) return [];
  return [
    `prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`,
  ];
}

function nameProblems(name: string): string[] {
  if (name === '') return ['name part must be non-empty', `name part ${QUALIFIED_TEXT} ${EXAMPLES}`];
  const problems = name.length > MAX_NAME ? [`name part must be no more than ${MAX_NAME} bytes`] : [];
  return matches(QUALIFIED, name) ? problems : [...problems, `name part ${QUALIFIED_TEXT} ${EXAMPLES}`];
}

function matches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern}$`).test(text);
}
