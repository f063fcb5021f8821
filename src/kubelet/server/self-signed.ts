/** A certificate that the server signs itself, for the time until the cluster has issued one. */
import { createPublicKey, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes, generatePrivateKey, OID, toPem } from '../../platform/certificate-request.ts';
import { encodeDer, encodeOid, TAG } from '../../platform/der.ts';
import type { ServingPair } from './server.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;
const UTC_TIME = 0x17;
const VERSION_3 = Buffer.from([0xa0, 3, 2, 1, 2]);
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** For one year from `now` (milliseconds since the epoch). `names` are DNS names and IP addresses. */
export function selfSigned(commonName: string, names: readonly string[], now: number): ServingPair {
  const key = generatePrivateKey();
  const algorithm = encodeDer(TAG.sequence, encodeOid(OID.ecdsaWithSha256));
  const subject = encodeDer(
    TAG.sequence,
    encodeDer(TAG.set, encodeDer(TAG.sequence, encodeOid(OID.commonName), encodeDer(TAG.utf8String, Buffer.from(commonName)))),
  );
  const validity = encodeDer(TAG.sequence, utcTime(now - HOUR_MS), utcTime(now + YEAR_MS));
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const general = names.map((name) => (isIP(name) === 0 ? encodeDer(DNS_NAME, Buffer.from(name, 'latin1')) : encodeDer(IP_ADDRESS, addressBytes(name))));
  const extensions = [
    extension(EXTENDED_KEY_USAGE, encodeDer(TAG.sequence, encodeOid(SERVER_AUTH))),
    ...(general.length === 0 ? [] : [extension(OID.subjectAltName, encodeDer(TAG.sequence, ...general))]),
  ];
  // A positive serial number that does not begin with a zero byte.
  const serial = Buffer.concat([Buffer.from([0x42]), randomBytes(15)]);
  const tail = encodeDer(EXTENSIONS, encodeDer(TAG.sequence, ...extensions));
  const content = encodeDer(TAG.sequence, VERSION_3, encodeDer(TAG.integer, serial), algorithm, subject, validity, subject, publicKey, tail);
  const signature = encodeDer(TAG.bitString, Buffer.from([0]), sign('sha256', content, key));
  return { certificate: toPem('CERTIFICATE', encodeDer(TAG.sequence, content, algorithm, signature)), key };
}

function extension(oid: string, value: Buffer): Buffer {
  return encodeDer(TAG.sequence, encodeOid(oid), encodeDer(TAG.octetString, value));
}

/** `YYMMDDHHMMSSZ`, good until 2049. */
function utcTime(ms: number): Buffer {
  return encodeDer(UTC_TIME, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}
