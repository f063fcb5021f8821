import type { FieldProblem } from '../../api-error.ts';
import { sameJson } from '../../json.ts';
import type { Draft } from '../../resource.ts';
import { mapOf, textOf } from '../fields.ts';
import { forbidden, invalidValue, tooLong } from '../problems.ts';
import { defineResource } from '../strategy.ts';
import { since } from '../tables/age.ts';
import { ageColumn, column, nameColumn } from '../tables/columns.ts';
import { configKey, dns1123Subdomain } from '../validation/names.ts';

/** Of all values together (k8s.io/kubernetes/pkg/apis/core/validation, MaxSecretSize). */
export const MAX_DATA_BYTES = 1024 * 1024;

/** v1 ConfigMap. */
export const configmaps = defineResource({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  namespaced: true,
  resource: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  checkName: dns1123Subdomain,
  table: {
    columns: [
      nameColumn(),
      column(
        'Data',
        "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.",
      ),
      ageColumn(),
    ],
    row: (object, now) => [
      object.metadata.name,
      Object.keys(mapOf(object['data'])).length + Object.keys(mapOf(object['binaryData'])).length,
      since(object.metadata.creationTimestamp, now),
    ],
  },
  validate(draft) {
    const data = mapOf(draft['data']);
    const binary = mapOf(draft['binaryData']);
    const problems = [...checkKeys('data', data), ...checkKeys('binaryData', binary)];
    for (const key of Object.keys(binary)) if (key in data) problems.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    return sizeOf(data) + decodedSizeOf(binary) > MAX_DATA_BYTES ? [...problems, tooLong('', MAX_DATA_BYTES)] : problems;
  },
  validateUpdate: (draft, stored) => immutableData(draft, stored, ['data', 'binaryData']),
});

/** An object marked immutable stays so, and so does its data. */
export function immutableData(draft: Draft, stored: Draft, fields: readonly string[]): FieldProblem[] {
  if (stored['immutable'] !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const problems = draft['immutable'] === true ? [] : [forbidden('immutable', why)];
  return [...problems, ...fields.filter((field) => !sameJson(mapOf(draft[field]), mapOf(stored[field]))).map((field) => forbidden(field, why))];
}

export function checkKeys(field: string, data: Readonly<Record<string, unknown>>): FieldProblem[] {
  return Object.keys(data).flatMap((key) => configKey(key).map((why) => invalidValue(`${field}[${key}]`, key, why)));
}

/** Bytes that base64 values stand for. */
export function decodedSizeOf(data: Readonly<Record<string, unknown>>): number {
  return Object.values(data).reduce<number>((sum, value) => sum + Buffer.from(textOf(value), 'base64').length, 0);
}

function sizeOf(data: Readonly<Record<string, unknown>>): number {
  return Object.values(data).reduce<number>((sum, value) => sum + Buffer.byteLength(textOf(value)), 0);
}
