import type { CertificateSigningRequest } from '../../clients/kubernetes/certificate-order.ts';
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import { unbindClientCa } from './client-ca.ts';
import { identitySelector, nodeUser, SERVING_SIGNER } from './names.ts';

export interface Withdrawn {
  /** Names of the certificate requests that were deleted. */
  readonly requests: readonly string[];
  readonly binding: boolean;
}

/** Deletes from the cluster what vick made for the identity of a node; what is not there, or hidden, is no error. */
export async function withdrawIdentity(api: KubernetesApi, nodeName: string, signal: AbortSignal | undefined): Promise<Withdrawn> {
  const requests = await deleteRequests(api, nodeName, signal);
  await deleteNamed(api, await findServingRequests(api, nodeName, signal), signal);
  return { requests, binding: await unbindClientCa(api, nodeName, signal) };
}

/** The certificate requests that vick made for a node, newest first. */
export async function findRequests(api: KubernetesApi, nodeName: string, signal: AbortSignal | undefined): Promise<readonly CertificateSigningRequest[]> {
  return list(api, { labelSelector: identitySelector(nodeName) }, signal);
}

/** What the kubelet of a node has asked for to serve with, newest first. */
export async function findServingRequests(
  api: KubernetesApi,
  nodeName: string,
  signal: AbortSignal | undefined,
): Promise<readonly CertificateSigningRequest[]> {
  const all = await list(api, { fieldSelector: `spec.signerName=${SERVING_SIGNER}` }, signal);
  return all.filter(({ spec }) => spec?.signerName === SERVING_SIGNER && spec.username === nodeUser(nodeName));
}

async function list(
  api: KubernetesApi,
  query: { readonly labelSelector: string } | { readonly fieldSelector: string },
  signal: AbortSignal | undefined,
): Promise<readonly CertificateSigningRequest[]> {
  const { items = [] } = await api.request<{ readonly items?: readonly CertificateSigningRequest[] }>(
    { method: 'GET', path: paths.signingRequests(), query },
    signal,
  );
  const time = (csr: CertificateSigningRequest): string => csr.metadata?.creationTimestamp ?? '';
  return items.toSorted((a, b) => time(b).localeCompare(time(a)));
}

/** All but `keep`. */
export async function deleteRequests(api: KubernetesApi, nodeName: string, signal: AbortSignal | undefined, keep?: string): Promise<readonly string[]> {
  const found = await findRequests(api, nodeName, signal);
  return deleteNamed(
    api,
    found.filter(({ metadata }) => metadata?.name !== keep),
    signal,
  );
}

async function deleteNamed(api: KubernetesApi, requests: readonly CertificateSigningRequest[], signal: AbortSignal | undefined): Promise<readonly string[]> {
  const names = requests.flatMap(({ metadata }) => metadata?.name ?? []);
  const deleted: string[] = [];
  for (const name of names) {
    try {
      await api.request({ method: 'DELETE', path: paths.signingRequest(name) }, signal);
      deleted.push(name);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isVickError(error) || error.code !== 'KUBE_NOT_FOUND') throw error;
    }
  }
  return deleted;
}
