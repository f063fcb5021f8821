/**
 * What the kubelet's server asks of the Kubernetes API: whom to believe, what they may, and a certificate of its own.
 * Errors are VickErrors: KUBE_FORBIDDEN, KUBE_UNREACHABLE …
 */

/** Identity as reviews carry it (k8s.io/api/authentication/v1: UserInfo). */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AccessQuestion {
  readonly user: UserInfo;
  readonly verb: string;
  readonly resource: 'nodes';
  readonly subresource: string;
  readonly name: string;
}

export interface AccessReviews {
  /** TokenReview: whose token it is, or undefined for nobody's. */
  reviewToken(token: string, signal: AbortSignal): Promise<UserInfo | undefined>;
  /** SubjectAccessReview. */
  reviewAccess(question: AccessQuestion, signal: AbortSignal): Promise<boolean>;
}

export interface SigningRequest {
  readonly name: string;
  /** PEM, once issued. */
  readonly certificate: string | undefined;
  /** Why it never will be issued: denied or failed. */
  readonly refused: string | undefined;
}

export interface ServingSigner {
  /** Posts a request to `kubernetes.io/kubelet-serving`; resolves with its name. */
  requestServingCertificate(request: { readonly pem: string; readonly usages: readonly string[] }, signal: AbortSignal): Promise<string>;
  /** Undefined: somebody has cleared it away. */
  getSigningRequest(name: string, signal: AbortSignal): Promise<SigningRequest | undefined>;
}

export interface KubeletTrust extends AccessReviews, ServingSigner {
  /** `client-ca-file` of ConfigMap kube-system/extension-apiserver-authentication: PEM, or undefined when it has none. */
  clientCa(signal: AbortSignal): Promise<string | undefined>;
}
