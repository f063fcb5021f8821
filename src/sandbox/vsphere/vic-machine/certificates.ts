import { X509Certificate, createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { isAbsolute, join, normalize } from 'node:path';
import { createCertificate, type CertificatePair } from '../../certificates.ts';
import { addressesOf, parseCidr } from './addresses.ts';
import type { RoleNetwork } from './networks.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { goFileError } from './log.ts';

/** What create knows of TLS when its arguments are read. */
export interface Certificates {
  readonly server?: CertificatePair;
  /** PEM of who may sign client certificates. */
  readonly clientCa?: string;
  readonly client?: CertificatePair;
  /** As given or `<name>`; the env file goes there. */
  readonly folder: string;
  /** Paths for the docker command line, where there are client certificates. */
  readonly files?: { readonly ca: string; readonly certificate: string; readonly key: string };
}

interface Networks {
  readonly client: RoleNetwork;
  readonly public: RoleNetwork;
  readonly management: RoleNetwork;
}

/** Loads or makes the certificates. Throws CommandFailure. (vmware/vic cmd/vic-machine/common/certificate.go) */
export async function readCertificates(run: Invocation, name: string, networks: Networks): Promise<Certificates> {
  const { flags, log } = run;
  const folder = flags.text('tls-cert-path') || name;
  const noVerify = flags.bool('no-tlsverify');
  if (flags.bool('no-tls')) {
    log.warn('Configuring without TLS - all communications will be insecure');
    return { folder };
  }
  if ((flags.text('tls-server-cert') === '') !== (flags.text('tls-server-key') === '')) {
    throw new CommandFailure('key and cert should be specified at the same time');
  }
  const commonName = chooseName(run, networks);
  let loaded: Loaded = {};
  try {
    loaded = await load(run, folder, commonName);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    log.error(`Unable to load certificates: ${error.message}`);
    if (!flags.bool('force')) throw error;
    log.warn('Ignoring error loading certificates due to --force');
  }
  let made: Loaded = {};
  try {
    made = await generate(run, { folder, name, commonName, server: loaded.server === undefined, client: !noVerify && loaded.ca === undefined });
  } catch (error) {
    log.error('cannot continue: unable to generate certificates');
    throw error;
  }
  const server = loaded.server ?? made.server;
  const ca = loaded.ca ?? made.ca;
  const client = loaded.client ?? made.client;
  if (noVerify || ca === undefined) {
    log.warn('Configuring without TLS verify - certificate-based authentication disabled');
    return { folder, ...(server === undefined ? {} : { server }) };
  }
  const file = (part: string) => join(folder, part);
  const files = { ca: file('ca.pem'), certificate: file('cert.pem'), key: file('key.pem') };
  return { folder, clientCa: ca, ...(server === undefined ? {} : { server }), ...(client === undefined ? {} : { client, files }) };
}

function chooseName({ flags, log }: Invocation, networks: Networks): string {
  const given = flags.text('tls-cname');
  if (given !== '') return given;
  const clientGroup = networks.client.portGroup;
  const same = {
    client: true,
    public: networks.public.portGroup === clientGroup || clientGroup === '',
    management: networks.management.portGroup === clientGroup || (clientGroup === '' && networks.management.portGroup === networks.public.portGroup),
  };
  const role = (['client', 'public', 'management'] as const).find((candidate) => networks[candidate].ip !== undefined && same[candidate]);
  if (role === undefined) return '';
  const text = flags.text(`${role}-network-ip`);
  log.info(`Using ${role}-network-ip as cname where needed - use --tls-cname to override: ${text}`);
  return parseCidr(text)?.address ?? text;
}

interface Loaded {
  readonly server?: CertificatePair;
  readonly ca?: string;
  readonly client?: CertificatePair;
}

async function load(run: Invocation, folder: string, commonName: string): Promise<Loaded> {
  const { io, flags, log } = run;
  const at = (path: string) => (isAbsolute(path) ? path : join(io.cwd, path));
  const read = (path: string) => io.fs.readText(at(path));
  let ca: string | undefined;
  for (const file of flags.list('tls-ca')) {
    try {
      ca = (ca ?? '') + (await read(file));
    } catch (error) {
      throw new CommandFailure(`Failed to load authority from file ${file}: open ${file}: ${goFileError(error)}`);
    }
    log.info(`Loaded CA from ${file}`);
  }
  const given = ca === undefined ? {} : { ca };
  const explicit = flags.text('tls-server-cert') !== '';
  const certificateFile = explicit ? flags.text('tls-server-cert') : join(folder, 'server-cert.pem');
  const keyFile = explicit ? flags.text('tls-server-key') : join(folder, 'server-key.pem');
  const pair = await readPair(run, certificateFile, keyFile, read);
  if ('problem' in pair) {
    if (!explicit && pair.absent) return given;
    log.error(`Failed to load certificate: ${pair.problem}`);
    throw new CommandFailure(pair.problem);
  }
  const certificate = pair.parsed;
  const subject = /(?:^|\n)CN=(.*)/.exec(certificate.subject)?.[1] ?? '';
  if (commonName !== '' && subject !== commonName) {
    log.error(`Provided cname does not match that in existing server certificate: ${subject}`);
    throw new CommandFailure(`cname option doesn't match existing server certificate in certificate path ${folder}`);
  }
  log.info(`Loaded server certificate ${certificateFile}`);
  const server = pair.pair;
  if (flags.bool('no-tlsverify') || ca !== undefined) return { server, ...given };
  const own = await io.fs.readTextIfExists(at(join(folder, 'ca.pem')));
  if (own === undefined) return { server };
  log.info(`Loaded CA with default name from certificate path ${folder}`);
  const client = await readPair(run, join(folder, 'cert.pem'), join(folder, 'key.pem'), read);
  if ('problem' in client) {
    log.warn(`Unable to load client certificate - validation of API endpoint will be best effort only: ${client.problem}`);
    return { server, ca: own };
  }
  if (!client.parsed.verify(new X509Certificate(own).publicKey)) return { server, ca: own };
  log.info(`Loaded client certificate with default name from certificate path ${folder}`);
  return { server, ca: own, client: client.pair };
}

type ReadPair = { readonly pair: CertificatePair; readonly parsed: X509Certificate } | { readonly problem: string; readonly absent: boolean };

async function readPair(_run: Invocation, certificateFile: string, keyFile: string, read: (path: string) => Promise<string>): Promise<ReadPair> {
  const texts: string[] = [];
  for (const file of [certificateFile, keyFile]) {
    try {
      texts.push(await read(file));
    } catch (error) {
      return { problem: `open ${file}: ${goFileError(error)}`, absent: (error as { code?: unknown }).code === 'ENOENT' };
    }
  }
  const [certificate = '', key = ''] = texts;
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return { problem: 'tls: private key does not match public key', absent: false };
    return { pair: { certificate, key }, parsed };
  } catch {
    return { problem: 'tls: failed to find any PEM data in certificate input', absent: false };
  }
}

interface Wanted {
  readonly folder: string;
  readonly name: string;
  readonly commonName: string;
  readonly server: boolean;
  readonly client: boolean;
}

async function generate(run: Invocation, wanted: Wanted): Promise<Loaded> {
  const { io, flags, log } = run;
  const { folder, name, commonName, server, client } = wanted;
  if (!server && !client) return {};
  const path = isAbsolute(folder) ? folder : join(io.cwd, folder);
  const present = (await io.fs.info(path)) === undefined ? [] : await io.fs.list(path);
  if (present.length > 0) {
    throw new CommandFailure(
      `Specified directory to store certificates is not empty. Specify a new path in which to store generated certificates using --tls-cert-path or remove the contents of "${folder}" and run vic-machine again.`,
    );
  }
  await io.fs.makeDirectory(path, { mode: 0o700 });
  const rsaBits = flags.number('certificate-key-size') ?? 2048;
  const now = io.clock.now();
  const save = async (pair: CertificatePair, certificateFile: string, keyFile: string) => {
    await io.fs.writeFile(join(path, certificateFile), pair.certificate, { mode: 0o644 });
    await io.fs.writeFile(join(path, keyFile), pair.key, { mode: 0o600 });
    return pair;
  };
  const names = { ...(commonName === '' ? {} : { commonName }), names: await alternativeNames(commonName) };
  if (server && !client) {
    log.info(`Generating self-signed certificate/key pair - private key in ${join(folder, 'server-key.pem')}`);
    const pair = await createCertificate({ ...names, organizations: ['default'], rsaBits, use: 'server', now });
    return { server: await save(pair, 'server-cert.pem', 'server-key.pem') };
  }
  if (commonName === '') {
    log.error('Common Name must be provided when generating certificates for client authentication:');
    log.info('  --tls-cname=<FQDN or static IP> # for the appliance VM');
    log.info('  --tls-cname=<*.yourdomain.com>  # if DNS has entries in that form for DHCP addresses (less secure)');
    log.info('  --no-tlsverify                  # disables client authentication (anyone can connect to the VCH)');
    log.info('  --no-tls                        # disables TLS entirely');
    log.info('');
    throw new CommandFailure('provide Common Name for server certificate');
  }
  const given = flags.list('organization').length === 0 ? [name] : flags.list('organization');
  const organizations = given.length === 1 && !commonName.startsWith('*') ? [...given, commonName] : given;
  log.info(`Generating CA certificate/key pair - private key in ${join(folder, 'ca-key.pem')}`);
  const ca = await save(await createCertificate({ organizations, rsaBits, use: 'authority', now }), 'ca.pem', 'ca-key.pem');
  let serverPair: CertificatePair | undefined;
  if (server) {
    log.info(`Generating server certificate/key pair - private key in ${join(folder, 'server-key.pem')}`);
    serverPair = await save(await createCertificate({ ...names, organizations, rsaBits, use: 'server', issuer: ca, now }), 'server-cert.pem', 'server-key.pem');
  }
  log.info(`Generating client certificate/key pair - private key in ${join(folder, 'key.pem')}`);
  // The subject is the authority's own, as in the real one. Unlike there an authority key id tells them apart, so OpenSSL accepts it.
  const clientPair = await save(await createCertificate({ organizations, rsaBits, use: 'client', issuer: ca, now }), 'cert.pem', 'key.pem');
  await makePfx(run, normalize(folder));
  return { ca: ca.certificate, client: clientPair, ...(serverPair === undefined ? {} : { server: serverPair }) };
}

async function alternativeNames(commonName: string): Promise<readonly string[]> {
  if (commonName === '' || isIP(commonName) !== 0) return commonName === '' ? [] : [commonName];
  return [commonName, ...(await addressesOf(commonName))];
}

async function makePfx({ io, log }: Invocation, folder: string): Promise<void> {
  const at = (file: string) => `${folder}/${file}`;
  const args = ['pkcs12', '-export', '-out', at('cert.pfx'), '-inkey', at('key.pem'), '-in', at('cert.pem'), '-certfile', at('ca.pem'), '-password', 'pass:'];
  const failed = (reason: string) => log.warn(`Failed to generate browser friendly PFX client certificate: ${reason}`);
  if (io.runner === undefined) {
    failed('exec: "openssl": executable file not found in $PATH');
    return;
  }
  try {
    const result = await io.runner.run({ file: 'openssl', args, cwd: io.cwd, env: { PATH: io.env['PATH'] ?? '' } }, { signal: io.signal });
    if (result.exitCode !== 0) {
      failed(`exit status ${String(result.exitCode)}`);
      return;
    }
    log.info(`Generated browser friendly PFX client certificate - certificate in ${at('cert.pfx')}`);
  } catch {
    failed('exec: "openssl": executable file not found in $PATH');
  }
}
