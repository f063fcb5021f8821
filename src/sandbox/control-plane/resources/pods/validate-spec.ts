/** Rules of pod specs (k8s.io/kubernetes/pkg/apis/core/validation, ValidatePodSpec): the ones that people meet. */
import type { FieldProblem } from '../../api-error.ts';
import type { Draft } from '../../resource.ts';
import type { JsonMap } from '../fields.ts';
import { mapOf, mapsOf, numberOf, textOf } from '../fields.ts';
import { forbidden, invalidValue, notSupported, required } from '../problems.ts';
import { validateLabels } from '../validation/metadata.ts';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../validation/names.ts';
import { validateContainers } from './validate-container.ts';
import { validateVolumes } from './validate-volumes.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const INT32_MAX = 2_147_483_647;

export function validatePod(draft: Draft): FieldProblem[] {
  const spec = mapOf(draft['spec']);
  return [
    ...validateVolumes(mapsOf(spec['volumes'])),
    ...validateContainers(spec),
    ...oneOf(spec, 'restartPolicy', RESTART_POLICIES),
    ...oneOf(spec, 'dnsPolicy', DNS_POLICIES),
    ...validateLabels(mapOf(spec['nodeSelector']) as Record<string, string>, 'spec.nodeSelector'),
    ...validateNames(spec),
    ...validateSeconds(spec),
    ...validateTolerations(mapsOf(spec['tolerations'])),
    ...validateDns(spec),
    ...mapsOf(spec['hostAliases']).flatMap((alias, index) =>
      isAddress(textOf(alias['ip'])) ? [] : [invalidAddress(`spec.hostAliases[${index}].ip`, textOf(alias['ip']))],
    ),
    ...mapsOf(spec['readinessGates']).flatMap((gate, index) =>
      qualifiedName(textOf(gate['conditionType'])).map((why) => invalidValue(`spec.readinessGates[${index}].conditionType`, gate['conditionType'], why)),
    ),
  ];
}

/** Rules that hold for a new pod only. */
export function validateNewPod(draft: Draft): FieldProblem[] {
  const spec = mapOf(draft['spec']);
  const problems: FieldProblem[] = mapsOf(spec['ephemeralContainers']).length > 0 ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')] : [];
  const gates = mapsOf(spec['schedulingGates']);
  if (textOf(spec['nodeName']) !== '' && gates.length > 0) {
    problems.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  return problems;
}

export function isAddress(text: string): boolean {
  if (text.includes(':')) return /^[0-9a-fA-F:.]+$/.test(text) && text.split(':').length <= 8 && !text.includes(':::');
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function invalidAddress(field: string, value: string): FieldProblem {
  return invalidValue(field, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
}

function oneOf(spec: JsonMap, field: string, values: readonly string[]): FieldProblem[] {
  const value = textOf(spec[field]);
  if (value === '') return [required(`spec.${field}`)];
  return values.includes(value) ? [] : [notSupported(`spec.${field}`, value, values)];
}

function validateNames(spec: JsonMap): FieldProblem[] {
  const checks = [
    ['serviceAccountName', dns1123Subdomain],
    ['nodeName', dns1123Subdomain],
    ['hostname', dns1123Label],
    ['subdomain', dns1123Label],
    ['runtimeClassName', dns1123Subdomain],
    ['priorityClassName', dns1123Subdomain],
  ] as const;
  const problems = checks.flatMap(([field, check]) => {
    const value = textOf(spec[field]);
    return value === '' ? [] : check(value).map((why) => invalidValue(`spec.${field}`, value, why));
  });
  const scheduler = textOf(spec['schedulerName']);
  return [...problems, ...dns1123Subdomain(scheduler).map((why) => invalidValue('spec.schedulerName', scheduler, why))];
}

function validateSeconds(spec: JsonMap): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const deadline = numberOf(spec['activeDeadlineSeconds']);
  if (deadline !== undefined && (deadline < 1 || deadline > INT32_MAX)) {
    problems.push(invalidValue('spec.activeDeadlineSeconds', deadline, `must be between 1 and ${INT32_MAX}, inclusive`));
  }
  const grace = numberOf(spec['terminationGracePeriodSeconds']);
  if (grace !== undefined && grace < 0) problems.push(invalidValue('spec.terminationGracePeriodSeconds', grace, 'must be greater than or equal to 0'));
  return problems;
}

function validateTolerations(tolerations: readonly JsonMap[]): FieldProblem[] {
  return tolerations.flatMap((toleration, index) => {
    const field = `spec.tolerations[${index}]`;
    const [key, operator, value, effect] = ['key', 'operator', 'value', 'effect'].map((name) => textOf(toleration[name])) as [string, string, string, string];
    const problems: FieldProblem[] = key === '' ? [] : qualifiedName(key).map((why) => invalidValue(`${field}.key`, key, why));
    if (key === '' && operator !== 'Exists') {
      problems.push(invalidValue(`${field}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'));
    }
    if (toleration['tolerationSeconds'] !== undefined && effect !== 'NoExecute') {
      problems.push(invalidValue(`${field}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === 'Exists') {
      if (value !== '') problems.push(invalidValue(`${field}.operator`, toleration, "value must be empty when `operator` is 'Exists'"));
    } else if (operator === 'Equal' || operator === '') problems.push(...labelValue(value).map((why) => invalidValue(`${field}.operator`, value, why)));
    else problems.push(notSupported(`${field}.operator`, operator, ['Equal', 'Exists']));
    if (effect !== '' && !EFFECTS.includes(effect)) problems.push(notSupported(`${field}.effect`, effect, EFFECTS));
    return problems;
  });
}

function validateDns(spec: JsonMap): FieldProblem[] {
  const nameservers = mapOf(spec['dnsConfig'])['nameservers'];
  const count = Array.isArray(nameservers) ? nameservers.length : 0;
  if (spec['dnsPolicy'] === 'None' && count === 0) {
    return [required('spec.dnsConfig.nameservers', 'must provide at least one DNS nameserver when `dnsPolicy` is None')];
  }
  return count > 3 ? [invalidValue('spec.dnsConfig.nameservers', nameservers, 'must not have more than 3 nameservers')] : [];
}
