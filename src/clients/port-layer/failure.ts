import { isVickError, VickError } from '../../errors/vick-error.ts';

/**
 * - `unreachable`: no connection, or it broke and the port layer does not answer a ping either
 * - `dropped`: the connection was closed without an answer while the port layer is alive. Its handlers do that for requests
 *   that make no sense in the present state
 * - `timeout`: no answer in time; whether the request took effect is not known
 * - `absent`: 404; the thing, or the handle, does not exist
 * - `conflict`: 409; take a new handle and repeat
 * - `refused`: any other status
 * - `malformed`: an answer that is not what the API promises
 */
export type PortLayerFailureKind = 'unreachable' | 'dropped' | 'timeout' | 'absent' | 'conflict' | 'refused' | 'malformed';

export interface PortLayerFailure extends Record<string, unknown> {
  readonly kind: PortLayerFailureKind;
  /** `PUT /containers/{handle}` with its real values. */
  readonly operation: string;
  readonly httpStatus?: number;
  /** The server's own words; often empty. */
  readonly reason: string;
}

const BRAND = 'portLayer';

export function portLayerError(address: string, failure: PortLayerFailure, cause?: unknown): VickError {
  return new VickError('PORT_LAYER', `port layer ${address}: ${failure.operation}: ${describe(failure)}`, {
    details: { [BRAND]: failure },
    ...(cause === undefined ? {} : { cause }),
    ...(failure.kind === 'unreachable' ? { hint: 'Check that the VCH is powered on and that the port layer address is right.' } : {}),
  });
}

/** What kind of port layer failure `error` is; undefined when it is something else. */
export function portLayerFailure(error: unknown): PortLayerFailure | undefined {
  if (!isVickError(error) || error.code !== 'PORT_LAYER') return undefined;
  return error.details?.[BRAND] as PortLayerFailure | undefined;
}

function describe({ kind, httpStatus, reason }: PortLayerFailure): string {
  const status = httpStatus === undefined ? '' : ` (HTTP ${String(httpStatus)})`;
  const said = reason === '' ? '' : `: ${reason}`;
  const meaning: Record<PortLayerFailureKind, string> = {
    unreachable: 'does not answer',
    dropped: 'the connection was closed without an answer, although the port layer is alive; the request is not valid in the present state',
    timeout: 'no answer in time',
    absent: 'not found',
    conflict: 'changed by somebody else at the same time',
    refused: 'refused',
    malformed: 'the answer cannot be understood',
  };
  return `${meaning[kind]}${status}${said}`;
}
