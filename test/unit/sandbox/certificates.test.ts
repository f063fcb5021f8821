import { X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createAuthority } from '../../../src/sandbox/certificates.ts';

const now = Date.now();

test('a server certificate is trusted through its authority, and a client certificate names user and groups', async () => {
  const authority = await createAuthority({ commonName: 'test-ca', now });
  const server = await authority.issueServer({ commonName: 'server', names: ['127.0.0.1', 'localhost'], now });
  const client = await authority.issueClient({ commonName: 'admin', organizations: ['system:masters', 'ops'], now });
  const listener = createServer({ cert: server.certificate, key: server.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true });
  const seen = new Promise<string>((resolve) => {
    listener.on('secureConnection', (socket) => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
      socket.end();
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const socket = connect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    ca: authority.certificate,
    cert: client.certificate,
    key: client.key,
  });
  await once(socket, 'secureConnect');
  expect(socket.authorized).toBe(true);
  expect((await seen).split('\n').sort()).toEqual(['CN=admin', 'O=ops', 'O=system:masters']);
  socket.destroy();
  listener.close();
});

test('an expired certificate can be made on purpose', async () => {
  const authority = await createAuthority({ commonName: 'test-ca', now });
  const { certificate } = await authority.issueClient({ commonName: 'late', now, validDays: -1 });
  expect(new Date(new X509Certificate(certificate).validTo).getTime()).toBeLessThan(now);
});
