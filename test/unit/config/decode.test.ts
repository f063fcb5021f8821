import fc from 'fast-check';
import { stringify } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { schemaParts, vchFields } from '../../../src/cli/schema-parts.ts';
import { TABLE } from '../../../src/cli/specs/index.ts';
import { nearest } from '../../../src/cli/suggest.ts';
import { formatDuration, parseDuration } from '../../../src/cli/duration.ts';
import { decodeDocuments } from '../../../src/config/decode.ts';
import { refuseFindings, renderFinding } from '../../../src/config/finding.ts';
import type { Field } from '../../../src/config/fields.ts';
import { jsonSchemaOf, KINDS, makeSchemas, type Schemas } from '../../../src/config/schema.ts';
import { declareVch, typedOf, type VchDocument } from '../../../src/config/vch-document.ts';
import { readYaml } from '../../../src/config/yaml-tree.ts';

let schemas: Schemas;
beforeAll(async () => {
  schemas = await makeSchemas(schemaParts(TABLE));
});
const decode = (text: string): ReturnType<typeof decodeDocuments> => decodeDocuments(text, 'f.yaml', schemas, nearest);
const findings = (text: string): readonly string[] => decode(text).findings.map(renderFinding);
const HEAD = 'apiVersion: vick.dev/v1alpha1\nkind: VirtualContainerHost\nmetadata: { name: web }\n';

describe('a declared VCH', () => {
  it('is read with every form of value, several in a file', () => {
    const { documents, findings: none } = decode(
      `${HEAD}spec:\n  cpu: 4000\n  noTlsverify: true\n  timeout: 1h30m\n  labels: { zone: a }\n  volumeStores: [ds/v:default]\n---\n${HEAD}spec: {}\n---\n`,
    );
    expect(none).toEqual([]);
    expect(documents.map(({ kind, line }) => [kind, line])).toEqual([
      ['VirtualContainerHost', 1],
      ['VirtualContainerHost', 11],
    ]);
    expect(typedOf(documents[0]!.value as unknown as VchDocument, vchFields(TABLE)).values).toEqual({
      cpu: 4000,
      'no-tlsverify': true,
      timeout: '1h30m',
      label: ['zone=a'],
      'volume-store': ['ds/v:default'],
    });
  });

  it('is reported with everything that is wrong, each with its line and path', () => {
    const text = `${HEAD.replace('web', 'Web_1')}spec:\n  bridgeNetwrok: x\n  cpu: "12"\n  memory: 1.5\n  labels: [a]\n  timeout: 5\n  user: 12\n  noTls: yes please\n---\nkind: Virtualcontainerhost\n---\n- a\n`;
    expect(findings(text)).toEqual([
      'f.yaml:3: metadata.name: must be lower-case letters, digits, "-" and "."',
      'f.yaml:5: spec.bridgeNetwrok: is not known here (did you mean bridgeNetwork?)',
      'f.yaml:6: spec.cpu: must be a whole number, not text',
      'f.yaml:7: spec.memory: must be a whole number, not 1.5',
      'f.yaml:8: spec.labels: must be a mapping, not a list',
      'f.yaml:9: spec.timeout: must be text, not a number (write it in quotes: "5")',
      'f.yaml:10: spec.user: must be text, not a number (write it in quotes: "12")',
      'f.yaml:11: spec.noTls: must be true or false, not text',
      'f.yaml:13: kind: is "Virtualcontainerhost"; it must be VirtualContainerHost or Config (did you mean VirtualContainerHost?)',
      'f.yaml:15: must be a mapping with apiVersion and kind, not a list',
    ]);
  });

  it.each([
    ['a missing name', 'apiVersion: vick.dev/v1alpha1\nkind: VirtualContainerHost\nmetadata: {}\nspec: {}\n', 'f.yaml:3: metadata.name: is missing'],
    ['a missing spec', HEAD, 'f.yaml:1: spec: is missing'],
    ['another version', HEAD.replace('v1alpha1', 'v2'), 'f.yaml:1: apiVersion: is "vick.dev/v2"; this vick reads vick.dev/v1alpha1'],
    ['no kind', 'apiVersion: vick.dev/v1alpha1\n', 'f.yaml:1: kind: is missing; it must be VirtualContainerHost or Config'],
    ['a password', `${HEAD}spec: { password: x }\n`, 'f.yaml:4: spec.password: is not known here'],
    ['a switch that is for one command line only', `${HEAD}spec: { force: true }\n`, 'f.yaml:4: spec.force: is not known here'],
  ])('is refused with %s', (_, text, finding) => {
    expect(findings(text).join('\n')).toContain(finding);
  });
});

describe('hostile text is findings, never an exception', () => {
  const deep = (open: string, close: string, count: number): string => open.repeat(count) + close.repeat(count);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map(
      (name, i) =>
        `${name}: &${name} [${Array(9)
          .fill(`*${'abcdefghi'[i] ?? ''}`)
          .join(',')}]`,
    ),
  ].join('\n');
  it.each([
    ['an alias within itself', 'a: &a [*a]\n', 'alias'],
    ['a mapping that holds itself', '&m\nkind: VirtualContainerHost\nx: *m\n', 'alias'],
    ['two that hold each other', 'a: &a { b: &b { c: *a } }\n', 'alias'],
    ['an alias to nothing', 'a: *nowhere\n', ''],
    ['aliases that multiply', bomb, 'more than'],
    ['brackets without end', deep('[', ']', 20_000), 'nested too deeply'],
    ['braces without end', deep('{a: ', '}', 5_000), 'nested too deeply'],
    ['fifty levels', `${Array.from({ length: 50 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')}\n`, 'nested too deeply'],
    ['NUL bytes', 'kind: \u0000\u0001', 'not text'],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x41]).toString('utf8'), 'not text'],
    ['two megabytes', `a: "${'x'.repeat(2 * 1024 * 1024)}"`, 'larger than'],
    ['a key twice', 'kind: Config\nkind: Config\n', 'not valid YAML'],
    ['a tag of another language', '!!python/object/apply:os.system ["true"]\n', ''],
    ['a key that is a list', '? [a, b]\n: c\n', 'no text'],
    ['an unclosed string', 'a: "b\n', 'not valid YAML'],
    ['a number as the whole', '42\n', 'must be a mapping'],
    ['a scalar kind that is a mapping', 'kind: { a: b }\n', 'is a mapping'],
  ])('%s', (_, text, part) => {
    const found = findings(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).toContain(part);
    for (const line of found) expect(line.length).toBeLessThan(400);
  });

  it('__proto__ is a key like any other', () => {
    const text = `${HEAD}spec: { __proto__: { cpu: 1 }, constructor: 2 }\n`;
    expect(findings(text).join('\n')).toContain('spec.__proto__: is not known here');
    expect(({} as Record<string, unknown>)['cpu']).toBeUndefined();
  });

  it('whatever the text', () => {
    const scraps = fc.constantFrom(
      '&a ',
      '*a',
      '- ',
      ': ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '"',
      '!!x ',
      '---\n',
      'kind',
      'spec',
      'Config',
      '|',
      '>',
      '#',
      '%TAG ! x\n',
      '\t',
      '?',
      '<<',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(scraps, fc.string({ maxLength: 4 })), { maxLength: 60 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        const { documents, findings: found } = decode(input);
        for (const { kind } of documents) expect(KINDS).toContain(kind);
        for (const finding of found) expect(renderFinding(finding)).not.toMatch(/\n {4}at /);
      }),
      { numRuns: 300 },
    );
  });

  it('whatever the values', () => {
    const key = fc.oneof(
      fc.constantFrom('apiVersion', 'kind', 'metadata', 'name', 'spec', 'cpu', 'labels', 'defaults', 'commands'),
      fc.string({ maxLength: 8 }),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(
          fc.string(),
          fc.integer(),
          fc.double(),
          fc.boolean(),
          fc.constant(null),
          fc.constantFrom('Config', 'VirtualContainerHost', 'vick.dev/v1alpha1'),
        ),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const text = stringify(value);
        const { documents, findings: found } = decode(text);
        // Either it is one of ours, or something is said about it.
        expect(documents.length + found.length > 0 || readYaml(text, 'f').documents.length === 0).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

describe('what is declared is what is read', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._:/@=#-]{0,12}$/);
  const valueOf = (field: Field): fc.Arbitrary<string | number | boolean | readonly string[]> => {
    if (field.form === 'map') {
      return fc
        .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), fc.stringMatching(/^[a-z0-9]{0,6}$/)), {
          minLength: 1,
          maxLength: 3,
          selector: ([key]) => key,
        })
        .map((pairs) => pairs.map(([key, text]) => `${key}=${text}`));
    }
    if (field.form === 'list') return fc.array(word, { minLength: 1, maxLength: 3 });
    if (field.kind === 'boolean') return fc.boolean();
    if (field.kind === 'integer') return fc.integer();
    if (field.kind === 'duration') return fc.integer({ min: 1, max: 1e9 });
    if (field.kind === 'enum') return fc.constantFrom(...field.values);
    return word;
  };

  it('through YAML, for every field', () => {
    const fields = vchFields(TABLE);
    expect(fields.length).toBeGreaterThan(20);
    const values = fc.record(Object.fromEntries(fields.map((field) => [field.flag, valueOf(field)])), { requiredKeys: [] });
    fc.assert(
      fc.property(values, fc.array(word, { maxLength: 3 }), (given, extraArgs) => {
        const document = declareVch({ name: 'web', values: given, extraArgs }, fields, formatDuration);
        const { documents, findings: none } = decode(stringify(document));
        expect(none.map(renderFinding)).toEqual([]);
        expect(documents[0]?.value).toEqual(JSON.parse(JSON.stringify(document)));
        const typed = typedOf(documents[0]!.value as unknown as VchDocument, fields);
        expect(typed.extraArgs).toEqual(extraArgs);
        for (const field of fields) {
          const [before, after] = [given[field.flag], typed.values[field.flag]];
          expect(field.kind === 'duration' && typeof after === 'string' ? parseDuration(after) : after).toEqual(before);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('without the secrets among the words after --', () => {
    const document = declareVch(
      { name: 'web', values: {}, extraArgs: ['--ops-user', 'low', '--ops-password', 'hidden-1', '--password=hidden-2'] },
      vchFields(TABLE),
      formatDuration,
    );
    expect(document.spec['extraArgs']).toEqual(['--ops-user', 'low']);
  });
});

describe('JSON Schema', () => {
  it.each(['VirtualContainerHost', 'Config'] as const)('of %s is closed and describes its fields', async (kind) => {
    const schema = await jsonSchemaOf(kind, schemas);
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: kind, type: 'object', additionalProperties: false });
    expect(JSON.stringify(schema)).not.toContain('"password"');
    expect(JSON.stringify(schema)).toContain('port group of this VCH alone');
  });
});

describe('findings', () => {
  it('are one error with all of them', () => {
    expect(() => refuseFindings([])).not.toThrow();
    expect(() => {
      refuseFindings(decode('kind: a\n---\nkind: b\n').findings);
    }).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', exitCode: 2, message: expect.stringMatching(/^2 things are wrong\n.*f\.yaml:1.*\n.*f\.yaml:3/s) }),
    );
  });
});
