import { createHash, createPrivateKey, createPublicKey, generateKeyPair, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';

/** PEM texts; the key in PKCS#1, as Go's x509.MarshalPKCS1PrivateKey writes it. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly commonName?: string;
  readonly organizations: readonly string[];
  readonly keyBits: number;
  readonly use: 'server' | 'client' | 'ca';
  /** A name or an address for the subject alternative name. */
  readonly subjectAlternativeNames?: readonly string[];
  /** Who signs; absent: self-signed. */
  readonly issuer?: KeyPair & { readonly commonName?: string; readonly organizations: readonly string[] };
  /** Wall-clock time, milliseconds: valid from a day before to a year after. */
  readonly now: number;
}

const generate = promisify(generateKeyPair);
const DAY = 86_400_000;

/** Makes an RSA key and an X.509 v3 certificate (RFC 5280) signed with SHA-256. */
export async function createCertificate(options: CertificateOptions): Promise<KeyPair> {
  const pair = await generate('rsa', { modulusLength: options.keyBits });
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' });
  const issuer = options.issuer;
  const signer = issuer === undefined ? pair.privateKey : createPrivateKey(issuer.key);
  const algorithm = sequence(oid('1.2.840.113549.1.1.11'), NULL);
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    distinguishedName(issuer ?? options),
    sequence(utcTime(options.now - DAY), utcTime(options.now + 365 * DAY)),
    distinguishedName(options),
    publicKey,
    tlv(0xa3, sequence(...extensions(options, publicKey))),
  );
  const der = sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, signer)));
  return { certificate: pem('CERTIFICATE', der), key: pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString() };
}

function extensions(options: CertificateOptions, publicKey: Buffer): Buffer[] {
  const critical = tlv(0x01, Buffer.from([0xff]));
  // KeyUsage bits, first is the most significant: digitalSignature 0, keyEncipherment 2, keyAgreement 4, keyCertSign 5.
  const usage = { server: 0b1010_1000, ca: 0b1010_1100, client: 0b1000_0000 }[options.use];
  const unused = { server: 3, ca: 2, client: 7 }[options.use];
  const list = [
    sequence(oid('2.5.29.15'), critical, octets(tlv(0x03, Buffer.from([unused, usage])))),
    sequence(oid('2.5.29.19'), critical, octets(options.use === 'ca' ? sequence(critical) : sequence())),
    sequence(oid('2.5.29.14'), octets(octets(createHash('sha1').update(publicKey).digest()))),
  ];
  if (options.use !== 'ca') list.push(sequence(oid('2.5.29.37'), octets(sequence(oid(`1.3.6.1.5.5.7.3.${options.use === 'server' ? '1' : '2'}`)))));
  if (options.issuer !== undefined) {
    const issuerKey = createPublicKey(options.issuer.certificate).export({ type: 'spki', format: 'der' });
    list.push(sequence(oid('2.5.29.35'), octets(sequence(tlv(0x80, createHash('sha1').update(issuerKey).digest())))));
  }
  const names = options.subjectAlternativeNames ?? [];
  if (names.length > 0) list.push(sequence(oid('2.5.29.17'), octets(sequence(...names.map(generalName)))));
  return list;
}

function generalName(name: string): Buffer {
  if (isIP(name) === 4) return tlv(0x87, Buffer.from(name.split('.').map(Number)));
  if (isIP(name) === 6) return tlv(0x87, ipv6(name));
  return tlv(0x82, Buffer.from(name, 'latin1'));
}

function ipv6(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function distinguishedName({ commonName, organizations }: { readonly commonName?: string; readonly organizations: readonly string[] }): Buffer {
  const attribute = (type: string, value: string) => tlv(0x31, sequence(oid(type), tlv(0x0c, Buffer.from(value, 'utf8'))));
  const parts = organizations.map((organization) => attribute('2.5.4.10', organization));
  return sequence(...parts, ...(commonName === undefined || commonName === '' ? [] : [attribute('2.5.4.3', commonName)]));
}

const NULL = Buffer.from([0x05, 0x00]);

function tlv(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

const sequence = (...content: readonly Buffer[]) => tlv(0x30, ...content);
const octets = (content: Buffer) => tlv(0x04, content);
const bitString = (content: Buffer) => tlv(0x03, Buffer.from([0]), content);

function integer(bytes: Buffer): Buffer {
  // Positive and minimal: the top bit clear and the first byte not zero.
  const first = (bytes[0] ?? 0) & 0x7f;
  return tlv(0x02, Buffer.concat([Buffer.from([first === 0 ? 1 : first]), bytes.subarray(1)]));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function utcTime(ms: number): Buffer {
  return tlv(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
