/**
 * Certificates from a cluster (certificates.k8s.io/v1): make a request, have it approved, wait for the signer.
 * kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests
 */
import { isVickError, VickError } from '../../errors/vick-error.ts';
import { rfc3339, type Clock } from '../../platform/clock.ts';
import type { Json, KubernetesObject } from '../../platform/kubernetes-objects.ts';
import { paths } from './paths.ts';
import type { KubernetesApi } from './port.ts';

export interface CertificateOrder {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly signerName: string;
  readonly usages: readonly string[];
  /** PKCS #10, PEM. */
  readonly requestPem: string;
  /** At least 600; ignored by servers before 1.22. */
  readonly expirationSeconds?: number | undefined;
  /** Reason and message of the approval. */
  readonly approval: { readonly reason: string; readonly message: string };
  /** How long to wait for the signer after the approval, in milliseconds. */
  readonly signedWithinMs: number;
}

export interface IssuedCertificate {
  /** PEM: the certificate, perhaps followed by its chain. */
  readonly certificatePem: string;
  readonly approvedBy: 'caller' | 'cluster';
}

export interface CertificateSigningRequest extends KubernetesObject {
  readonly spec?: { readonly request?: string; readonly signerName?: string; readonly username?: string };
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[];
  };
}

const POLL = { firstMs: 200, factor: 1.5, capMs: 2000 };
const CONFLICTS = 5;

/**
 * Creates the request, approves it with the caller's rights unless the cluster does so by itself, and waits for the certificate.
 * IDENTITY_REFUSED: not allowed to ask or to approve, or denied. IDENTITY_NOT_SIGNED: no signer answered in time.
 */
export async function orderCertificate(api: KubernetesApi, order: CertificateOrder, clock: Clock, signal: AbortSignal): Promise<IssuedCertificate> {
  await create(api, order, signal);
  const approvedBy = await approveRequest(api, order, clock, signal);
  return { certificatePem: await waitForCertificate(api, order, clock, signal), approvedBy };
}

async function create(api: KubernetesApi, order: CertificateOrder, signal: AbortSignal): Promise<void> {
  const { name, labels, signerName, usages, requestPem, expirationSeconds } = order;
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name, ...(labels === undefined ? {} : { labels }) },
    spec: {
      request: Buffer.from(requestPem).toString('base64'),
      signerName,
      usages: [...usages],
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    },
  };
  try {
    await api.request({ method: 'POST', path: paths.signingRequests(), body }, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    if (error.code === 'KUBE_FORBIDDEN') {
      throw refused(`you may not ask ${api.server} for certificates: ${error.message}`, error, 'create certificatesigningrequests.certificates.k8s.io');
    }
    if (error.code === 'KUBE_NOT_FOUND') {
      throw new VickError('IDENTITY_REFUSED', `${api.server} has no certificates.k8s.io/v1 (Kubernetes 1.19 and later)`, { cause: error });
    }
    throw error;
  }
}

/** Approves a request with the caller's rights, unless the cluster has. IDENTITY_REFUSED: not allowed to approve, or denied. */
export async function approveRequest(
  api: KubernetesApi,
  order: Pick<CertificateOrder, 'name' | 'signerName' | 'approval'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<IssuedCertificate['approvedBy']> {
  for (let attempt = 1; ; attempt += 1) {
    const csr = await read(api, order.name, signal);
    checkNotRefused(csr, order);
    if (hasCondition(csr, 'Approved') || csr.status?.certificate !== undefined) return 'cluster';
    const now = rfc3339(clock.now());
    const condition = { type: 'Approved', status: 'True', ...order.approval, lastUpdateTime: now };
    const body = { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] } } as unknown as Json;
    try {
      await api.request({ method: 'PUT', path: paths.signingApproval(order.name), body }, signal);
      return 'caller';
    } catch (error) {
      signal.throwIfAborted();
      if (!isVickError(error)) throw error;
      // The cluster's own approver may have been faster; the next reading tells.
      if (error.code === 'KUBE_CONFLICT' && attempt < CONFLICTS) continue;
      if (error.code !== 'KUBE_FORBIDDEN') throw error;
      const right = `approve signers.certificates.k8s.io/${order.signerName}`;
      throw refused(`you may not approve the certificate request ${order.name}: ${error.message}`, error, right);
    }
  }
}

async function waitForCertificate(api: KubernetesApi, order: CertificateOrder, clock: Clock, signal: AbortSignal): Promise<string> {
  const deadline = clock.monotonic() + order.signedWithinMs;
  for (let waitMs = POLL.firstMs; ; waitMs = Math.min(waitMs * POLL.factor, POLL.capMs)) {
    const csr = await read(api, order.name, signal);
    checkNotRefused(csr, order);
    const { certificate = '' } = csr.status ?? {};
    if (certificate !== '') return Buffer.from(certificate, 'base64').toString('utf8');
    if (clock.monotonic() >= deadline) {
      throw new VickError('IDENTITY_NOT_SIGNED', `nobody signed the certificate request ${order.name} within ${Math.round(order.signedWithinMs / 1000)} s`, {
        hint: `The signer ${order.signerName} is part of kube-controller-manager (--cluster-signing-cert-file); see: kubectl describe csr ${order.name}`,
        details: { csr: order.name, signer: order.signerName },
      });
    }
    await clock.sleep(waitMs, signal);
  }
}

async function read(api: KubernetesApi, name: string, signal: AbortSignal): Promise<CertificateSigningRequest> {
  return api.request<CertificateSigningRequest>({ method: 'GET', path: paths.signingRequest(name) }, signal);
}

function checkNotRefused(csr: CertificateSigningRequest, order: Pick<CertificateOrder, 'name' | 'signerName'>): void {
  for (const type of ['Denied', 'Failed']) {
    const found = csr.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
    if (found === undefined) continue;
    const why = [found.reason, found.message].filter((text) => text !== undefined && text !== '').join(': ') || 'no reason given';
    const what = type === 'Denied' ? 'was denied' : `was refused by its signer ${order.signerName}`;
    throw new VickError('IDENTITY_REFUSED', `the certificate request ${order.name} ${what}: ${why}`, {
      hint: `See who decided it: kubectl get csr ${order.name} -o yaml`,
      details: { csr: order.name, condition: type },
    });
  }
}

function hasCondition(csr: CertificateSigningRequest, type: string): boolean {
  return csr.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

function refused(message: string, cause: unknown, right: string): VickError {
  return new VickError('IDENTITY_REFUSED', message, {
    cause,
    hint: `Ask an administrator for "${right}", or hand your own credentials to the VCH with --kubelet-identity=as-is.`,
  });
}
