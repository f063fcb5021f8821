/**
 * What kube-controller-manager decides about certificate requests, pure: which it approves by itself
 * (pkg/controller/certificates/approver), which it signs (pkg/controller/certificates/signer with
 * pkg/apis/certificates/helpers.go), and which it clears away (pkg/controller/certificates/cleaner).
 */
import { X509Certificate } from 'node:crypto';
import { CertificateRequestError, decodeCertificateRequest, type CertificateRequest } from '../../platform/certificate-request-decode.ts';

/** A CertificateSigningRequest as these rules read it. */
export interface SigningRequest {
  readonly metadata: { readonly name?: string; readonly creationTimestamp?: string };
  readonly spec?: {
    /** Base64 of the PEM. */
    readonly request?: string;
    readonly signerName?: string;
    readonly usages?: readonly string[];
    readonly expirationSeconds?: number;
    readonly username?: string;
    readonly groups?: readonly string[];
  };
  readonly status?: { readonly conditions?: readonly SigningCondition[]; readonly certificate?: string };
}

export interface SigningCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
}

export const SIGNERS = {
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  client: 'kubernetes.io/kube-apiserver-client',
} as const;

const HOUR_MS = 3_600_000;
const FINISHED_FOR_MS = HOUR_MS;
const PENDING_FOR_MS = 24 * HOUR_MS;
const NODE = 'system:node:';

const CLIENT_USAGES = ['digital signature', 'key encipherment', 'client auth'];
const SERVING_USAGES = ['digital signature', 'key encipherment', 'server auth'];

/** The subresources whose creation the requester must be allowed, in the order in which they are asked; empty: no kubelet's client request. */
export function approvalQuestions(csr: SigningRequest): readonly ('selfnodeclient' | 'nodeclient')[] {
  const { spec } = csr;
  if (csr.status?.certificate !== undefined || hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied')) return [];
  if (spec?.signerName !== SIGNERS.kubeletClient) return [];
  const request = requestOf(csr);
  if (request === undefined || kubeletClientProblem(request, spec.usages ?? []) !== undefined) return [];
  return spec.username === request.commonName ? ['selfnodeclient', 'nodeclient'] : ['nodeclient'];
}

export function autoApproval(question: 'selfnodeclient' | 'nodeclient'): SigningCondition {
  const which = question === 'selfnodeclient' ? 'self kubelet client' : 'kubelet client';
  return { type: 'Approved', status: 'True', reason: 'AutoApproved', message: `Auto approving ${which} certificate after SubjectAccessReview.` };
}

type SigningVerdict = { readonly sign: CertificateRequest } | { readonly refuse: SigningCondition };

/** What to do with a request; undefined: nothing (not approved, done already, another's signer). */
export function signingVerdict(csr: SigningRequest): SigningVerdict | undefined {
  const { spec, status } = csr;
  if (
    spec === undefined ||
    (status?.certificate ?? '') !== '' ||
    !hasCondition(csr, 'Approved') ||
    hasCondition(csr, 'Failed') ||
    hasCondition(csr, 'Denied')
  ) {
    return undefined;
  }
  const usages = spec.usages ?? [];
  const request = requestOf(csr);
  if (request === undefined) return undefined;
  const problem =
    spec.signerName === SIGNERS.kubeletClient
      ? kubeletClientProblem(request, usages)
      : spec.signerName === SIGNERS.kubeletServing
        ? kubeletServingProblem(request, usages)
        : spec.signerName === SIGNERS.client
          ? clientProblem(usages)
          : null;
  if (problem === null) return undefined;
  if (problem === undefined) return { sign: request };
  return { refuse: { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: problem } };
}

/** True when a request has had its time. `now` in milliseconds. */
export function isPastItsTime(csr: SigningRequest, now: number): boolean {
  const age = now - Date.parse(csr.metadata.creationTimestamp ?? '');
  const sinceUpdate = (type: string): number => {
    const found = csr.status?.conditions?.find((condition) => condition.type === type);
    return found === undefined ? -1 : now - Date.parse(found.lastUpdateTime ?? '');
  };
  if (!hasCondition(csr, 'Approved') && !hasCondition(csr, 'Denied') && !hasCondition(csr, 'Failed')) return age > PENDING_FOR_MS;
  if (sinceUpdate('Denied') > FINISHED_FOR_MS || sinceUpdate('Failed') > FINISHED_FOR_MS) return true;
  const { certificate = '' } = csr.status ?? {};
  if (certificate === '') return false;
  return sinceUpdate('Approved') > FINISHED_FOR_MS || hasExpired(certificate, now);
}

function kubeletClientProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isSystemNodes(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!request.commonName.startsWith(NODE)) return 'subject common name does not begin with system:node:';
  return usagesProblem(usages, CLIENT_USAGES);
}

function kubeletServingProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isSystemNodes(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length === 0 && request.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return usagesProblem(usages, SERVING_USAGES) ?? (request.commonName.startsWith(NODE) ? undefined : 'subject common name does not begin with system:node:');
}

function clientProblem(usages: readonly string[]): string | undefined {
  if (!usages.includes('client auth')) return 'missing required usage "client auth"';
  const other = usages.find((usage) => !CLIENT_USAGES.includes(usage));
  return other === undefined ? undefined : `invalid usage: ${other}`;
}

/** Key encipherment may be left out (since Kubernetes 1.27). */
function usagesProblem(usages: readonly string[], wanted: readonly string[]): string | undefined {
  const set = new Set(usages);
  const rest = wanted.filter((usage) => usage !== 'key encipherment');
  const extra = usages.some((usage) => !wanted.includes(usage));
  return extra || !rest.every((usage) => set.has(usage)) ? `usages did not match [${[...wanted].sort().join(' ')}]` : undefined;
}

function isSystemNodes({ organizations }: CertificateRequest): boolean {
  return organizations.length === 1 && organizations[0] === 'system:nodes';
}

function hasCondition(csr: SigningRequest, type: string): boolean {
  return csr.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

function requestOf(csr: SigningRequest): CertificateRequest | undefined {
  try {
    return decodeCertificateRequest(Buffer.from(csr.spec?.request ?? '', 'base64').toString('latin1'));
  } catch (error) {
    if (error instanceof CertificateRequestError) return undefined;
    throw error;
  }
}

function hasExpired(certificate: string, now: number): boolean {
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo) < now;
  } catch {
    return false;
  }
}
