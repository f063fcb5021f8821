import type { FieldProblem } from '../../api-error.ts';
import { isObject } from '../../json.ts';
import type { JsonMap } from '../fields.ts';
import { mapOf, mapsOf, textOf } from '../fields.ts';
import { duplicate, forbidden, invalidValue, notSupported, required } from '../problems.ts';
import { dns1123Label } from '../validation/names.ts';

const HOST_PATH_TYPES = ['', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice'];

export function validateVolumes(volumes: readonly JsonMap[]): FieldProblem[] {
  const seen = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const field = `spec.volumes[${index}]`;
    const name = textOf(volume['name']);
    const problems = validateSource(volume, field);
    if (name === '') return [...problems, required(`${field}.name`)];
    problems.push(...dns1123Label(name).map((why) => invalidValue(`${field}.name`, name, why)));
    if (seen.has(name)) problems.push(duplicate(`${field}.name`, name));
    seen.add(name);
    return problems;
  });
}

function validateSource(volume: JsonMap, field: string): FieldProblem[] {
  const sources = Object.keys(volume).filter((name) => name !== 'name' && isObject(volume[name]));
  const problems = sources.slice(1).map((source) => forbidden(`${field}.${source}`, 'may not specify more than 1 volume type'));
  const [source = ''] = sources;
  const value = mapOf(volume[source]);
  switch (source) {
    case 'secret':
      return [...problems, ...needs(value, 'secretName', `${field}.secret`), ...validateItems(value, `${field}.secret`)];
    case 'configMap':
      return [...problems, ...needs(value, 'name', `${field}.configMap`), ...validateItems(value, `${field}.configMap`)];
    case 'hostPath': {
      const type = textOf(value['type']);
      return [
        ...problems,
        ...needs(value, 'path', `${field}.hostPath`),
        ...(HOST_PATH_TYPES.includes(type) ? [] : [notSupported(`${field}.hostPath.type`, type, HOST_PATH_TYPES)]),
      ];
    }
    case 'persistentVolumeClaim':
      return [...problems, ...needs(value, 'claimName', `${field}.persistentVolumeClaim`)];
    case 'nfs':
      return [...problems, ...needs(value, 'server', `${field}.nfs`), ...needs(value, 'path', `${field}.nfs`)];
    case 'projected':
      return [...problems, ...mapsOf(value['sources']).flatMap((one, index) => validateProjection(one, `${field}.projected.sources[${index}]`))];
    default:
      return problems;
  }
}

function validateProjection(source: JsonMap, field: string): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const kind of ['secret', 'configMap']) {
    if (isObject(source[kind])) problems.push(...needs(source[kind], 'name', `${field}.${kind}`), ...validateItems(source[kind], `${field}.${kind}`));
  }
  if (isObject(source['serviceAccountToken'])) {
    const { path, expirationSeconds } = source['serviceAccountToken'];
    if (typeof expirationSeconds === 'number' && expirationSeconds < 600) {
      problems.push(invalidValue(`${field}.serviceAccountToken.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes'));
    }
    if (textOf(path) === '') problems.push(required(`${field}.serviceAccountToken.path`));
  }
  return problems;
}

function validateItems(source: JsonMap, field: string): FieldProblem[] {
  return mapsOf(source['items']).flatMap((item, index) => {
    const path = textOf(item['path']);
    const at = `${field}.items[${index}]`;
    const problems: FieldProblem[] = textOf(item['key']) === '' ? [required(`${at}.key`)] : [];
    if (path === '') return [...problems, required(`${at}.path`)];
    if (path.startsWith('/')) problems.push(invalidValue(`${at}.path`, path, 'must be a relative path'));
    if (path.split('/').includes('..')) problems.push(invalidValue(`${at}.path`, path, "must not contain '..'"));
    return problems;
  });
}

function needs(source: JsonMap, name: string, field: string): FieldProblem[] {
  return textOf(source[name]) === '' ? [required(`${field}.${name}`)] : [];
}
