import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressBytes, createCertificateRequest, generatePrivateKey, type KeyKind } from '../../../src/platform/certificate-request.ts';
import { CertificateRequestError, decodeCertificateRequest } from '../../../src/platform/certificate-request-decode.ts';
import { decodeOid, DerError, encodeOid, readAll, readOne } from '../../../src/platform/der.ts';

x509.cryptoProvider.set(webcrypto);

const KEYS: Readonly<Record<KeyKind, string>> = { 'ecdsa-p256': generatePrivateKey('ecdsa-p256'), 'rsa-2048': generatePrivateKey('rsa-2048') };
const text = fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' });
const dnsName = fc.domain();
const request = fc.record({
  kind: fc.constantFrom<KeyKind>('ecdsa-p256', 'rsa-2048'),
  commonName: text,
  organizations: fc.array(text, { maxLength: 3 }),
  dns: fc.uniqueArray(dnsName, { maxLength: 4 }),
  ips: fc.uniqueArray(fc.ipV4(), { maxLength: 3 }),
});

describe('certificate requests', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(request, ({ kind, commonName, organizations, dns, ips }) => {
        const privateKeyPem = KEYS[kind];
        const read = decodeCertificateRequest(createCertificateRequest({ subject: { commonName, organizations }, names: [...dns, ...ips], privateKeyPem }));
        expect(read).toMatchObject({ commonName, organizations, dnsNames: dns, ipAddresses: ips, emailAddresses: [], uris: [] });
        expect(read.publicKey.equals(createPublicKey(privateKeyPem))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it.each(['ecdsa-p256', 'rsa-2048'] as const)('are what another implementation understands and verifies (%s)', async (kind) => {
    const names = ['kubelet-web', '192.0.2.7', '2001:db8::7'];
    const subject = { commonName: 'system:node:kubelet-web', organizations: ['system:nodes'] };
    const pem = createCertificateRequest({ subject, names, privateKeyPem: KEYS[kind] });
    const other = new x509.Pkcs10CertificateRequest(pem);
    expect(await other.verify()).toBe(true);
    expect(other.subjectName.toJSON()).toEqual([{ O: ['system:nodes'] }, { CN: ['system:node:kubelet-web'] }]);
    const alternative = other.extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension);
    expect(alternative?.names.toJSON().map(({ value }) => value)).toEqual(names);
  });

  it('that others made are understood', async () => {
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify']);
    const made = await x509.Pkcs10CertificateRequestGenerator.create({
      name: 'O=system:nodes, CN=system:node:a',
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' },
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'email', value: 'a@b.example' },
          { type: 'url', value: 'spiffe://a' },
        ]),
      ],
    });
    expect(decodeCertificateRequest(made.toString('pem'))).toMatchObject({
      commonName: 'system:node:a',
      organizations: ['system:nodes'],
      emailAddresses: ['a@b.example'],
      uris: ['spiffe://a'],
    });
  });

  it('never break the reader, whatever the bytes', () => {
    const pem = (der: Uint8Array): string => `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const refuse = (input: string): void => {
      try {
        decodeCertificateRequest(input);
      } catch (error) {
        expect(error).toBeInstanceOf(CertificateRequestError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => refuse(pem(bytes))));
    fc.assert(fc.property(fc.string(), refuse));
    const good = Buffer.from(
      createCertificateRequest({ subject: { commonName: 'a' }, privateKeyPem: KEYS['ecdsa-p256'] }).replace(/-----[^-]+-----|\s/g, ''),
      'base64',
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(good);
        changed[at] = (changed[at] ?? 0) ^ flip;
        // A changed request is no request: its signature is over every byte.
        expect(() => decodeCertificateRequest(pem(changed))).toThrow(CertificateRequestError);
      }),
    );
  });

  it('write addresses as bytes', () => {
    expect(addressBytes('::ffff:192.0.2.1').toString('hex')).toBe('00000000000000000000ffffc0000201');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const groups = Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16));
        expect([...addressBytes(groups.join(':'))]).toEqual([...bytes]);
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        expect(addressBytes(address).length).toBe(16);
      }),
    );
  });
});

describe('DER', () => {
  it('keeps object identifiers', () => {
    const arc = fc.nat(2 ** 28);
    fc.assert(
      fc.property(fc.nat(1), fc.nat(39), fc.array(arc, { maxLength: 8 }), (first, second, rest) => {
        const dotted = [first, second, ...rest].join('.');
        expect(decodeOid(readOne(encodeOid(dotted)).content)).toBe(dotted);
      }),
    );
  });

  it('refuses what is cut off', () => {
    expect(() => readOne(Buffer.from([0x30, 0x05, 0x00]))).toThrow(DerError);
    expect(() => readOne(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]))).toThrow(DerError);
    expect(readAll(Buffer.alloc(0))).toEqual([]);
  });
});
