import { isVickError, VickError } from '../../errors/vick-error.ts';

/**
 * - `unreachable`: no connection, or it broke
 * - `tls`: the connection cannot be trusted, or the engine does not accept our certificate
 * - `timeout`: no answer, or a silent stream
 * - `pull`: the image could not be pulled; `reason` is the engine's or registry's own text
 * - `invalid-reference`: the image name is not well-formed
 * - `refused`: any other error status
 */
export type EngineFailureKind = 'unreachable' | 'tls' | 'timeout' | 'pull' | 'invalid-reference' | 'refused';

export interface EngineFailure extends Record<string, unknown> {
  readonly kind: EngineFailureKind;
  readonly operation: string;
  readonly httpStatus?: number;
  readonly reason: string;
}

const HINTS: Partial<Record<EngineFailureKind, string>> = {
  unreachable: 'Check that the VCH is powered on and that the Docker address is right: port 2376 speaks TLS, port 2375 does not.',
  tls: 'Give the VCH certificates with DOCKER_CERT_PATH (ca.pem, cert.pem, key.pem).',
};

export function engineError(address: string, failure: EngineFailure, cause?: unknown): VickError {
  const status = failure.httpStatus === undefined ? '' : ` (HTTP ${String(failure.httpStatus)})`;
  const hint = HINTS[failure.kind];
  return new VickError('PERSONALITY', `Docker engine ${address}: ${failure.operation}: ${failure.reason || failure.kind}${status}`, {
    details: { dockerEngine: failure },
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What kind of engine failure `error` is; undefined when it is something else. */
export function engineFailure(error: unknown): EngineFailure | undefined {
  if (!isVickError(error) || error.code !== 'PERSONALITY') return undefined;
  return error.details?.['dockerEngine'] as EngineFailure | undefined;
}
