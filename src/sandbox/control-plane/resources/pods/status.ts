/** pods/status: what a kubelet may write (kubernetes pkg/registry/core/pod/strategy.go, ValidatePodStatusUpdate). */
import type { FieldProblem } from '../../api-error.ts';
import type { Draft } from '../../resource.ts';
import { normalize } from '../codec.ts';
import type { JsonMap } from '../fields.ts';
import { ensureMap, mapOf, mapsOf, numberOf, textOf } from '../fields.ts';
import { duplicate, forbidden, invalidValue } from '../problems.ts';
import { beginUpdate, rejectInvalidUpdate } from '../strategy.ts';
import { dns1123Subdomain, qualifiedName } from '../validation/names.ts';
import { POD } from './kind.ts';
import { invalidAddress, isAddress } from './validate-spec.ts';

export function updatePodStatus(draft: Draft, stored: Draft): void {
  beginUpdate(POD, draft, stored);
  draft['spec'] = structuredClone(stored['spec']);
  if (stored.metadata.ownerReferences === undefined) delete draft.metadata.ownerReferences;
  else draft.metadata.ownerReferences = stored.metadata.ownerReferences;
  const status = ensureMap(draft, 'status');
  const before = mapOf(stored['status']);
  if (textOf(status['qosClass']) === '') status['qosClass'] = before['qosClass'];
  alignAddress(status);
  rejectInvalidUpdate(POD, draft, stored, validateStatus(status, before, mapOf(stored['spec'])));
  normalize(POD, draft);
}

/** podIP is the first of podIPs; where both are given and differ, podIP wins and stands alone. */
function alignAddress(status: JsonMap): void {
  const address = textOf(status['podIP']);
  const first = textOf(mapsOf(status['podIPs'])[0]?.['ip']);
  if (address === '') {
    if (first !== '') status['podIP'] = first;
  } else if (address !== first) status['podIPs'] = [{ ip: address }];
}

function validateStatus(status: JsonMap, before: JsonMap, spec: JsonMap): FieldProblem[] {
  const nominated = textOf(status['nominatedNodeName']);
  return [
    ...mapsOf(status['conditions']).flatMap((condition, index) =>
      qualifiedName(textOf(condition['type'])).map((why) => invalidValue(`status.conditions[${index}].type`, condition['type'], why)),
    ),
    ...(nominated === '' ? [] : dns1123Subdomain(nominated).map((why) => invalidValue('status.nominatedNodeName', nominated, why))),
    ...validateGeneration(status, 'status.observedGeneration'),
    ...mapsOf(status['conditions']).flatMap((condition, index) => validateGeneration(condition, `status.conditions[${index}].observedGeneration`)),
    ...(status['qosClass'] === before['qosClass'] ? [] : [invalidValue('status.qosClass', status['qosClass'], 'field is immutable')]),
    ...validateTransitions(status, before, spec),
    ...validateAddresses(mapsOf(status['podIPs']), 'status.podIPs'),
    ...validateHostAddresses(status),
  ];
}

function validateGeneration(holder: JsonMap, field: string): FieldProblem[] {
  const generation = numberOf(holder['observedGeneration']) ?? 0;
  return generation < 0 ? [invalidValue(field, generation, 'must be greater than or equal to 0')] : [];
}

/** A container that has ended and will not be restarted stays ended. */
function validateTransitions(status: JsonMap, before: JsonMap, spec: JsonMap): FieldProblem[] {
  const policy = textOf(spec['restartPolicy']);
  const regular = mapsOf(spec['containers']);
  const init = mapsOf(spec['initContainers']);
  return [
    ...ended('containerStatuses', status, before, (name, code) => restarts(ownPolicy(regular, name) ?? policy, code)),
    ...ended('initContainerStatuses', status, before, (name, code) => ownPolicy(init, name) === 'Always' || (policy !== 'Never' && code !== 0)),
  ];
}

function ended(list: string, status: JsonMap, before: JsonMap, mayRestart: (name: string, exitCode: number) => boolean): FieldProblem[] {
  return mapsOf(before[list]).flatMap((old, index) => {
    const terminated = mapOf(old['state'])['terminated'];
    if (terminated === undefined || mayRestart(textOf(old['name']), numberOf(mapOf(terminated)['exitCode']) ?? 0)) return [];
    const next = mapsOf(status[list]).find((container) => container['name'] === old['name']);
    if (next === undefined || mapOf(next['state'])['terminated'] !== undefined) return [];
    return [forbidden(`status.${list}[${index}].state`, 'may not be transitioned to non-terminated state')];
  });
}

function restarts(policy: string, exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function ownPolicy(containers: readonly JsonMap[], name: string): string | undefined {
  const policy = textOf(containers.find((container) => container['name'] === name)?.['restartPolicy']);
  return policy === '' ? undefined : policy;
}

function validateAddresses(addresses: readonly JsonMap[], field: string): FieldProblem[] {
  const texts = addresses.map((address) => textOf(address['ip']));
  const problems = texts.flatMap((text, index) => (isAddress(text) ? [] : [invalidAddress(`${field}[${index}]`, text)]));
  const families = new Set(texts.map((text) => text.includes(':')));
  if (texts.length > families.size) {
    problems.push(
      invalidValue(
        field,
        texts.map((text) => ({ IP: text })),
        'may specify no more than one IP for each IP family',
      ),
    );
  }
  const seen = new Set<string>();
  for (const [index, text] of texts.entries()) {
    if (seen.has(text)) problems.push(duplicate(`${field}[${index}]`, { IP: text }));
    seen.add(text);
  }
  return problems;
}

function validateHostAddresses(status: JsonMap): FieldProblem[] {
  const addresses = mapsOf(status['hostIPs']);
  const [first] = addresses;
  if (first === undefined) return [];
  const problems = validateAddresses(addresses, 'status.hostIPs');
  return textOf(first['ip']) === textOf(status['hostIP'])
    ? problems
    : [invalidValue('status.hostIPs[0].ip', textOf(first['ip']), 'must be equal to `hostIP`'), ...problems];
}
