import type { IdentityKeeper, IdentityRequest, MintedIdentity, VchDeps } from '../vch/ports.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { mintIdentity, type MintRequest, type NodeIdentity } from './mint.ts';
import { removeRecord, writeRecord } from './record.ts';
import { deleteRequests, withdrawIdentity } from './withdraw.ts';

export interface IdentityDeps extends Pick<VchDeps, 'env' | 'homeDirectory' | 'clock' | 'random' | 'fs'> {
  readonly kubernetes: Pick<VchDeps['kubernetes'], 'connect'>;
}

/** The identity keeper that create and delete use. */
export function createIdentityKeeper(deps: IdentityDeps): IdentityKeeper {
  return {
    mint: async (request, signal): Promise<MintedIdentity> => {
      const { kubeconfigText, user, notes } = await mintAndRecord(deps, request, signal);
      return { kubeconfigText, user, notes };
    },
    revoke: async (request, signal) => {
      const api = await deps.kubernetes.connect(request.kubeconfig);
      try {
        const withdrawn = await withdrawIdentity(api, request.nodeName, signal);
        const recorded = await removeRecord(deps, request.vch);
        return recorded || withdrawn.binding || withdrawn.requests.length > 0 ? 'revoked' : 'absent';
      } finally {
        await api.close();
      }
    },
  };
}

/** Makes a new identity, drops the requests of earlier ones, and notes what was made. */
export async function mintAndRecord(
  deps: IdentityDeps,
  request: IdentityRequest & Pick<MintRequest, 'key' | 'expirationSeconds' | 'signedWithinMs'>,
  signal: AbortSignal,
): Promise<NodeIdentity> {
  const api = await deps.kubernetes.connect(request.kubeconfig);
  try {
    const tools = { ...deps, connect: (kubeconfig: IdentityRequest['kubeconfig']) => deps.kubernetes.connect(kubeconfig) };
    const identity = await mintIdentity(api, request, tools, signal);
    await writeRecord(deps, {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'NodeIdentity',
      vch: request.vch,
      nodeName: request.nodeName,
      user: identity.user,
      server: request.kubeconfig.cluster.server,
      context: request.kubeconfig.contextName,
      csr: identity.csr,
      issuedAt: rfc3339(deps.clock.now()),
      certificatePem: identity.certificatePem,
    });
    await deleteRequests(api, request.nodeName, signal, identity.csr).catch(() => {
      // Old requests are cleared away by the cluster itself within an hour.
      signal.throwIfAborted();
    });
    return identity;
  } finally {
    await api.close();
  }
}
