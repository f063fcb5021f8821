import type { TableDefinition } from '../../resource.ts';

type Column = TableDefinition['columns'][number];

/** A column of text; `wide` ones are shown by `-o wide` only. */
export function column(name: string, description: string, wide = false): Column {
  return { name, type: 'string', format: '', description, priority: wide ? 1 : 0 };
}

/** The column of names, with the description that metadata.name has. */
export function nameColumn(wide = false): Column {
  return {
    name: 'Name',
    type: 'string',
    format: 'name',
    description:
      'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
    priority: wide ? 1 : 0,
  };
}

/** The column of ages, with the description that metadata.creationTimestamp has. */
export function ageColumn(): Column {
  return column(
    'Age',
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
  );
}
