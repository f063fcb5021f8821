import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import { VickError } from '../../errors/vick-error.ts';
import { deleteNode, findNode } from '../vch/node-removal.ts';
import { nodeNameOf } from '../vch/name.ts';
import type { IdentityDeps } from './keeper.ts';
import { readRecord, removeRecord } from './record.ts';
import { notFound } from './show.ts';
import { readCertificates } from './verify-certificate.ts';
import { findRequests, withdrawIdentity, type Withdrawn } from './withdraw.ts';

export interface RevokedIdentity {
  readonly nodeName: string;
  readonly node: 'deleted' | 'absent';
  readonly withdrawn: Withdrawn;
  /** The certificate is good until then, in milliseconds: Kubernetes revokes none. Undefined when it is not known here. */
  readonly validUntil: number | undefined;
}

export interface RevokeRequest {
  readonly vch: string;
  readonly kubeconfig: Kubeconfig;
  /** Also while the node is Ready: its kubelet registers again as long as it runs. */
  readonly force: boolean;
  /** Asks the operator, with what will go. Throws when the answer is no. */
  readonly confirm: (summary: readonly string[]) => Promise<void>;
}

/**
 * Takes away what can be taken away: the Node, the requests, the binding, the local record. VCH_BUSY while the node is Ready,
 * IDENTITY_NOT_FOUND when there is nothing at all.
 */
export async function revokeIdentity(request: RevokeRequest, deps: IdentityDeps, signal: AbortSignal): Promise<RevokedIdentity> {
  const nodeName = nodeNameOf(request.vch);
  const api = await deps.kubernetes.connect(request.kubeconfig);
  try {
    const record = await readRecord(deps, request.vch);
    const requests = await findRequests(api, nodeName, signal);
    const node = await findNode(api, nodeName, signal);
    if (record === undefined && requests.length === 0 && node === undefined) throw notFound(request.vch);
    const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    if (ready && !request.force) {
      throw new VickError('VCH_BUSY', `node ${nodeName} is Ready: its kubelet runs and would register again at once`, {
        hint: `Delete the VCH first (vick delete vch ${request.vch}), or give it another identity; --force takes the Node away all the same.`,
      });
    }
    const pem =
      record?.certificatePem ?? requests.map(({ status }) => Buffer.from(status?.certificate ?? '', 'base64').toString('utf8')).find((text) => text !== '');
    const [certificate] = pem === undefined ? [] : readCertificates(pem);
    await request.confirm([
      ...(node === undefined ? [] : [`node ${nodeName}`]),
      ...requests.map(({ metadata }) => `certificate request ${metadata?.name ?? ''}`),
      `what is noted of the identity system:node:${nodeName}`,
    ]);
    const withdrawn = await withdrawIdentity(api, nodeName, signal);
    const gone = node === undefined ? 'absent' : await deleteNode(api, nodeName, signal);
    await removeRecord(deps, request.vch);
    return { nodeName, node: gone, withdrawn, validUntil: certificate === undefined ? undefined : Date.parse(certificate.validTo) };
  } finally {
    await api.close();
  }
}
