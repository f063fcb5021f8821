/**
 * PKCS #10 certificate requests (RFC 2986), as kubelets send them: a key made here, a subject, names. Free of I/O;
 * keys come from the platform's cryptographic random source.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { encodeDer, encodeOid, TAG } from './der.ts';

export type KeyKind = 'ecdsa-p256' | 'rsa-2048';

interface CertificateSubject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export interface CertificateRequestOptions {
  readonly subject: CertificateSubject;
  /** DNS names and IP addresses for the subject alternative name. */
  readonly names?: readonly string[];
  /** PEM of an ECDSA or RSA key. */
  readonly privateKeyPem: string;
}

/** Object identifiers of what requests are made of. */
export const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  extensionRequest: '1.2.840.113549.1.9.14',
  subjectAltName: '2.5.29.17',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
} as const;

const VERSION_1 = Buffer.from([TAG.integer, 1, 0]);
const NULL = Buffer.from([0x05, 0]);
/** Context-specific tags: the attributes of a request; a DNS name and an IP address of a GeneralName. */
const ATTRIBUTES = 0xa0;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const LINE = 64;

/** A new private key as PKCS #8 PEM. */
export function generatePrivateKey(kind: KeyKind = 'ecdsa-p256'): string {
  const { privateKey } = kind === 'rsa-2048' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The request as PEM, signed with SHA-256. Throws for keys of another kind. */
export function createCertificateRequest({ subject, names = [], privateKeyPem }: CertificateRequestOptions): string {
  const key = createPrivateKey(privateKeyPem);
  const algorithm = signatureAlgorithm(key);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const info = encodeDer(TAG.sequence, VERSION_1, encodeSubject(subject), publicKey, encodeDer(ATTRIBUTES, ...extensionRequest(names)));
  const signature = sign('sha256', info, key);
  return toPem('CERTIFICATE REQUEST', encodeDer(TAG.sequence, info, algorithm, encodeDer(TAG.bitString, Buffer.from([0]), signature)));
}

export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** An IP address as its 4 or 16 bytes. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [plain = ''] = address.split('%');
  const dotted = /(?:^|:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  const hex =
    dotted === null
      ? plain
      : plain.replace(/\d+\.\d+\.\d+\.\d+$/, `${group(Number(dotted[1]), Number(dotted[2]))}:${group(Number(dotted[3]), Number(dotted[4]))}`);
  const [head = '', tail] = hex.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...Array<string>(Math.max(8 - before.length - after.length, 0)).fill('0'), ...after];
  return Buffer.from(all.flatMap((text) => [Number.parseInt(text, 16) >> 8, Number.parseInt(text, 16) & 0xff]));
}

function group(high: number, low: number): string {
  return ((high << 8) | low).toString(16);
}

function signatureAlgorithm(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'ec') return encodeDer(TAG.sequence, encodeOid(OID.ecdsaWithSha256));
  if (key.asymmetricKeyType === 'rsa') return encodeDer(TAG.sequence, encodeOid(OID.rsaWithSha256), NULL);
  throw new TypeError(`a certificate request cannot be signed with a key of type ${key.asymmetricKeyType ?? 'secret'}`);
}

/** Organizations first, as Go's pkix.Name writes them. */
function encodeSubject({ commonName, organizations = [] }: CertificateSubject): Buffer {
  const attribute = (oid: string, value: string): Buffer =>
    encodeDer(TAG.set, encodeDer(TAG.sequence, encodeOid(oid), encodeDer(TAG.utf8String, Buffer.from(value, 'utf8'))));
  return encodeDer(TAG.sequence, ...organizations.map((value) => attribute(OID.organization, value)), attribute(OID.commonName, commonName));
}

function extensionRequest(names: readonly string[]): readonly Buffer[] {
  if (names.length === 0) return [];
  const general = names.map((name) => (isIP(name) === 0 ? encodeDer(DNS_NAME, Buffer.from(name, 'latin1')) : encodeDer(IP_ADDRESS, addressBytes(name))));
  const value = encodeDer(TAG.octetString, encodeDer(TAG.sequence, ...general));
  const extension = encodeDer(TAG.sequence, encodeOid(OID.subjectAltName), value);
  return [encodeDer(TAG.sequence, encodeOid(OID.extensionRequest), encodeDer(TAG.set, encodeDer(TAG.sequence, extension)))];
}
