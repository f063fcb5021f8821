/** One condition on a label (or field): k8s.io/apimachinery/pkg/labels.Requirement. */
export interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | '!exists' | 'gt' | 'lt';
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/** True when every requirement holds. `notin` also holds where the label is absent. */
export function matchesLabels(requirements: readonly Requirement[], labels: Labels): boolean {
  return requirements.every((requirement) => holds(requirement, labels));
}

function holds(requirement: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined;
    case '!exists':
      return value === undefined;
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case 'gt':
      return value !== undefined && isInteger(value) && Number(value) > Number(requirement.values[0]);
    case 'lt':
      return value !== undefined && isInteger(value) && Number(value) < Number(requirement.values[0]);
  }
}

export function isInteger(text: string): boolean {
  return /^[+-]?\d+$/.test(text);
}
