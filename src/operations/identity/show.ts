import { X509Certificate } from 'node:crypto';
import { paths } from '../../clients/kubernetes/paths.ts';
import type { CertificateSigningRequest } from '../../clients/kubernetes/certificate-order.ts';
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import { nodeNameOf } from '../vch/name.ts';
import type { IdentityDeps } from './keeper.ts';
import { readRecord, type IdentityRecord } from './record.ts';
import { factsOf, type CertificateFacts } from './verify-certificate.ts';
import { findRequests } from './withdraw.ts';

export interface ShownIdentity {
  readonly vch: string;
  readonly nodeName: string;
  readonly user: string;
  readonly server: string;
  readonly facts: CertificateFacts;
  /** Whole days until it expires, rounded down; negative when it has. */
  readonly daysLeft: number;
  readonly request: { readonly name: string; /** As the cluster has it now. */ readonly state: string };
}

const DAY_MS = 24 * 3_600_000;

/**
 * What vick knows of the identity of a VCH: from its own record, else from the request in the cluster, which is cleared away an hour
 * after it was approved. IDENTITY_NOT_FOUND when there is neither.
 */
export async function showIdentity(vch: string, kubeconfig: Kubeconfig | undefined, deps: IdentityDeps, signal: AbortSignal): Promise<ShownIdentity> {
  const record = await readRecord(deps, vch);
  const api = kubeconfig === undefined ? undefined : await deps.kubernetes.connect(kubeconfig);
  try {
    if (record !== undefined) return shown(record, await stateOf(api, record.csr, signal), deps.clock.now());
    const found = api === undefined || kubeconfig === undefined ? undefined : await fromCluster(api, vch, kubeconfig, signal);
    if (found !== undefined) return shown(found.record, found.state, deps.clock.now());
  } finally {
    await api?.close();
  }
  throw notFound(vch);
}

export function notFound(vch: string): VickError {
  return new VickError('IDENTITY_NOT_FOUND', `vick has made no identity for the VCH ${vch} that is known here`, {
    hint: 'It may have been made on another machine, or the VCH was created with --kubelet-identity=as-is.',
  });
}

async function stateOf(api: KubernetesApi | undefined, csr: string, signal: AbortSignal): Promise<string> {
  if (api === undefined) return 'unknown: the cluster was not asked';
  try {
    return describeRequest(await api.request<CertificateSigningRequest>({ method: 'GET', path: paths.signingRequest(csr) }, signal));
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    return error.code === 'KUBE_NOT_FOUND' ? 'cleared away by the cluster' : `unknown: ${messageOf(error)}`;
  }
}

async function fromCluster(
  api: KubernetesApi,
  vch: string,
  kubeconfig: Kubeconfig,
  signal: AbortSignal,
): Promise<{ readonly record: IdentityRecord; readonly state: string } | undefined> {
  const nodeName = nodeNameOf(vch);
  const csr = (await findRequests(api, nodeName, signal)).find(({ status }) => status?.certificate !== undefined);
  const certificate = csr?.status?.certificate;
  if (csr === undefined || certificate === undefined) return undefined;
  const record: IdentityRecord = {
    apiVersion: 'vick.dev/v1alpha1',
    kind: 'NodeIdentity',
    vch,
    nodeName,
    user: `system:node:${nodeName}`,
    server: kubeconfig.cluster.server,
    context: kubeconfig.contextName,
    csr: csr.metadata?.name ?? '',
    issuedAt: csr.metadata?.creationTimestamp ?? '',
    certificatePem: Buffer.from(certificate, 'base64').toString('utf8'),
  };
  return { record, state: describeRequest(csr) };
}

function shown(record: IdentityRecord, state: string, now: number): ShownIdentity {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(record.certificatePem);
  } catch (error) {
    throw new VickError('IDENTITY_NOT_FOUND', `the record of the identity of ${record.vch} cannot be read`, {
      cause: error,
      hint: `Make a new one: vick identity rotate ${record.vch}`,
    });
  }
  const facts = factsOf(certificate);
  const { vch, nodeName, user, server, csr } = record;
  return { vch, nodeName, user, server, facts, daysLeft: Math.floor((facts.notAfter - now) / DAY_MS), request: { name: csr, state } };
}

function describeRequest({ status }: CertificateSigningRequest): string {
  const types = (status?.conditions ?? []).map(({ type }) => type.toLowerCase());
  return [...(types.length === 0 ? ['pending'] : types), ...(status?.certificate === undefined ? [] : ['issued'])].join(', ');
}
