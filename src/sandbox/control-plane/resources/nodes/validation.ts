/** Rules of Node objects (k8s.io/kubernetes/pkg/apis/core/validation, ValidateNode and ValidateNodeUpdate). */
import type { FieldProblem } from '../../api-error.ts';
import type { Draft } from '../../resource.ts';
import type { JsonMap } from '../fields.ts';
import { at, mapOf, mapsOf, textOf, textsOf } from '../fields.ts';
import { duplicate, forbidden, invalidValue, notSupported, required } from '../problems.ts';
import { labelValue, qualifiedName } from '../validation/names.ts';
import { sameJson } from '../../json.ts';
import { validateQuantities } from '../validation/quantities.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateNode(draft: Draft): FieldProblem[] {
  return [
    ...validateTaints(mapsOf(at(draft, 'spec', 'taints'))),
    ...validateQuantities(mapOf(at(draft, 'status', 'capacity')), 'status.capacity'),
    ...validateQuantities(mapOf(at(draft, 'status', 'allocatable')), 'status.allocatable'),
    ...validatePodCidrs(textsOf(at(draft, 'spec', 'podCIDRs'))),
  ];
}

export function validateNodeUpdate(draft: Draft, stored: Draft): FieldProblem[] {
  const problems = [...validateAddresses(draft), ...validateTaints(mapsOf(at(draft, 'spec', 'taints')))];
  const cidrs = textsOf(at(stored, 'spec', 'podCIDRs'));
  if (cidrs.length > 0 && !sameJson(cidrs, textsOf(at(draft, 'spec', 'podCIDRs')))) {
    problems.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  }
  const provider = textOf(at(stored, 'spec', 'providerID'));
  if (provider !== '' && provider !== textOf(at(draft, 'spec', 'providerID'))) {
    problems.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  return problems;
}

function validateTaints(taints: readonly JsonMap[]): FieldProblem[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    // The API server calls this metadata.taints although taints are in the spec.
    const field = `metadata.taints[${index}]`;
    const key = textOf(taint['key']);
    const value = textOf(taint['value']);
    const effect = textOf(taint['effect']);
    const problems = [
      ...qualifiedName(key).map((why) => invalidValue(`${field}.key`, key, why)),
      ...labelValue(value).map((why) => invalidValue(`${field}.value`, value, why)),
    ];
    if (effect === '') problems.push(required(`${field}.effect`));
    else if (!EFFECTS.includes(effect)) problems.push(notSupported(`${field}.effect`, effect, EFFECTS));
    const identity = `${key}:${effect}`;
    if (seen.has(identity)) {
      const shown = { Key: key, Value: value, Effect: effect, TimeAdded: taint['timeAdded'] ?? null };
      problems.push(duplicate(field, shown, 'taints must be unique by key and effect pair'));
    }
    seen.add(identity);
    return problems;
  });
}

function validateAddresses(draft: Draft): FieldProblem[] {
  const seen = new Set<string>();
  return mapsOf(at(draft, 'status', 'addresses')).flatMap((address, index) => {
    const shown = { Type: textOf(address['type']), Address: textOf(address['address']) };
    const identity = JSON.stringify(shown);
    const repeated = seen.has(identity);
    seen.add(identity);
    return repeated ? [duplicate(`status.addresses[${index}]`, shown)] : [];
  });
}

function validatePodCidrs(cidrs: readonly string[]): FieldProblem[] {
  const problems = cidrs.flatMap((cidr, index) =>
    isCidr(cidr) ? [] : [invalidValue(`spec.podCIDRs[${index}]`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')],
  );
  const families = new Set(cidrs.map((cidr) => cidr.includes(':')));
  return cidrs.length > 1 && (cidrs.length > 2 || families.size < 2)
    ? [...problems, invalidValue('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family')]
    : problems;
}

function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  const limit = address.includes(':') ? 128 : 32;
  return /^\d+$/.test(bits) && Number(bits) <= limit && (limit === 128 ? /^[0-9a-fA-F:.]+$/.test(address) : /^(\d{1,3}\.){3}\d{1,3}$/.test(address));
}
