/** All described types, found by id or by kind. Tables are read on first use. */
import type { Field, StructType } from './notation.ts';
import { parseTable } from './notation.ts';
import { authenticationTypes } from './types/authentication.ts';
import { certificatesTypes } from './types/certificates.ts';
import { containerTypes } from './types/container.ts';
import { coordinationTypes } from './types/coordination.ts';
import { coreTypes } from './types/core.ts';
import { eventsTypes } from './types/events.ts';
import { metaTypes } from './types/meta.ts';
import { nodeTypes } from './types/node.ts';
import { podStatusTypes } from './types/pod-status.ts';
import { podTypes } from './types/pod.ts';
import { policyTypes } from './types/policy.ts';
import { volumePluginTypes } from './types/volume-plugins.ts';
import { volumeTypes } from './types/volume.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const CORE = 'io.k8s.api.core.v1';

/** The package of a group's types, as OpenAPI names it. */
const PACKAGES: Readonly<Record<string, string>> = {
  '': 'io.k8s.api.core',
  'coordination.k8s.io': 'io.k8s.api.coordination',
  'events.k8s.io': 'io.k8s.api.events',
  policy: 'io.k8s.api.policy',
  'authentication.k8s.io': 'io.k8s.api.authentication',
  'certificates.k8s.io': 'io.k8s.api.certificates',
  'meta.k8s.io': 'io.k8s.apimachinery.pkg.apis.meta',
};

let registry: ReadonlyMap<string, StructType> | undefined;

/** The type of `kind`, or undefined when it is not described. */
export function typeOf(group: string, version: string, kind: string): StructType | undefined {
  return types().get(`${PACKAGES[group] ?? ''}.${version}.${kind}`);
}

/** The type with that id; throws when a table names a type that no table describes. */
export function structById(id: string): StructType {
  const type = types().get(id);
  if (type === undefined) throw new Error(`no type ${id} is described`);
  return type;
}

/** The struct a field holds, through lists and maps, if it holds one. */
export function structIn(field: Field): StructType | undefined {
  let shape = field.shape;
  for (;;) {
    if (shape.shape === 'struct') return structById(shape.struct);
    if (shape.shape === 'scalar') return undefined;
    shape = shape.shape === 'list' ? shape.items : shape.values;
  }
}

function types(): ReadonlyMap<string, StructType> {
  registry ??= new Map(readTables().map((type) => [type.id, type]));
  return registry;
}

function readTables(): StructType[] {
  const core = [podTypes, podStatusTypes, containerTypes, volumeTypes, volumePluginTypes, nodeTypes, coreTypes].join('\n');
  const names = (table: string): Set<string> => new Set(table.split('\n').filter((line) => /^\w/.test(line)));
  const [metaNames, coreNames] = [names(metaTypes), names(core)];
  const read = (prefix: string, table: string): StructType[] => {
    const own = names(table);
    return parseTable(prefix, table, (name) => {
      if (own.has(name)) return `${prefix}.${name}`;
      return coreNames.has(name) && !metaNames.has(name) ? `${CORE}.${name}` : `${META}.${name}`;
    });
  };
  return [
    ...read(META, metaTypes),
    ...read(CORE, core),
    ...read('io.k8s.api.coordination.v1', coordinationTypes),
    ...read('io.k8s.api.events.v1', eventsTypes),
    ...read('io.k8s.api.policy.v1', policyTypes),
    ...read('io.k8s.api.certificates.v1', certificatesTypes),
    ...read('io.k8s.api.authentication.v1', authenticationTypes),
  ];
}
