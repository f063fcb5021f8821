/** pods/ephemeralcontainers: containers are added to a living pod, never changed or taken away. */
import type { FieldProblem } from '../../api-error.ts';
import { sameJson } from '../../json.ts';
import type { Draft } from '../../resource.ts';
import { normalize } from '../codec.ts';
import type { JsonMap } from '../fields.ts';
import { at, ensureMap, mapOf, mapsOf, textOf } from '../fields.ts';
import { forbidden, invalidValue } from '../problems.ts';
import { beginUpdate, rejectInvalidUpdate } from '../strategy.ts';
import { setPodDefaults } from './defaults.ts';
import { POD } from './kind.ts';
import { validateContainer } from './validate-container.ts';

const FORBIDDEN = ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'resizePolicy'];

export function updateEphemeralContainers(draft: Draft, stored: Draft): void {
  beginUpdate(POD, draft, stored);
  const wanted = at(draft, 'spec', 'ephemeralContainers');
  draft['status'] = structuredClone(stored['status']);
  draft['spec'] = structuredClone(stored['spec']);
  if (wanted === undefined) delete mapOf(draft['spec'])['ephemeralContainers'];
  else ensureMap(draft, 'spec')['ephemeralContainers'] = wanted;
  setPodDefaults(draft);
  rejectInvalidUpdate(POD, draft, stored, validate(mapOf(draft['spec']), mapOf(stored['spec'])));
  normalize(POD, draft);
}

function validate(spec: JsonMap, before: JsonMap): FieldProblem[] {
  const containers = mapsOf(spec['ephemeralContainers']);
  const others = [...mapsOf(spec['initContainers']), ...mapsOf(spec['containers'])].map((container) => textOf(container['name']));
  const names = new Set(others);
  const volumes = new Set(mapsOf(spec['volumes']).map((volume) => textOf(volume['name'])));
  const problems = containers.flatMap((container, index) => {
    const field = `spec.ephemeralContainers[${index}]`;
    const target = textOf(container['targetContainerName']);
    return [
      ...validateContainer(container, field, volumes, names),
      ...FORBIDDEN.filter((part) => container[part] !== undefined).map((part) => forbidden(`${field}.${part}`, 'cannot be set for an Ephemeral Container')),
      ...(target === '' || others.includes(target)
        ? []
        : [
            {
              ...invalidValue(`${field}.targetContainerName`, target, ''),
              type: 'FieldValueNotFound' as const,
              message: `Not found: ${JSON.stringify(target)}`,
            },
          ]),
    ];
  });
  for (const old of mapsOf(before['ephemeralContainers'])) {
    const name = textOf(old['name']);
    const index = containers.findIndex((container) => container['name'] === name);
    if (index < 0) problems.push(forbidden('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(name)} may not be removed\n`));
    else if (!sameJson(containers[index], old)) {
      problems.push(forbidden('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(name)} may not be changed\n`));
    }
  }
  return problems;
}
