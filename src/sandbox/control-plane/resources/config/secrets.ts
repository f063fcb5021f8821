import type { FieldProblem } from '../../api-error.ts';
import { mapOf, setDefault, textOf } from '../fields.ts';
import { invalidValue, required, tooLong } from '../problems.ts';
import { defineResource } from '../strategy.ts';
import { since } from '../tables/age.ts';
import { ageColumn, column, nameColumn } from '../tables/columns.ts';
import { dns1123Subdomain } from '../validation/names.ts';
import { MAX_DATA_BYTES, checkKeys, decodedSizeOf, immutableData } from './configmaps.ts';

/** Keys that a secret of the type must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** v1 Secret. `stringData` is written into `data` and not kept. */
export const secrets = defineResource({
  group: '',
  version: 'v1',
  kind: 'Secret',
  namespaced: true,
  resource: 'secrets',
  singular: 'secret',
  checkName: dns1123Subdomain,
  selectableFields: { type: (object) => textOf(object['type']) },
  table: {
    columns: [
      nameColumn(),
      column(
        'Type',
        'Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types',
      ),
      column(
        'Data',
        "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
      ),
      ageColumn(),
    ],
    row: (object, now) => [
      object.metadata.name,
      textOf(object['type']),
      Object.keys(mapOf(object['data'])).length,
      since(object.metadata.creationTimestamp, now),
    ],
  },
  defaults(draft) {
    setDefault(draft, 'type', 'Opaque');
    const plain = Object.entries(mapOf(draft['stringData']));
    if (plain.length > 0) {
      draft['data'] = { ...mapOf(draft['data']), ...Object.fromEntries(plain.map(([key, value]) => [key, Buffer.from(textOf(value)).toString('base64')])) };
    }
    delete draft['stringData'];
  },
  prepareForUpdate(draft, stored) {
    setDefault(draft, 'type', stored['type']);
  },
  validate(draft) {
    const data = mapOf(draft['data']);
    const problems: FieldProblem[] = checkKeys('data', data);
    if (decodedSizeOf(data) > MAX_DATA_BYTES) problems.push(tooLong('data', MAX_DATA_BYTES));
    for (const key of REQUIRED_KEYS[textOf(draft['type'])] ?? []) {
      const value = data[key];
      if (value === undefined) problems.push(required(`data[${key}]`));
      else if (key.startsWith('.') && !isJson(textOf(value))) {
        problems.push(invalidValue(`data[${key}]`, '<secret contents redacted>', 'invalid character in JSON'));
      }
    }
    return problems;
  },
  validateUpdate(draft, stored) {
    const sameType = draft['type'] === stored['type'] ? [] : [invalidValue('type', draft['type'], 'field is immutable')];
    return [...sameType, ...immutableData(draft, stored, ['data'])];
  },
});

function isJson(base64: string): boolean {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
