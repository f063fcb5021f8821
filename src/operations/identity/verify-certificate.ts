import { createPrivateKey, X509Certificate } from 'node:crypto';
import { VickError } from '../../errors/vick-error.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { NODE_GROUP } from './names.ts';

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface Expected {
  /** `system:node:kubelet-web` */
  readonly user: string;
  readonly keyPem: string;
  /** What the API server trusts its clients by, where that is known. */
  readonly clientCaPem: string | undefined;
  readonly now: number;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Facts of the first certificate of `pem`; IDENTITY_INVALID unless it is what was asked for. */
export function verifyNodeCertificate(pem: string, expected: Expected): CertificateFacts {
  const [leaf, ...chain] = readCertificates(pem);
  if (leaf === undefined) throw invalid('the signer answered something that is no certificate');
  const { CN: commonName, O: organization } = leaf.toLegacyObject().subject as { CN?: unknown; O?: unknown };
  if (commonName !== expected.user) throw invalid(`its subject is ${JSON.stringify(commonName)}, not ${expected.user}`);
  if (![organization].flat().includes(NODE_GROUP)) throw invalid(`its subject is not in the group ${NODE_GROUP}`);
  if (!leaf.checkPrivateKey(createPrivateKey(expected.keyPem))) throw invalid('it is for another key');
  const facts = factsOf(leaf);
  if (expected.now > facts.notAfter) throw invalid(`it has expired on ${rfc3339(facts.notAfter)}`, 'Check the clock of this machine.');
  if (expected.now < facts.notBefore) throw invalid(`it is not valid before ${rfc3339(facts.notBefore)}`, 'Check the clock of this machine.');
  const roots = expected.clientCaPem === undefined ? [] : readCertificates(expected.clientCaPem);
  if (roots.length > 0 && !chainReaches(leaf, chain, roots)) {
    throw invalid(
      `it was issued by ${oneLine(leaf.issuer)}, which the API server does not trust for its clients`,
      "Compare the signer's CA (kube-controller-manager --cluster-signing-cert-file) with the API server's --client-ca-file.",
    );
  }
  return facts;
}

export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  };
}

/** Every certificate of a PEM text; what cannot be read is left out. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  return [...pem.matchAll(PEM_CERTIFICATE)].flatMap(([text]) => {
    try {
      return [new X509Certificate(text)];
    } catch {
      return [];
    }
  });
}

/** True when `leaf` leads through `between` to one of `roots`. */
function chainReaches(leaf: X509Certificate, between: readonly X509Certificate[], roots: readonly X509Certificate[]): boolean {
  if (roots.some((root) => isIssuedBy(leaf, root))) return true;
  const next = between.find((candidate) => isIssuedBy(leaf, candidate));
  return (
    next !== undefined &&
    chainReaches(
      next,
      between.filter((candidate) => candidate !== next),
      roots,
    )
  );
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** `O=system:nodes, CN=system:node:kubelet-web` */
function oneLine(name: string): string {
  return name.split('\n').join(', ');
}

function invalid(why: string, hint = 'Try again, or see what the signer of the cluster does with requests.'): VickError {
  return new VickError('IDENTITY_INVALID', `the certificate that was issued for the node cannot be used: ${why}`, { hint });
}
