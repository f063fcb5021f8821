import 'reflect-metadata'; // @peculiar/x509 asks for it at load
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { CertificateRequest } from '../../platform/certificate-request-decode.ts';
import type { CertificatePair } from '../certificates.ts';

export interface IssueOptions {
  readonly request: CertificateRequest;
  readonly usages: readonly string[];
  readonly expirationSeconds?: number | undefined;
  readonly authority: CertificatePair;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
const KEY_USAGES: Readonly<Record<'signing' | 'any', x509.KeyUsageFlags>> = { signing: digitalSignature, any: digitalSignature | keyEncipherment };
const EXTENDED_USAGES: Readonly<Record<string, string>> = { 'client auth': x509.ExtendedKeyUsage.clientAuth, 'server auth': x509.ExtendedKeyUsage.serverAuth };

const YEAR_SECONDS = 365 * 24 * 3600;
const MIN_SECONDS = 600;
const BACKDATE_MS = 5 * 60_000;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/**
 * The certificate (PEM) for an approved request: the subject, key and names that it asks for, the usages of the object, valid
 * from five minutes ago for as long as asked but not above a year, nor beyond the authority (pkg/controller/certificates/authority).
 */
export async function issueCertificate({ request, usages, expirationSeconds, authority, now }: IssueOptions): Promise<string> {
  x509.cryptoProvider.set(webcrypto);
  const issuer = new x509.X509Certificate(authority.certificate);
  const seconds = Math.min(Math.max(expirationSeconds ?? YEAR_SECONDS, MIN_SECONDS), YEAR_SECONDS);
  const publicKey = new x509.PublicKey(request.publicKey.export({ type: 'spki', format: 'der' }));
  const extended = usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []);
  const names = [
    ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...request.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const { signingKey, signingAlgorithm } = await signerOf(authority);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: new x509.Name(request.subjectDer),
    issuer: issuer.subjectName,
    serialNumber: serial(),
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(Math.min(now + seconds * 1000 - BACKDATE_MS, issuer.notAfter.getTime())),
    publicKey,
    signingKey,
    signingAlgorithm,
    extensions: [
      new x509.KeyUsagesExtension(KEY_USAGES[usages.includes('key encipherment') ? 'any' : 'signing'], true),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString('hex');
}

async function signerOf({ key }: CertificatePair): Promise<{ signingKey: webcrypto.CryptoKey; signingAlgorithm: typeof RSA | typeof ECDSA }> {
  const privateKey = createPrivateKey(key);
  const signingAlgorithm = privateKey.asymmetricKeyType === 'rsa' ? RSA : ECDSA;
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  return { signingKey: await webcrypto.subtle.importKey('pkcs8', der, signingAlgorithm, false, ['sign']), signingAlgorithm };
}
