import type { FieldProblem } from '../../api-error.ts';
import { isObject } from '../../json.ts';
import type { JsonMap } from '../fields.ts';
import { numberOf, textOf, textsOf } from '../fields.ts';
import { forbidden, invalidValue, required } from '../problems.ts';
import { portName, portNumber } from '../validation/names.ts';

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'];

/** Probes and lifecycle hooks of one container. */
export function validateProbes(container: JsonMap, field: string): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (isObject(probe)) problems.push(...validateProbe(probe, `${field}.${name}`, name));
  }
  if (isObject(container['lifecycle'])) {
    for (const hook of ['postStart', 'preStop']) {
      const handler = container['lifecycle'][hook];
      if (isObject(handler)) problems.push(...validateHandler(handler, `${field}.lifecycle.${hook}`));
    }
  }
  return problems;
}

function validateProbe(probe: JsonMap, field: string, name: string): FieldProblem[] {
  const problems = validateHandler(probe, field);
  for (const count of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']) {
    const value = numberOf(probe[count]) ?? 0;
    if (value < 0) problems.push(invalidValue(`${field}.${count}`, value, 'must be greater than or equal to 0'));
  }
  if (name !== 'readinessProbe' && probe['successThreshold'] !== 1) {
    problems.push(invalidValue(`${field}.successThreshold`, probe['successThreshold'], 'must be 1'));
  }
  const grace = numberOf(probe['terminationGracePeriodSeconds']);
  if (grace !== undefined && name === 'readinessProbe') {
    problems.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'));
  } else if (grace !== undefined && grace <= 0) problems.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  return problems;
}

function validateHandler(handler: JsonMap, field: string): FieldProblem[] {
  const given = HANDLERS.filter((name) => isObject(handler[name]));
  if (given.length === 0) return [required(field, 'must specify a handler type')];
  const extra = given.slice(1).map((name) => forbidden(`${field}.${name}`, 'may not specify more than 1 handler type'));
  return [...extra, ...given.slice(0, 1).flatMap((name) => validateAction(name, handler[name] as JsonMap, `${field}.${name}`))];
}

function validateAction(name: string, action: JsonMap, field: string): FieldProblem[] {
  if (name === 'exec') return textsOf(action['command']).length === 0 ? [required(`${field}.command`)] : [];
  if (name === 'sleep') return [];
  const port = action['port'];
  const problems = typeof port === 'string' ? portName(port) : portNumber(numberOf(port) ?? 0);
  const wrong = problems.map((why) => invalidValue(`${field}.port`, port, why));
  if (name === 'httpGet' && textOf(action['path']) === '') wrong.push(required(`${field}.path`));
  return wrong;
}
