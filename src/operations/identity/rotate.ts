import { dirname } from 'node:path';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { KeyKind } from '../../platform/certificate-request.ts';
import { nodeNameOf } from '../vch/name.ts';
import { mintAndRecord, type IdentityDeps } from './keeper.ts';
import type { NodeIdentity } from './mint.ts';
import { readRecord } from './record.ts';
import { readCertificates } from './verify-certificate.ts';

export interface RotateRequest {
  readonly vch: string;
  readonly kubeconfig: Kubeconfig;
  readonly server?: string | undefined;
  readonly key?: KeyKind | undefined;
  readonly expirationSeconds?: number | undefined;
  /** Where the new kubeconfig goes; absolute. */
  readonly file: string;
}

export interface RotatedIdentity {
  readonly identity: NodeIdentity;
  readonly file: string;
  /** Until when the certificate before this one is good, in milliseconds; undefined when none is known. */
  readonly formerUntil: number | undefined;
}

/** A new key and certificate for the node, as a kubeconfig with mode 0600. The former one stays good until it expires. */
export async function rotateIdentity(request: RotateRequest, deps: IdentityDeps, signal: AbortSignal): Promise<RotatedIdentity> {
  const former = await readRecord(deps, request.vch);
  const identity = await mintAndRecord(deps, { ...request, nodeName: nodeNameOf(request.vch) }, signal);
  try {
    await deps.fs.makeDirectory(dirname(request.file), { mode: 0o700 });
    await deps.fs.writeFile(request.file, identity.kubeconfigText, { mode: 0o600 });
  } catch (error) {
    throw new VickError('IO', `the new kubeconfig cannot be written to ${request.file}: ${messageOf(error)}`, {
      cause: error,
      hint: 'Name another place with --to FILE.',
    });
  }
  const [certificate] = former === undefined ? [] : readCertificates(former.certificatePem);
  return { identity, file: request.file, formerUntil: certificate === undefined ? undefined : Date.parse(certificate.validTo) };
}
