import type { ErrorCode } from '../../errors/codes.ts';
import { causeChain, messageOf, VickError } from '../../errors/vick-error.ts';
import type { StatusObject } from '../../platform/kubernetes-objects.ts';
import type { KubeErrorDetails } from './port.ts';

const BY_HTTP_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'KUBE_INVALID',
  401: 'KUBE_UNAUTHENTICATED',
  403: 'KUBE_FORBIDDEN',
  404: 'KUBE_NOT_FOUND',
  409: 'KUBE_CONFLICT',
  422: 'KUBE_INVALID',
};

const HINTS: Partial<Record<ErrorCode, string>> = {
  KUBE_UNAUTHENTICATED: 'Check which user the context names and whether its credentials have expired: kubectl auth whoami',
  KUBE_FORBIDDEN: 'Ask an administrator for the permission, or use another context; what you may do: kubectl auth can-i --list',
};

/** Headers of an answer, as they came. */
export interface RefusalHeaders {
  readonly retryAfter?: string | undefined;
  readonly date?: string | undefined;
}

/** A refused request as a VickError; `body` is what the server sent, a Status object or any text. */
export function refusal(httpStatus: number, body: string, request: string, headers: RefusalHeaders = {}): VickError {
  const status = parseStatus(body);
  const code = BY_HTTP_STATUS[httpStatus] ?? 'KUBE_API';
  const said = status?.message ?? (body.trim().slice(0, 300) || `HTTP ${httpStatus}`);
  const retryAfter = retryAfterSeconds(httpStatus, status, headers);
  const details: KubeErrorDetails = {
    httpStatus,
    ...(status === undefined ? {} : { status }),
    ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }),
  };
  const hint = HINTS[code];
  return new VickError(code, status === undefined ? `${request}: the API server answered ${httpStatus}: ${said}` : said, {
    details,
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * Seconds or a date in the header (RFC 9110, 10.2.3), or what the Status says. An API server that is too busy says
 * nothing else but 429 or 5xx; of other answers the header means something else.
 */
function retryAfterSeconds(httpStatus: number, status: StatusObject | undefined, { retryAfter, date }: RefusalHeaders): number | undefined {
  if (httpStatus !== 429 && httpStatus < 500) return undefined;
  const text = retryAfter?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const seconds = (Date.parse(text) - Date.parse(date ?? '')) / 1000;
  if (!Number.isNaN(seconds)) return Math.max(0, seconds);
  const told = status?.details?.retryAfterSeconds;
  if (typeof told === 'number' && told > 0) return told;
  return httpStatus === 429 ? 1 : undefined;
}

/** An ERROR event of a watch. */
export function watchRefusal(status: StatusObject, request: string): VickError {
  return refusal(status.code ?? 500, JSON.stringify(status), request);
}

/** A request that got no answer: unreachable, TLS, or a client certificate that the server turned away. */
export function connectionFailure(error: unknown, server: string): VickError {
  const code = causeChain(error)
    .map((link) => (link as { code?: unknown }).code)
    .find((value) => typeof value === 'string');
  const why = reasonOf(error);
  if (code !== undefined && /^ERR_SSL_.*ALERT.*(CERT|UNKNOWN_CA|ACCESS_DENIED)/.test(code)) {
    return new VickError('KUBE_UNAUTHENTICATED', `the API server ${server} turned the client certificate away: ${why}`, {
      cause: error,
      hint: HINTS.KUBE_UNAUTHENTICATED ?? '',
    });
  }
  if (code !== undefined && (TLS_CODES.has(code) || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_'))) {
    return new VickError('KUBE_TLS', `the certificate of the API server ${server} cannot be trusted: ${why}`, {
      cause: error,
      details: { tlsCode: code },
      hint: TLS_HINTS[code] ?? 'Compare certificate-authority-data in the kubeconfig with the CA of the cluster.',
    });
  }
  return new VickError('KUBE_UNREACHABLE', `the API server ${server} does not answer: ${why}`, {
    cause: error,
    hint: `Check the address and the network: curl -k ${server}/readyz`,
  });
}

const TLS_CODES = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'INVALID_CA',
  'HOSTNAME_MISMATCH',
]);

const TLS_HINTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'The certificate of the API server has expired: renew it (kubeadm certs renew apiserver), and check the clock of this machine.',
  CERT_NOT_YET_VALID: 'Check the clock of this machine.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another name: use that name as server, or set tls-server-name in the kubeconfig.',
};

/** The innermost message: undici and Node wrap the interesting one. */
function reasonOf(error: unknown): string {
  const chain = causeChain(error);
  const last = chain[chain.length - 1];
  if (last instanceof AggregateError && last.errors.length > 0) return messageOf(last.errors[0]);
  return messageOf(last) || messageOf(error);
}

function parseStatus(body: string): StatusObject | undefined {
  try {
    const value = JSON.parse(body) as { kind?: unknown } | null;
    return value?.kind === 'Status' ? (value as unknown as StatusObject) : undefined;
  } catch {
    return undefined;
  }
}
