/** The schemas of the file kinds, as zod and as JSON Schema. zod is loaded by the first of them. */
import type { ZodType } from 'zod';
import type { Field } from './fields.ts';

export const API_VERSION = 'vick.dev/v1alpha1';
export const KINDS = ['VirtualContainerHost', 'Config'] as const;

export type Kind = (typeof KINDS)[number];

/** What the schemas are made of. */
export interface SchemaParts {
  /** Fields of `vick create vch`. */
  readonly vch: readonly Field[];
  /** Fields of every command, by its words: `create vch`. */
  readonly commands: Readonly<Record<string, readonly Field[]>>;
}

export type Schemas = Readonly<Record<Kind, ZodType>>;

export async function makeSchemas(parts: SchemaParts): Promise<Schemas> {
  const { z } = await import('zod');
  const valueOf = (field: Field): ZodType => {
    switch (field.kind) {
      case 'boolean':
        return z.boolean();
      case 'integer':
        return z.int();
      case 'duration':
        return z.string().regex(/^(?:0|(?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/, 'must be a duration: 90s, 3m, 1h30m');
      case 'enum':
        return z.enum(field.values as [string, ...string[]]);
      case 'string':
        return z.string().min(1, 'must not be empty');
    }
  };
  const shapeOf = (fields: readonly Field[]): ZodType =>
    z.strictObject(
      Object.fromEntries(
        fields.map((field) => {
          const one = valueOf(field);
          const value = field.form === 'list' ? z.array(one) : field.form === 'map' ? z.record(z.string(), z.string()) : one;
          return [field.key, value.optional().describe(field.description)];
        }),
      ),
    );
  const head = { apiVersion: z.literal(API_VERSION) };
  const words = z.array(z.string()).optional().describe('further flags of vic-machine create, word by word');
  return {
    VirtualContainerHost: z
      .strictObject({
        ...head,
        kind: z.literal('VirtualContainerHost'),
        metadata: z.strictObject({
          name: z
            .string()
            .max(31, 'must not be longer than 31 characters')
            .regex(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/, 'must be lower-case letters, digits, "-" and "."')
            .describe('name of the VCH; its node is kubelet-NAME'),
        }),
        spec: (shapeOf(parts.vch) as ReturnType<typeof z.strictObject>).extend({ extraArgs: words }),
      })
      .describe('A VCH that joins a Kubernetes cluster as a node; taken by: vick apply -f'),
    Config: z
      .strictObject({
        ...head,
        kind: z.literal('Config'),
        defaults: shapeOf(common(parts.commands)).optional().describe('values of flags, for every command that has the flag'),
        commands: z
          .strictObject(Object.fromEntries(Object.entries(parts.commands).map(([name, fields]) => [name, shapeOf(fields).optional()])))
          .optional()
          .describe('values of flags for one command; they beat the defaults'),
      })
      .describe('Values that flags have where neither the command line nor the environment says otherwise'),
  };
}

export async function jsonSchemaOf(kind: Kind, schemas: Schemas): Promise<Readonly<Record<string, unknown>>> {
  const { z } = await import('zod');
  return { ...z.toJSONSchema(schemas[kind], { target: 'draft-2020-12' }), $id: `https://vick.dev/schema/v1alpha1/${kind}.json`, title: kind };
}

/** Every field once; where commands take a name in different forms, only those with the form of the first. */
function common(commands: Readonly<Record<string, readonly Field[]>>): readonly Field[] {
  const found = new Map<string, Field>();
  for (const field of Object.values(commands).flat()) if (!found.has(field.flag)) found.set(field.flag, field);
  return [...found.values()];
}
