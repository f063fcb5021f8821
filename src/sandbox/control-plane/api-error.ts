import type { StatusObject } from '../../platform/kubernetes-objects.ts';

type Details = NonNullable<StatusObject['details']>;

/** A refused request, as the Status object that a client sees (k8s.io/apimachinery/pkg/api/errors). */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Details | undefined;
  /** List metadata of the Status: 410 answers carry a `continue` token. */
  readonly metadata: Readonly<Record<string, unknown>>;

  constructor(code: number, reason: string, message: string, details?: Details, metadata: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.metadata = metadata;
  }

  toStatus(): StatusObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: { ...this.metadata },
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** One problem of a 422 answer, as k8s.io/apimachinery/pkg/util/validation/field makes them. */
export interface FieldProblem {
  readonly type:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueNotSupported'
    | 'FieldValueTooLong'
    | 'FieldValueNotFound';
  readonly field: string;
  /** The part after `field: `, e.g. `Invalid value: "x": must be …`. */
  readonly message: string;
}

/** A body whose values have the wrong types. The message is the bare cause, e.g. `json: cannot unmarshal string into Go struct field …`. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}
