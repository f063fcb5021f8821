import type { FieldProblem } from '../../api-error.ts';
import type { Draft } from '../../resource.ts';
import { at, mapOf, mapsOf, numberOf, textOf } from '../fields.ts';
import { duplicate, invalidValue, notSupported, required } from '../problems.ts';
import { validateLabels } from '../validation/metadata.ts';
import { dns1123Label, dns1123Subdomain, portName, portNumber } from '../validation/names.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** Rules of services (k8s.io/kubernetes/pkg/apis/core/validation, ValidateService). */
export function validateService(draft: Draft): FieldProblem[] {
  const spec = mapOf(draft['spec']);
  const type = textOf(spec['type']);
  const ports = mapsOf(spec['ports']);
  const problems: FieldProblem[] = [];
  if (ports.length === 0 && spec['clusterIP'] !== 'None' && type !== 'ExternalName') problems.push(required('spec.ports'));
  if (!TYPES.includes(type)) problems.push(notSupported('spec.type', type, TYPES));
  if (type === 'ExternalName') {
    const name = textOf(spec['externalName']).replace(/\.$/, '');
    problems.push(...(name === '' ? [required('spec.externalName')] : dns1123Subdomain(name).map((why) => invalidValue('spec.externalName', name, why))));
  }
  return [
    ...problems,
    ...validatePorts(draft),
    ...validateLabels(mapOf(spec['selector']) as Record<string, string>, 'spec.selector'),
    ...(['None', 'ClientIP'].includes(textOf(spec['sessionAffinity']))
      ? []
      : [notSupported('spec.sessionAffinity', spec['sessionAffinity'], ['ClientIP', 'None'])]),
  ];
}

export function validateServiceUpdate(draft: Draft, stored: Draft): FieldProblem[] {
  const [next, before] = [textOf(at(draft, 'spec', 'clusterIP')), textOf(at(stored, 'spec', 'clusterIP'))];
  const [type, old] = [at(draft, 'spec', 'type'), at(stored, 'spec', 'type')];
  if (before === '' || next === before || type === 'ExternalName' || old === 'ExternalName') return [];
  return [invalidValue('spec.clusterIPs[0]', [next], 'may not change once set')];
}

function validatePorts(draft: Draft): FieldProblem[] {
  const ports = mapsOf(at(draft, 'spec', 'ports'));
  const names = new Set<string>();
  const seen = new Set<string>();
  return ports.flatMap((port, index) => {
    const field = `spec.ports[${index}]`;
    const name = textOf(port['name']);
    const number = numberOf(port['port']) ?? 0;
    const protocol = textOf(port['protocol']);
    const problems: FieldProblem[] = [];
    if (name === '') {
      if (ports.length > 1) problems.push(required(`${field}.name`));
    } else {
      problems.push(...dns1123Label(name).map((why) => invalidValue(`${field}.name`, name, why)));
      if (names.has(name)) problems.push(duplicate(`${field}.name`, name));
      names.add(name);
    }
    problems.push(...portNumber(number).map((why) => invalidValue(`${field}.port`, number, why)));
    if (!PROTOCOLS.includes(protocol)) problems.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
    const target = port['targetPort'];
    const wrong = typeof target === 'string' ? portName(target) : portNumber(numberOf(target) ?? 0);
    problems.push(...wrong.map((why) => invalidValue(`${field}.targetPort`, target, why)));
    const identity = `${protocol}:${number}`;
    if (seen.has(identity)) problems.push(duplicate(field, { Name: '', Protocol: protocol, AppProtocol: null, Port: number, TargetPort: 0, NodePort: 0 }));
    seen.add(identity);
    return problems;
  });
}
