/**
 * Approves the serving certificate that the kubelet of a new VCH asks for. Clusters approve those of nobody by themselves
 * (kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping); without it, whoever checks kubelets' certificates,
 * as metrics-server does, refuses this one.
 */
import { approveRequest, type CertificateSigningRequest } from '../../clients/kubernetes/certificate-order.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { decodeCertificateRequest } from '../../platform/certificate-request-decode.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Node } from '../../platform/kubernetes-objects.ts';
import { NODE_GROUP, nodeUser, SERVING_SIGNER } from './names.ts';
import { findServingRequests } from './withdraw.ts';

export interface ServingApproval {
  /** `absent`: the kubelet has not asked, or was answered already. */
  readonly outcome: 'approved' | 'absent' | 'left';
  readonly csr?: string;
  /** For `left`: why the request was not approved. */
  readonly why?: string;
}

const WAIT_MS = 3000;
const POLL_MS = 250;
const APPROVAL = { reason: 'VickServingCertificate', message: 'Serving certificate of the kubelet, approved by the operator who made its VCH.' };

/** Waits a moment for the request. It is approved only when the node itself asks, for itself and for addresses that are its own. */
export async function approveServing(api: KubernetesApi, node: Node, clock: Clock, signal: AbortSignal): Promise<ServingApproval> {
  const deadline = clock.monotonic() + WAIT_MS;
  for (;;) {
    const csr = await findPending(api, node.metadata?.name ?? '', signal);
    const name = csr?.metadata?.name;
    if (csr !== undefined && name !== undefined) return decide(api, node, { ...csr, name }, clock, signal);
    if (clock.monotonic() >= deadline) return { outcome: 'absent' };
    await clock.sleep(POLL_MS, signal);
  }
}

async function decide(
  api: KubernetesApi,
  node: Node,
  csr: CertificateSigningRequest & { readonly name: string },
  clock: Clock,
  signal: AbortSignal,
): Promise<ServingApproval> {
  const problem = servingProblem(csr, node);
  if (problem !== undefined) return { outcome: 'left', csr: csr.name, why: problem };
  try {
    await approveRequest(api, { name: csr.name, signerName: SERVING_SIGNER, approval: APPROVAL }, clock, signal);
    return { outcome: 'approved', csr: csr.name };
  } catch (error) {
    signal.throwIfAborted();
    return { outcome: 'left', csr: csr.name, why: messageOf(error) };
  }
}

/** The newest: an earlier node of that name may have left one. */
async function findPending(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<CertificateSigningRequest | undefined> {
  return (await findServingRequests(api, nodeName, signal)).find(({ status }) => (status?.conditions ?? []).length === 0);
}

/** What speaks against a node's serving request; undefined: nothing. */
function servingProblem(csr: CertificateSigningRequest, node: Node): string | undefined {
  const user = nodeUser(node.metadata?.name ?? '');
  const own = new Set([node.metadata?.name ?? '', ...(node.status?.addresses ?? []).map(({ address }) => address)]);
  try {
    const request = decodeCertificateRequest(Buffer.from(csr.spec?.request ?? '', 'base64').toString('utf8'));
    if (request.commonName !== user || !request.organizations.includes(NODE_GROUP)) return `it is not for ${user}`;
    const foreign = [...request.dnsNames, ...request.ipAddresses].filter((name) => !own.has(name));
    return foreign.length > 0 ? `${foreign.join(', ')} is no address of the node` : undefined;
  } catch (error) {
    return `it cannot be understood: ${messageOf(error)}`;
  }
}
