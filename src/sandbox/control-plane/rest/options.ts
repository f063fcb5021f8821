import { DecodeError } from '../api-error.ts';
import { bodyFormat, parseBody } from '../http/decode.ts';
import { isObject, jsonKind } from '../json.ts';
import type { DeleteOptions } from '../resource.ts';
import { badRequest, invalid } from '../status-errors.ts';
import type { ResourceRequest } from './request.ts';

const POLICIES = ['Foreground', 'Background', 'Orphan'];

/** True for `dryRun=All`. Any other value is a 422 that names the options' kind. */
export function dryRunOf(
  query: URLSearchParams,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions',
  more: readonly string[] = [],
): boolean {
  const values = [...query.getAll('dryRun').filter((value) => value !== ''), ...more];
  if (values.every((value) => value === 'All')) return values.length > 0;
  const list = `[${values.map((value) => JSON.stringify(value)).join(',')}]`;
  throw optionProblem(kind, 'FieldValueNotSupported', 'dryRun', `Unsupported value: ${list}: supported values: "All"`);
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** How unknown fields are treated; Warn when not said. */
export function fieldValidationOf(query: URLSearchParams, kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'): FieldValidation {
  const value = query.get('fieldValidation') ?? '';
  if (value === '') return 'Warn';
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value;
  const supported = '"", "Ignore", "Strict", "Warn"';
  throw optionProblem(kind, 'FieldValueNotSupported', 'fieldValidation', `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`);
}

/** DeleteOptions from the body, or from the query where there is no body. */
export function deleteOptionsOf(request: ResourceRequest): { readonly options: DeleteOptions; readonly dryRun: boolean } {
  const wanted = request.body.length > 0 ? bodyOptions(request) : queryOptions(request.query);
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = wanted;
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    const message = `Unsupported value: ${JSON.stringify(propagationPolicy)}: supported values: "Foreground", "Background", "Orphan", "nil"`;
    throw optionProblem('DeleteOptions', 'FieldValueNotSupported', 'propagationPolicy', message);
  }
  const policy = propagationPolicy ?? (orphanDependents === true ? 'Orphan' : undefined);
  return {
    options: {
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds }),
      ...(policy === undefined ? {} : { propagationPolicy: policy }),
      ...(preconditions === undefined ? {} : { preconditions }),
    },
    dryRun: dryRunOf(request.query, 'DeleteOptions', dryRun),
  };
}

interface RawDeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly preconditions?: { uid?: string; resourceVersion?: string } | undefined;
  readonly dryRun?: readonly string[];
}

function queryOptions(query: URLSearchParams): RawDeleteOptions {
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null && !/^-?\d+$/.test(grace)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  return {
    gracePeriodSeconds: grace === null ? undefined : Number(grace),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: query.get('orphanDependents') === 'true' ? true : undefined,
  };
}

function bodyOptions(request: ResourceRequest): RawDeleteOptions {
  let body: unknown;
  try {
    body = parseBody(request.body, bodyFormat(request.headers['content-type']));
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
    throw error;
  }
  if (!isObject(body)) {
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonKind(body)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const preconditions = member(body, 'preconditions', 'object', 'v1.Preconditions');
  const uid = preconditions === undefined ? undefined : member(preconditions, 'uid', 'string', 'types.UID', 'Preconditions');
  const resourceVersion = preconditions === undefined ? undefined : member(preconditions, 'resourceVersion', 'string', 'string', 'Preconditions');
  return {
    gracePeriodSeconds: member(body, 'gracePeriodSeconds', 'number', 'int64'),
    propagationPolicy: member(body, 'propagationPolicy', 'string', 'v1.DeletionPropagation'),
    orphanDependents: member(body, 'orphanDependents', 'boolean', 'bool'),
    preconditions:
      preconditions === undefined ? undefined : { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    dryRun: dryRunList(body['dryRun']),
  };
}

interface Types {
  string: string;
  number: number;
  boolean: boolean;
  object: Record<string, unknown>;
}

function member<T extends keyof Types>(body: Record<string, unknown>, name: string, type: T, goType: string, struct = 'DeleteOptions'): Types[T] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (type === 'object' ? isObject(value) : typeof value === type && (type !== 'number' || Number.isInteger(value))) return value as Types[T];
  throw badRequest(
    `json: cannot unmarshal ${typeof value === 'number' ? `number ${value}` : jsonKind(value)} into Go struct field ${struct}.${name} of type ${goType}`,
  );
}

function dryRunList(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.map((item) => String(item));
}

function optionProblem(kind: string, reason: string, field: string, message: string): Error {
  return invalid(kind, 'meta.k8s.io', '', [{ reason, field, message }]);
}

/** A 422 about list or patch options. */
export function forbiddenOption(kind: string, field: string, message: string): Error {
  return optionProblem(kind, 'FieldValueForbidden', field, `Forbidden: ${message}`);
}

export function requiredOption(kind: string, field: string, message: string): Error {
  return optionProblem(kind, 'FieldValueRequired', field, `Required value: ${message}`);
}
