/** Whether a node's labels satisfy a pod (component-helpers/scheduling/corev1/nodeaffinity). */
import type { Node, Pod } from './kubernetes-objects.ts';

type Required = NonNullable<NonNullable<NonNullable<NonNullable<Pod['spec']>['affinity']>['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']>;
type Requirement = NonNullable<Required['nodeSelectorTerms'][number]['matchExpressions']>[number];

export function matchesNode(pod: Pod, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  const selected = Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return selected && (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, labels, node.metadata?.name)));
}

function matchesTerm(term: Required['nodeSelectorTerms'][number], labels: Readonly<Record<string, string>>, name: string | undefined): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  // A term without requirements matches nothing.
  if (expressions.length + fields.length === 0) return false;
  return (
    expressions.every((requirement) => matches(requirement, labels[requirement.key])) &&
    fields.every((requirement) => matches(requirement, requirement.key === 'metadata.name' ? name : undefined))
  );
}

function matches({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      if (value === undefined || !/^-?\d+$/.test(value) || values.length !== 1 || !/^-?\d+$/.test(values[0] ?? '')) return false;
      const [left, right] = [BigInt(value), BigInt(values[0] ?? '0')];
      return operator === 'Gt' ? left > right : left < right;
    }
    default:
      return false;
  }
}
