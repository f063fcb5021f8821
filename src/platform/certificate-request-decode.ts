/** Reads PKCS #10 certificate requests of anybody (RFC 2986) and checks that they are signed with their own key. Free of I/O. */
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { OID } from './certificate-request.ts';
import { decodeOid, DerError, membersOf, readAll, readOne, TAG, type DerElement } from './der.ts';

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** The subject as encoded. */
  readonly subjectDer: Buffer;
  readonly publicKey: KeyObject;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

/** Thrown for a text that is no valid request; the message says why. */
export class CertificateRequestError extends Error {}

const LABEL = 'CERTIFICATE REQUEST';
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/;

const HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.3.101.112': null,
};

/** Decodes the PEM of a request and checks its signature. CertificateRequestError for everything else, whatever the bytes. */
export function decodeCertificateRequest(pem: string): CertificateRequest {
  const [, label, base64 = ''] = PEM.exec(pem) ?? [];
  if (label !== LABEL) throw new CertificateRequestError('PEM block type must be CERTIFICATE REQUEST');
  try {
    return decode(Buffer.from(base64, 'base64'));
  } catch (error) {
    if (error instanceof CertificateRequestError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CertificateRequestError(`asn1: structure error: ${why}`, { cause: error });
  }
}

function decode(der: Buffer): CertificateRequest {
  const [info, algorithm, signature] = membersOf(readOne(der), TAG.sequence);
  const [, subject, keyInfo, ...attributes] = membersOf(info, TAG.sequence);
  if (info === undefined || subject === undefined || keyInfo === undefined) throw new DerError('parts are missing');
  const publicKey = createPublicKey({ key: Buffer.from(keyInfo.raw), format: 'der', type: 'spki' });
  checkSignature(info.raw, publicKey, membersOf(algorithm, TAG.sequence)[0], signature);
  const names = attributes.flatMap((element) => alternativeNames(element));
  const of = (tag: number): Buffer[] => names.filter((name) => name.tag === tag).map((name) => name.content);
  return {
    ...subjectOf(subject),
    subjectDer: Buffer.from(subject.raw),
    publicKey,
    emailAddresses: of(0x81).map(latin),
    dnsNames: of(0x82).map(latin),
    uris: of(0x86).map(latin),
    ipAddresses: of(0x87).map(addressText),
  };
}

function checkSignature(signed: Buffer, key: KeyObject, algorithm: DerElement | undefined, signature: DerElement | undefined): void {
  const oid = algorithm?.tag === TAG.oid ? decodeOid(algorithm.content) : '';
  const hash = Object.hasOwn(HASHES, oid) ? HASHES[oid] : undefined;
  if (hash === undefined) throw new CertificateRequestError('x509: cannot verify signature: algorithm unimplemented');
  // A signature is whole bytes: no bits of its BIT STRING are unused.
  const whole = signature?.tag === TAG.bitString && signature.content[0] === 0;
  if (!whole || !verify(hash, signed, key, signature.content.subarray(1))) {
    throw new CertificateRequestError('x509: the request is not signed with its own key');
  }
}

function subjectOf(subject: DerElement): Pick<CertificateRequest, 'commonName' | 'organizations'> {
  let commonName = '';
  const organizations: string[] = [];
  for (const set of membersOf(subject, TAG.sequence)) {
    for (const attribute of membersOf(set, TAG.set)) {
      const [type, value] = membersOf(attribute, TAG.sequence);
      if (type?.tag !== TAG.oid || value === undefined) throw new DerError('an attribute of the subject is not one');
      const oid = decodeOid(type.content);
      if (oid === OID.commonName) commonName = value.content.toString('utf8');
      if (oid === OID.organization) organizations.push(value.content.toString('utf8'));
    }
  }
  return { commonName, organizations };
}

/** The GeneralNames of the extension request among the attributes. */
function alternativeNames(attributes: DerElement): readonly DerElement[] {
  return readAll(attributes.content)
    .map((attribute) => membersOf(attribute, TAG.sequence))
    .filter(([type]) => isOid(type, OID.extensionRequest))
    .flatMap(([, values]) => membersOf(values, TAG.set))
    .flatMap((extensions) => membersOf(extensions, TAG.sequence))
    .map((extension) => membersOf(extension, TAG.sequence))
    .filter(([type]) => isOid(type, OID.subjectAltName))
    .flatMap((parts) => membersOf(readOne(parts.at(-1)?.content ?? Buffer.alloc(0)), TAG.sequence));
}

function isOid(element: DerElement | undefined, oid: string): boolean {
  return element?.tag === TAG.oid && decodeOid(element.content) === oid;
}

function latin(content: Buffer): string {
  return content.toString('latin1');
}

/** RFC 5952 is not needed here: every spelling names the same address. */
function addressText(content: Buffer): string {
  if (content.length === 4) return [...content].join('.');
  if (content.length !== 16) throw new DerError('an IP address of neither 4 nor 16 bytes');
  const groups = Array.from({ length: 8 }, (_, index) => content.readUInt16BE(index * 2).toString(16));
  return groups.join(':');
}
