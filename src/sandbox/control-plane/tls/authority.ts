import { createHash, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { Clock } from '../../../platform/clock.ts';
import type { Random } from '../../../platform/random.ts';

export interface PemPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface ClientIdentity {
  readonly user: string;
  readonly groups: readonly string[];
}

/** A certificate authority of its own: the control plane's server and its users prove themselves by it. */
export interface CertificateAuthority {
  readonly caPem: string;
  /** A server certificate for host names and IP addresses. */
  issueServerCertificate(names: readonly string[]): Promise<PemPair>;
  /** A client certificate: CN is the user, every O a group. Valid for `validForMs` from now (default one year). */
  issueClientCertificate(identity: ClientIdentity, validForMs?: number): Promise<PemPair>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** Clocks of clients may be a little behind. */
const BACKDATE_MS = 5 * 60_000;

export async function createCertificateAuthority(clock: Clock, random: Random): Promise<CertificateAuthority> {
  const crypto = webcrypto;
  x509.cryptoProvider.set(crypto);
  const caKeys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(random),
    name: 'CN=vick-sandbox-ca',
    ...validity(clock, 10 * YEAR_MS),
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const issue = async (subject: x509.JsonName, validForMs: number, extensions: x509.Extension[]): Promise<PemPair> => {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(random),
      subject: new x509.Name(subject),
      issuer: ca.subject,
      ...validity(clock, validForMs),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
        ...extensions,
      ],
    });
    const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
    return { certificatePem: `${certificate.toString('pem')}\n`, keyPem: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` };
  };
  return {
    caPem: `${ca.toString('pem')}\n`,
    issueServerCertificate: (names) =>
      issue([{ CN: ['kube-apiserver'] }], YEAR_MS, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((name) => ({ type: isAddress(name) ? ('ip' as const) : ('dns' as const), value: name }))),
      ]),
    issueClientCertificate: ({ user, groups }, validForMs = YEAR_MS) =>
      issue([...groups.map((group) => ({ O: [group] })), { CN: [user] }], validForMs, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  };
}

/** How kube-apiserver names the credential of a certificate user. */
export function credentialId(certificateDer: Buffer): string {
  return `X509SHA256=${createHash('sha256').update(certificateDer).digest('hex')}`;
}

function validity(clock: Clock, ms: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(clock.now() - BACKDATE_MS), notAfter: new Date(clock.now() + ms) };
}

/** Positive and unique, 16 bytes. */
function serial(random: Random): string {
  return `01${random.hex(15)}`;
}

function isAddress(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(':');
}
