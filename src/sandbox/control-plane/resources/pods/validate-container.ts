import type { FieldProblem } from '../../api-error.ts';
import { isObject } from '../../json.ts';
import type { JsonMap } from '../fields.ts';
import { mapOf, mapsOf, numberOf, textOf } from '../fields.ts';
import { duplicate, forbidden, invalidValue, notFoundValue, notSupported, required } from '../problems.ts';
import { dns1123Label, environmentName, portName, portNumber } from '../validation/names.ts';
import { compareAmounts, validateAmount, validateResourceName } from '../validation/quantities.ts';
import { validateProbes } from './validate-probe.ts';

/** Init and regular containers of a pod; ephemeral ones have rules of their own. */
export function validateContainers(spec: JsonMap): FieldProblem[] {
  const volumes = new Set(mapsOf(spec['volumes']).map((volume) => textOf(volume['name'])));
  const containers = mapsOf(spec['containers']);
  const names = new Set<string>();
  const problems: FieldProblem[] = containers.length === 0 ? [required('spec.containers')] : [];
  const hostNetwork = spec['hostNetwork'] === true;
  for (const [index, container] of containers.entries()) {
    problems.push(...validateContainer(container, `spec.containers[${index}]`, volumes, names, hostNetwork));
  }
  for (const [index, container] of mapsOf(spec['initContainers']).entries()) {
    const field = `spec.initContainers[${index}]`;
    problems.push(...validateContainer(container, field, volumes, names, hostNetwork), ...validateInit(container, field));
  }
  return problems;
}

/** One container; its name is added to `names`. */
export function validateContainer(container: JsonMap, field: string, volumes: ReadonlySet<string>, names: Set<string>, hostNetwork = false): FieldProblem[] {
  return [
    ...validateName(textOf(container['name']), field, names),
    ...validateImage(textOf(container['image']), field),
    ...validatePorts(mapsOf(container['ports']), `${field}.ports`, hostNetwork),
    ...validateEnvironment(mapsOf(container['env']), `${field}.env`),
    ...validateEnvFrom(mapsOf(container['envFrom']), `${field}.envFrom`),
    ...validateMounts(mapsOf(container['volumeMounts']), `${field}.volumeMounts`, volumes),
    ...validateProbes(container, field),
    ...validateChoice(container, 'imagePullPolicy', ['Always', 'IfNotPresent', 'Never'], field),
    ...validateResources(mapOf(container['resources']), `${field}.resources`),
    ...validateChoice(container, 'terminationMessagePolicy', ['File', 'FallbackToLogsOnError'], field),
  ];
}

export function validateResources(resources: JsonMap, field: string): FieldProblem[] {
  const limits = mapOf(resources['limits']);
  const requests = mapOf(resources['requests']);
  const problems: FieldProblem[] = [];
  for (const [name, amount] of Object.entries(limits)) {
    problems.push(...validateResourceName(name, `${field}.limits[${name}]`), ...validateAmount(name, String(amount), `${field}.limits[${name}]`));
  }
  for (const [name, amount] of Object.entries(requests)) {
    problems.push(...validateResourceName(name, `${field}.requests[${name}]`), ...validateAmount(name, String(amount), `${field}.requests[${name}]`));
    const limit = limits[name];
    if (limit !== undefined && compareAmounts(amount, limit) > 0) {
      problems.push(invalidValue(`${field}.requests`, String(amount), `must be less than or equal to ${name} limit of ${JSON.stringify(limit).slice(1, -1)}`));
    }
  }
  return problems;
}

function validateName(name: string, field: string, names: Set<string>): FieldProblem[] {
  if (name === '') return [required(`${field}.name`)];
  const problems = dns1123Label(name).map((why) => invalidValue(`${field}.name`, name, why));
  if (names.has(name)) problems.push(duplicate(`${field}.name`, name));
  names.add(name);
  return problems;
}

function validateImage(image: string, field: string): FieldProblem[] {
  if (image === '') return [required(`${field}.image`)];
  return image.trim() === image ? [] : [invalidValue(`${field}.image`, image, 'must not have leading or trailing whitespace')];
}

function validateInit(container: JsonMap, field: string): FieldProblem[] {
  const policy = container['restartPolicy'];
  const sidecar = policy === 'Always';
  const problems: FieldProblem[] = policy === undefined || sidecar ? [] : [notSupported(`${field}.restartPolicy`, policy, ['Always'])];
  if (sidecar) return problems;
  for (const part of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (container[part] !== undefined) problems.push(forbidden(`${field}.${part}`, 'may not be set for init containers without restartPolicy=Always'));
  }
  return problems;
}

function validatePorts(ports: readonly JsonMap[], field: string, hostNetwork: boolean): FieldProblem[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${field}[${index}]`;
    const problems: FieldProblem[] = [];
    const name = textOf(port['name']);
    if (name !== '') {
      const wrong = portName(name);
      problems.push(...wrong.map((why) => invalidValue(`${at}.name`, name, why)));
      if (wrong.length === 0 && names.has(name)) problems.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    const number = numberOf(port['containerPort']) ?? 0;
    if (number === 0) problems.push(required(`${at}.containerPort`));
    else problems.push(...portNumber(number).map((why) => invalidValue(`${at}.containerPort`, number, why)));
    const host = numberOf(port['hostPort']) ?? 0;
    if (host !== 0) problems.push(...portNumber(host).map((why) => invalidValue(`${at}.hostPort`, host, why)));
    if (hostNetwork && host !== 0 && host !== number) {
      problems.push(invalidValue(`${at}.containerPort`, number, 'must match `hostPort` when `hostNetwork` is true'));
    }
    const protocol = textOf(port['protocol']);
    if (!['TCP', 'UDP', 'SCTP'].includes(protocol)) {
      problems.push(protocol === '' ? required(`${at}.protocol`) : notSupported(`${at}.protocol`, protocol, ['TCP', 'UDP', 'SCTP']));
    }
    return problems;
  });
}

function validateEnvironment(variables: readonly JsonMap[], field: string): FieldProblem[] {
  return variables.flatMap((variable, index) => {
    const at = `${field}[${index}]`;
    const name = textOf(variable['name']);
    const problems = name === '' ? [required(`${at}.name`)] : environmentName(name).map((why) => invalidValue(`${at}.name`, name, why));
    if (!isObject(variable['valueFrom'])) return problems;
    const sources = Object.keys(variable['valueFrom']);
    if (sources.length === 0) {
      problems.push(
        invalidValue(`${at}.valueFrom`, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'),
      );
    } else if (textOf(variable['value']) !== '') problems.push(invalidValue(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'));
    else if (sources.length > 1) problems.push(invalidValue(`${at}.valueFrom`, '', 'may not have more than one field specified at a time'));
    for (const source of ['configMapKeyRef', 'secretKeyRef']) {
      const reference = variable['valueFrom'][source];
      if (isObject(reference) && textOf(reference['key']) === '') problems.push(required(`${at}.valueFrom.${source}.key`));
    }
    return problems;
  });
}

function validateEnvFrom(sources: readonly JsonMap[], field: string): FieldProblem[] {
  return sources.flatMap((source, index) => {
    const given = ['configMapRef', 'secretRef'].filter((name) => isObject(source[name]));
    if (given.length === 0) return [invalidValue(field, '', 'must specify one of: `configMapRef` or `secretRef`')];
    if (given.length > 1) return [invalidValue(field, '', 'may not have more than one field specified at a time')];
    return given.flatMap((name) => (textOf(mapOf(source[name])['name']) === '' ? [required(`${field}[${index}].${name}.name`)] : []));
  });
}

function validateMounts(mounts: readonly JsonMap[], field: string, volumes: ReadonlySet<string>): FieldProblem[] {
  const paths = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const at = `${field}[${index}]`;
    const problems: FieldProblem[] = [];
    const name = textOf(mount['name']);
    const path = textOf(mount['mountPath']);
    if (name === '') problems.push(required(`${at}.name`));
    else if (!volumes.has(name)) problems.push(notFoundValue(`${at}.name`, name));
    if (path === '') problems.push(required(`${at}.mountPath`));
    if (paths.has(path)) problems.push(invalidValue(`${at}.mountPath`, path, 'must be unique'));
    paths.add(path);
    const sub = textOf(mount['subPath']);
    if (sub.startsWith('/')) problems.push(invalidValue(`${at}.subPath`, sub, 'must be a relative path'));
    if (sub.split('/').includes('..')) problems.push(invalidValue(`${at}.subPath`, sub, "must not contain '..'"));
    return problems;
  });
}

function validateChoice(container: JsonMap, name: string, values: readonly string[], field: string): FieldProblem[] {
  const value = textOf(container[name]);
  if (value === '') return [required(`${field}.${name}`)];
  return values.includes(value) ? [] : [notSupported(`${field}.${name}`, value, values)];
}
