/**
 * Certificates of the sandbox. Keys are ECDSA P-256 unless RSA is asked for: made in a millisecond, accepted by every
 * client in use. Serial numbers and keys come from the platform's cryptographic random source.
 */
import 'reflect-metadata'; // @peculiar/x509 asks for it at load
import { KeyObject, createPrivateKey, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = { name: 'RSASSA-PKCS1-v1_5', publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' } as const;
const { digitalSignature, keyEncipherment, keyCertSign, cRLSign } = x509.KeyUsageFlags;
const USAGES: Readonly<Record<CertificateOptions['use'], x509.KeyUsageFlags>> = {
  authority: digitalSignature | keyCertSign | cRLSign,
  server: digitalSignature | keyEncipherment,
  client: digitalSignature,
};
const DAY_MS = 24 * 60 * 60 * 1000;

/** PEM texts of a certificate and its private key: PKCS #8, or PKCS #1 for RSA, as Go's x509.MarshalPKCS1PrivateKey writes it. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

interface CertificateTime {
  /** Now, in milliseconds since the epoch; validity begins a day earlier, as vic-machine has it, so that clocks may differ. */
  readonly now: number;
  /** From now; default one year. Negative for a certificate that has expired. */
  readonly validDays?: number;
}

export interface CertificateOptions extends CertificateTime {
  /** With the organizations the subject; absent or empty: the subject has no common name. */
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly use: 'authority' | 'server' | 'client';
  /** DNS names and IP addresses for the subject alternative name. */
  readonly names?: readonly string[];
  /** An RSA key of so many bits. */
  readonly rsaBits?: number;
  /** Who signs; absent: self-signed. Its subject may be the same as this one's: key identifiers tell them apart. */
  readonly issuer?: CertificatePair;
}

export interface Authority extends CertificatePair {
  /** A server certificate for DNS names and IP addresses. */
  issueServer(subject: CertificateTime & { readonly commonName: string; readonly names: readonly string[] }): Promise<CertificatePair>;
  /** A client certificate: the common name is the user, each organization a group (kubernetes.io/docs/reference/access-authn-authz/authentication). */
  issueClient(subject: CertificateTime & { readonly commonName: string; readonly organizations?: readonly string[] }): Promise<CertificatePair>;
}

/** A new certificate authority that signs itself. */
export async function createAuthority(subject: CertificateTime & { readonly commonName: string }): Promise<Authority> {
  const issuer = await createCertificate({ ...subject, use: 'authority' });
  return {
    ...issuer,
    issueServer: (server) => createCertificate({ ...server, use: 'server', issuer }),
    issueClient: (client) => createCertificate({ ...client, use: 'client', issuer }),
  };
}

/** Makes a key and an X.509 v3 certificate (RFC 5280) for it, signed with SHA-256. */
export async function createCertificate(options: CertificateOptions): Promise<CertificatePair> {
  x509.cryptoProvider.set(webcrypto);
  const { issuer, rsaBits } = options;
  const keys = await webcrypto.subtle.generateKey(rsaBits === undefined ? ECDSA : { ...RSA, modulusLength: rsaBits }, true, ['sign', 'verify']);
  const subject = new x509.Name(subjectOf(options));
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer === undefined ? subject : new x509.X509Certificate(issuer.certificate).subjectName,
    ...validity(options),
    serialNumber: serial(),
    publicKey: keys.publicKey,
    ...(issuer === undefined ? signer(keys.privateKey) : await signerOf(issuer)),
    extensions: await extensions(options, keys.publicKey),
  });
  const key = KeyObject.from(keys.privateKey).export({ type: rsaBits === undefined ? 'pkcs8' : 'pkcs1', format: 'pem' });
  return { certificate: `${certificate.toString('pem')}\n`, key: key.toString() };
}

function subjectOf({ commonName = '', organizations = [] }: CertificateOptions): x509.JsonName {
  return [...organizations.map((organization) => ({ O: [organization] })), ...(commonName === '' ? [] : [{ CN: [commonName] }])];
}

function validity({ now, validDays = 365 }: CertificateTime): { notBefore: Date; notAfter: Date } {
  const start = now - DAY_MS;
  const end = now + validDays * DAY_MS;
  // One that has expired still began before it ended.
  return { notBefore: new Date(Math.min(start, end - DAY_MS)), notAfter: new Date(end) };
}

/** Sixteen random bytes, positive. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString('hex');
}

async function signerOf({ key }: CertificatePair): Promise<ReturnType<typeof signer>> {
  const privateKey = createPrivateKey(key);
  const algorithm = privateKey.asymmetricKeyType === 'rsa' ? RSA : ECDSA;
  return signer(await webcrypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, false, ['sign']));
}

function signer(signingKey: webcrypto.CryptoKey): { signingKey: webcrypto.CryptoKey; signingAlgorithm: typeof RSA | typeof ECDSA } {
  return { signingKey, signingAlgorithm: signingKey.algorithm.name === RSA.name ? RSA : ECDSA };
}

async function extensions({ use, names = [], issuer }: CertificateOptions, publicKey: webcrypto.CryptoKey): Promise<x509.Extension[]> {
  const list: x509.Extension[] = [
    new x509.BasicConstraintsExtension(use === 'authority', undefined, true),
    new x509.KeyUsagesExtension(USAGES[use], true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
  if (use !== 'authority') list.push(new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[use === 'server' ? 'serverAuth' : 'clientAuth']]));
  if (issuer !== undefined) list.push(await x509.AuthorityKeyIdentifierExtension.create(new x509.X509Certificate(issuer.certificate)));
  if (names.length > 0) list.push(new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))));
  return list;
}
