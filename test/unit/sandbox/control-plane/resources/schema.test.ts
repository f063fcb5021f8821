import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeBody, unknownFieldsOf } from '../../../../../src/sandbox/control-plane/resources/codec.ts';
import { typeOf } from '../../../../../src/sandbox/control-plane/resources/schema/registry.ts';

const POD = { group: '', version: 'v1', kind: 'Pod' };
const root = new URL('../../../../fixtures/apiserver/', import.meta.url);

/** Every object of a described kind that a kube-apiserver was recorded to answer. */
function recordedObjects(value: unknown, found: Record<string, unknown>[] = []): Record<string, unknown>[] {
  if (Array.isArray(value)) for (const item of value) recordedObjects(item, found);
  else if (typeof value === 'object' && value !== null) {
    const object = value as Record<string, unknown>;
    const stored = (object['metadata'] as { uid?: string } | undefined)?.uid !== undefined;
    if (stored && typeof object['kind'] === 'string' && typeof object['apiVersion'] === 'string' && kindOf(object) !== undefined) found.push(object);
    for (const [name, inner] of Object.entries(object)) if (name !== 'managedFields') recordedObjects(inner, found);
  }
  return found;
}

function kindOf(object: Record<string, unknown>): { group: string; version: string; kind: string } | undefined {
  const [version = '', group = ''] = String(object['apiVersion']).split('/').reverse();
  return typeOf(group, version, String(object['kind'])) === undefined ? undefined : { group, version, kind: String(object['kind']) };
}

describe('decoding', () => {
  it('leaves every recorded object as it is, to the order of its fields', () => {
    let count = 0;
    for (const folder of ['api', 'nodes', 'pods', 'errors']) {
      for (const file of readdirSync(new URL(folder, root))) {
        const { steps } = JSON.parse(readFileSync(new URL(`${folder}/${file}`, root), 'utf8')) as { steps: { exchanges: { response: object }[] }[] };
        const answers = steps.flatMap((step) => step.exchanges.map((exchange) => exchange.response));
        for (const object of recordedObjects(answers)) {
          expect(JSON.stringify(decodeBody(kindOf(object)!, object))).toBe(JSON.stringify(object));
          count += 1;
        }
      }
    }
    expect(count).toBeGreaterThan(100);
  });

  it.each([
    [{ spec: { hostNetwork: 'yes' } }, 'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool'],
    [{ spec: { containers: {} } }, 'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container'],
    [
      { spec: { containers: [{ resources: { limits: { cpu: 'four' } } }] } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [{ status: { startTime: 'noon' } }, 'parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006"'],
  ])('refuses %j', (body, message) => {
    expect(() => decodeBody(POD, body)).toThrow(message);
  });

  it('takes times only with the digits that the field asks for', () => {
    const lease = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' };
    expect(() => decodeBody(lease, { spec: { renewTime: '2026-01-01T00:00:20Z' } })).toThrow('cannot parse "Z" as ".000000"');
  });

  it('names unknown fields in the order of the document', () => {
    expect(unknownFieldsOf(POD, { spec: { containers: [{ name: 'a', imag: 'c' }], x: 1 }, y: {} })).toEqual(['spec.containers[0].imag', 'spec.x', 'y']);
  });
});
