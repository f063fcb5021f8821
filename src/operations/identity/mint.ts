/** Makes the identity of a node: key and request here, approval with the operator's rights, certificate from the cluster's signer. */
import { flattenKubeconfig } from '../../clients/kubernetes/flatten-kubeconfig.ts';
import { orderCertificate } from '../../clients/kubernetes/certificate-order.ts';
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { registerSecret } from '../../errors/redact.ts';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import { createCertificateRequest, generatePrivateKey, type KeyKind } from '../../platform/certificate-request.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { accessReview } from '../preflight/permissions.ts';
import { bindClientCa, readClientCa } from './client-ca.ts';
import { CLIENT_SIGNER, identityLabels, NODE_GROUP, nodeUser } from './names.ts';
import { verifyNodeCertificate, type CertificateFacts } from './verify-certificate.ts';

export interface MintTools {
  readonly clock: Clock;
  readonly random: Random;
  connect(kubeconfig: Kubeconfig): Promise<KubernetesApi>;
}

export interface MintRequest {
  readonly nodeName: string;
  /** The operator's. */
  readonly kubeconfig: Kubeconfig;
  /** Address of the API server as the VCH reaches it, where it is not the kubeconfig's. */
  readonly server?: string | undefined;
  /** Default ECDSA P-256. */
  readonly key?: KeyKind | undefined;
  readonly expirationSeconds?: number | undefined;
  /** Default one minute. */
  readonly signedWithinMs?: number | undefined;
}

export interface NodeIdentity {
  readonly user: string;
  readonly csr: string;
  readonly certificatePem: string;
  readonly facts: CertificateFacts;
  /** Self-contained; holds the key. */
  readonly kubeconfigText: string;
  /** What was found on the way, for who wants to know. */
  readonly notes: readonly string[];
}

const SIGNED_WITHIN_MS = 60_000;
/** Signers before this minor version insist on "key encipherment" (kubernetes pkg/apis/certificates/helpers.go). */
const USAGE_OPTIONAL_SINCE = 27;

/** IDENTITY_* where the cluster gives none; KUBE_* where it cannot be asked. */
export async function mintIdentity(api: KubernetesApi, request: MintRequest, tools: MintTools, signal: AbortSignal): Promise<NodeIdentity> {
  const { nodeName, kubeconfig, key = 'ecdsa-p256' } = request;
  const user = nodeUser(nodeName);
  const keyPem = generatePrivateKey(key);
  registerSecret(keyPem);
  const csr = `vick-${nodeName}-${tools.random.hex(4)}`;
  const { certificatePem, approvedBy } = await orderCertificate(
    api,
    {
      name: csr,
      labels: identityLabels(nodeName),
      signerName: CLIENT_SIGNER,
      usages: usagesFor(key, await minorVersion(api, signal)),
      requestPem: createCertificateRequest({ subject: { commonName: user, organizations: [NODE_GROUP] }, privateKeyPem: keyPem }),
      expirationSeconds: request.expirationSeconds,
      approval: { reason: 'VickNodeIdentity', message: `Identity of the node ${nodeName}, approved by the operator who makes its VCH.` },
      signedWithinMs: request.signedWithinMs ?? SIGNED_WITHIN_MS,
    },
    tools.clock,
    signal,
  );
  const notes = [`certificate request ${csr}: approved by ${approvedBy === 'caller' ? 'you' : 'the cluster'}, signed`];
  const clientCaPem = await readClientCa(api, signal);
  const facts = verifyNodeCertificate(certificatePem, { user, keyPem, clientCaPem, now: tools.clock.now() });
  const own = nodeKubeconfig(kubeconfig, user, certificatePem, keyPem);
  await proveIdentity(own, nodeName, tools, signal);
  if ((await bindClientCa(api, nodeName, signal)) === 'refused') {
    notes.push(`${user} was not bound to the role that reads the client CA: where nobody else binds it, its kubelet cannot know the API server by certificate`);
  }
  return { user, csr, certificatePem, facts, kubeconfigText: flattenKubeconfig(atServer(own, request.server)), notes };
}

/** Which usages the signer takes: all take key encipherment, newer ones do without it for keys that cannot encipher. */
export function usagesFor(key: KeyKind, minor: number | undefined): readonly string[] {
  const needsEncipherment = key === 'rsa-2048' || minor === undefined || minor < USAGE_OPTIONAL_SINCE;
  return ['digital signature', ...(needsEncipherment ? ['key encipherment'] : []), 'client auth'];
}

async function minorVersion(api: KubernetesApi, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { gitVersion = '' } = await api.request<{ readonly gitVersion?: string }>({ method: 'GET', path: paths.version() }, signal);
    const found = /^v?1\.(\d+)/.exec(gitVersion);
    return found === null ? undefined : Number(found[1]);
  } catch (error) {
    signal.throwIfAborted();
    // Clusters may hide their version; the older form is understood by all.
    if (isVickError(error) && error.code === 'KUBE_FORBIDDEN') return undefined;
    throw error;
  }
}

function nodeKubeconfig(operator: Kubeconfig, user: string, certificatePem: string, keyPem: string): Kubeconfig {
  return {
    path: operator.path,
    contextName: `${user}@${operator.cluster.name}`,
    namespace: undefined,
    cluster: operator.cluster,
    user: { name: user, kind: 'certificate', certificatePem, keyPem, token: undefined, username: undefined, password: undefined, raw: {} },
  };
}

/** The same cluster at another address, still known by the name that its certificate is for. */
export function atServer(kubeconfig: Kubeconfig, server: string | undefined): Kubeconfig {
  const { cluster } = kubeconfig;
  if (server === undefined) return kubeconfig;
  const [old, wanted] = [new URL(cluster.server), new URL(server)];
  if (old.host === wanted.host) return kubeconfig;
  const isName = /[a-z]/i.test(old.hostname) && !old.hostname.startsWith('[') && old.hostname !== 'localhost';
  const tlsServerName = cluster.tlsServerName ?? (isName && old.hostname !== wanted.hostname ? old.hostname : undefined);
  const path = old.pathname.replace(/\/+$/, '');
  return { ...kubeconfig, cluster: { ...cluster, server: `${wanted.origin}${path}`, tlsServerName } };
}

/** The server takes the certificate for the node and lets it register: a cluster without the Node authorizer would not. */
async function proveIdentity(own: Kubeconfig, nodeName: string, tools: MintTools, signal: AbortSignal): Promise<void> {
  const api = await tools.connect(own);
  try {
    const body = accessReview({ verb: 'create', group: '', resource: 'nodes', severity: 'fatal', purpose: 'register' });
    const review = await api.request<{ readonly status?: { readonly allowed?: boolean } }>(
      { method: 'POST', path: paths.selfSubjectAccessReviews(), body },
      signal,
    );
    if (review.status?.allowed === true) return;
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    throw new VickError('IDENTITY_INVALID', `${own.cluster.server} does not accept the certificate that was issued for ${nodeName}: ${error.message}`, {
      cause: error,
      hint: "Compare the signer's CA (kube-controller-manager --cluster-signing-cert-file) with the API server's --client-ca-file.",
    });
  } finally {
    await api.close();
  }
  throw new VickError('IDENTITY_REFUSED', `${own.user.name} may not register its node on ${own.cluster.server}`, {
    hint: 'The API server needs the Node authorizer (--authorization-mode=Node,RBAC); without it, use --kubelet-identity=as-is.',
  });
}
