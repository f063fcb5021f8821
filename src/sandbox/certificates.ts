/**
 * Certificates of the sandbox: an authority, and what it signs. Keys are ECDSA P-256: made in a millisecond, accepted by
 * every client in use. Serial numbers and keys come from the platform's cryptographic random source.
 */
import 'reflect-metadata'; // @peculiar/x509 asks for it at load
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/** PEM texts of a certificate and its private key (PKCS #8). */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateTime {
  /** Now, in milliseconds since the epoch; validity begins an hour earlier, so that clocks may differ. */
  readonly now: number;
  /** Default one year. */
  readonly validDays?: number;
}

export interface Authority extends CertificatePair {
  /** A server certificate for DNS names and IP addresses. */
  issueServer(
    subject: CertificateTime & { readonly commonName: string; readonly dnsNames?: readonly string[]; readonly ipAddresses?: readonly string[] },
  ): Promise<CertificatePair>;
  /** A client certificate: the common name is the user, each organization a group (kubernetes.io/docs/reference/access-authn-authz/authentication). */
  issueClient(subject: CertificateTime & { readonly commonName: string; readonly organizations?: readonly string[] }): Promise<CertificatePair>;
}

/** A new certificate authority that signs itself. */
export async function createAuthority(subject: CertificateTime & { readonly commonName: string }): Promise<Authority> {
  const crypto = engine();
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [subject.commonName] }],
    ...validity(subject),
    serialNumber: serial(),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });

  const sign = async (time: CertificateTime, name: x509.JsonName, usage: string, names: readonly x509.JsonGeneralName[]): Promise<CertificatePair> => {
    const own = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const leaf = await x509.X509CertificateGenerator.create({
      subject: name,
      issuer: certificate.subject,
      ...validity(time),
      serialNumber: serial(),
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.AuthorityKeyIdentifierExtension.create(certificate),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...names])]),
      ],
    });
    return { certificate: pem(leaf), key: await exportKey(own.privateKey) };
  };

  return {
    certificate: pem(certificate),
    key: await exportKey(keys.privateKey),
    issueServer: ({ commonName, dnsNames = [], ipAddresses = [], ...time }) =>
      sign(time, [{ CN: [commonName] }], x509.ExtendedKeyUsage.serverAuth, [
        ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    issueClient: ({ commonName, organizations = [], ...time }) =>
      sign(time, [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }], x509.ExtendedKeyUsage.clientAuth, []),
  };
}

/** A server certificate that vouches for itself, as a fresh vCenter has. */
export async function createSelfSigned(
  subject: CertificateTime & { readonly commonName: string; readonly dnsNames?: readonly string[]; readonly ipAddresses?: readonly string[] },
): Promise<CertificatePair> {
  const authority = await createAuthority(subject);
  const server = await authority.issueServer(subject);
  return { certificate: server.certificate + authority.certificate, key: server.key };
}

function engine(): typeof webcrypto {
  x509.cryptoProvider.set(webcrypto as never);
  return webcrypto;
}

/** Sixteen random bytes, positive. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString('hex');
}

function validity({ now, validDays = 365 }: CertificateTime): { notBefore: Date; notAfter: Date } {
  const start = now - DAY_MS / 24;
  // An expired certificate can be asked for on purpose: it still begins before it ends.
  const end = now + validDays * DAY_MS;
  return { notBefore: new Date(Math.min(start, end - DAY_MS)), notAfter: new Date(end) };
}

const pem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})/g, '$1\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}
