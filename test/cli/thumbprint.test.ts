import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createCertificate, type CertificatePair } from '../../src/sandbox/certificates.ts';
import { createWorld, type World, type WorldOptions } from '../support/vch-world.ts';

let world: World | undefined;
let server: Server | undefined;

afterEach(async () => {
  await world?.close();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  world = undefined;
  server = undefined;
});

const selfSigned = (commonName: string): Promise<CertificatePair> =>
  createCertificate({ commonName, organizations: ['test'], rsaBits: 2048, use: 'server', names: ['localhost', '127.0.0.1'], now: Date.now() });

/** Something that shows `certificate` on a port, and no more. */
async function show(certificate: CertificatePair, port = 0): Promise<{ target: string; thumbprint: string }> {
  server = createServer({ cert: certificate.certificate, key: certificate.key }, (socket) => {
    socket.on('error', () => undefined);
    socket.end();
  });
  await new Promise<void>((resolve) => server!.listen(port, '127.0.0.1', resolve));
  return { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, thumbprint: new X509Certificate(certificate.certificate).fingerprint };
}

async function start(target: string, options: WorldOptions = {}): Promise<World> {
  world = await createWorld({ script: { ls: ['ls-one'], inspect: ['inspect-by-id'] }, ...options, env: { VICK_TARGET: target, ...options.env } });
  return world;
}

const used = async (): Promise<(string | undefined)[]> => (await world!.calls()).map(({ env }) => env['VIC_MACHINE_THUMBPRINT']);

describe('the certificate of the target', () => {
  it('is refused without a terminal, with its thumbprint and both ways to accept it', async () => {
    const { target, thumbprint } = await show(await selfSigned('vcenter'));
    const { vick, fake } = await start(target);
    expect(await vick('list vch -o json')).toBe(4);
    expect(fake.stderr()).toContain('VIC_TARGET_CERTIFICATE');
    expect(fake.stderr()).toContain(`--thumbprint ${thumbprint}, or --accept-thumbprint`);
    expect(await used()).toEqual([]);
  });

  it('is accepted by the flag, remembered, and refused when it changes', async () => {
    const first = await selfSigned('vcenter');
    const { target, thumbprint } = await show(first);
    const { vick, fake, state } = await start(target);
    expect(await vick('list vch --accept-thumbprint'), fake.stderr()).toBe(0);
    expect(await vick('inspect vch vch1'), fake.stderr()).toBe(0);
    expect(await used()).toEqual([thumbprint, thumbprint]);
    const file = join(state, 'known_targets');
    expect(await readFile(file, 'utf8')).toContain(`${target} sha1 ${thumbprint} `);

    await new Promise((resolve) => server!.close(resolve));
    const other = await show(await selfSigned('somebody-else'), Number(target.split(':')[1]));
    expect(await vick('list vch --accept-thumbprint')).toBe(4);
    expect(fake.stderr()).toContain(`has changed: its thumbprint is ${other.thumbprint}, but ${thumbprint} is known since`);
    expect(await vick(`list vch --thumbprint ${other.thumbprint.toLowerCase().replaceAll(':', '')}`), fake.stderr()).toBe(0);
    expect(await vick('list vch'), fake.stderr()).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(other.thumbprint);
    expect(text).not.toContain(thumbprint);
  });

  it('prints the right thumbprint for a wrong one, and starts nothing', async () => {
    const { target, thumbprint } = await show(await selfSigned('vcenter'));
    const { vick, fake } = await start(target, { env: { VICK_THUMBPRINT: 'AA:'.repeat(19) + 'AA' } });
    expect(await vick('create vch web --no-tlsverify')).toBe(4);
    expect(fake.stderr()).toContain(`the thumbprint of ${target} is ${thumbprint}, not AA:AA:`);
    expect(await used()).toEqual([]);
  });

  it('is shown to a person before the password is asked for', async () => {
    const { target, thumbprint } = await show(await selfSigned('vcenter'));
    const { vick, fake } = await start(target, { terminal: true, answers: [true, 'typed-password'], env: { VICK_PASSWORD: '' } });
    expect(await vick('list vch'), fake.stderr()).toBe(0);
    expect(fake.asked[0]).toContain(thumbprint);
    expect(fake.asked[0]).toContain('CN=vcenter');
    expect(fake.asked[1]).toContain('Password of root');
    expect(await used()).toEqual([thumbprint]);
  });

  it('is not accepted by a no, nor by --yes', async () => {
    const { target } = await show(await selfSigned('vcenter'));
    const { vick, fake } = await start(target, { terminal: true, answers: [false] });
    expect(await vick('list vch')).toBe(4);
    expect(fake.stderr()).toContain('was not accepted');
    expect(await vick('list vch --yes')).toBe(4);
    expect(await used()).toEqual([]);
  });

  it('is left to vic-machine where nobody answers', async () => {
    const { vick, fake } = await start('127.0.0.1:1');
    expect(await vick('list vch'), fake.stderr()).toBe(0);
    expect(await used()).toEqual([undefined]);
  });
});
