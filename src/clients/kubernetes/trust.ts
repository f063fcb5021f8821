import { isVickError } from '../../errors/vick-error.ts';
import type { KubeletTrust, UserInfo } from '../../kubelet/trust.ts';
import { paths } from './paths.ts';
import type { KubernetesApi } from './port.ts';

const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const AUTHENTICATION_CONFIG = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
/** Somebody who waits for an answer waits for the review too. */
const REVIEW_MS = 10_000;

interface SigningObject {
  readonly metadata?: { readonly name?: string };
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
}

/** The API server as the judge of the kubelet's callers, and as signer of its serving certificate. */
export function createTrust(api: KubernetesApi): KubeletTrust {
  return {
    reviewToken: async (token, signal) => {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
      const { status } = await api.request<{ status?: { authenticated?: boolean; error?: string; user?: Partial<UserInfo> } }>(
        { method: 'POST', path: TOKEN_REVIEWS, body, timeoutMs: REVIEW_MS },
        signal,
      );
      const user = status?.user;
      if (status?.authenticated !== true || user?.username === undefined) return undefined;
      return { ...user, username: user.username };
    },
    reviewAccess: async ({ user, verb, resource, subresource, name }, signal) => {
      const { username, ...more } = user;
      const resourceAttributes = { verb, version: 'v1', resource, subresource, name };
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { ...more, user: username, resourceAttributes } };
      const { status } = await api.request<{ status?: { allowed?: boolean } }>(
        { method: 'POST', path: ACCESS_REVIEWS, body: body, timeoutMs: REVIEW_MS },
        signal,
      );
      return status?.allowed === true;
    },
    clientCa: async (signal) => {
      const config = await api.request<{ data?: Readonly<Record<string, string>> }>({ method: 'GET', path: AUTHENTICATION_CONFIG }, signal);
      const bundle = config.data?.['client-ca-file'];
      return bundle === undefined || bundle.trim() === '' ? undefined : bundle;
    },
    requestServingCertificate: async ({ pem, usages }, signal) => {
      const spec = { signerName: 'kubernetes.io/kubelet-serving', request: Buffer.from(pem).toString('base64'), usages };
      const body = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-' }, spec };
      const made = await api.request<SigningObject>({ method: 'POST', path: paths.signingRequests(), body }, signal);
      return made.metadata?.name ?? '';
    },
    getSigningRequest: async (name, signal) => {
      try {
        const { status } = await api.request<SigningObject>({ method: 'GET', path: paths.signingRequest(name) }, signal);
        const refusal = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
        return {
          name,
          certificate: status?.certificate === undefined ? undefined : Buffer.from(status.certificate, 'base64').toString(),
          refused: refusal === undefined ? undefined : `${refusal.type}: ${refusal.message ?? refusal.reason ?? ''}`,
        };
      } catch (error) {
        if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return undefined;
        throw error;
      }
    },
  };
}
