import { isVickError, VickError } from '../../errors/vick-error.ts';

/**
 * - `unreachable`: no connection, or it broke
 * - `tls`: the connection cannot be trusted, or the engine does not accept our certificate
 * - `timeout`: no answer in time, or a silent stream
 * - `pull`: the image could not be pulled; `reason` is the engine's or registry's own text
 * - `refused`: any other error status
 */
export interface ContainerFailure extends Record<string, unknown> {
  readonly kind: 'unreachable' | 'tls' | 'timeout' | 'pull' | 'refused';
  readonly operation: string;
  readonly httpStatus?: number;
  readonly reason: string;
}

const HINTS: Partial<Record<ContainerFailure['kind'], string>> = {
  unreachable: 'Check that the engine runs, and that --engine names its socket or port.',
  tls: 'Give the certificates with --engine-tls-ca, --engine-tls-cert and --engine-tls-key, or DOCKER_CERT_PATH.',
};

export function containerEngineError(address: string, failure: ContainerFailure, cause?: unknown): VickError {
  const status = failure.httpStatus === undefined ? '' : ` (HTTP ${String(failure.httpStatus)})`;
  const hint = HINTS[failure.kind];
  return new VickError('ENGINE', `container engine ${address}: ${failure.operation}: ${failure.reason || failure.kind}${status}`, {
    details: { containerEngine: failure },
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What kind of engine failure `error` is; undefined when it is something else. */
export function containerFailure(error: unknown): ContainerFailure | undefined {
  if (!isVickError(error) || error.code !== 'ENGINE') return undefined;
  return error.details?.['containerEngine'] as ContainerFailure | undefined;
}
