/** Checks of a resolved kubeconfig that need no connection: can it work from inside a VCH, and are its parts good? */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { EntryFinding } from '../../clients/kubernetes/kubeconfig-entries.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { failed, passed, skipped, warned, type Check } from './check.ts';
import { readTokenClaims } from './jwt.ts';
import { CHECKS } from './names.ts';

export interface KubeconfigCheckInput {
  readonly kubeconfig: Kubeconfig;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The VCH shares this machine's loopback (a sandbox), or the operator insists. */
  readonly loopbackAllowed: boolean;
  /** `node`: the VCH gets an identity of its own, and nothing of the user; default `as-is`. */
  readonly identity?: 'node' | 'as-is' | undefined;
  /** `--k8s-server-address`, where it was given. */
  readonly serverAddress?: string | undefined;
}

const WEEK_MS = 7 * 24 * 3_600_000;

export function checkEntries(findings: readonly EntryFinding[]): Check {
  if (findings.length === 0) return passed(CHECKS.entries);
  const said = findings.map(({ what }) => what).join('; ');
  if (findings.some(({ severity }) => severity === 'error')) return failed(CHECKS.entries, 'KUBECONFIG_INVALID', said, 'Give each entry a name of its own.');
  return warned(CHECKS.entries, said);
}

export function checkPortable({ kubeconfig, loopbackAllowed, identity, serverAddress }: KubeconfigCheckInput): Check {
  const { cluster, user, contextName } = kubeconfig;
  const about = CHECKS.portable;
  const fail = (why: string, hint: string): Check => failed(about, 'KUBECONFIG_INVALID', why, hint);
  if (identity !== 'node' && (user.kind === 'exec' || user.kind === 'auth-provider')) {
    const why = `user "${user.name}" of context "${contextName}" logs in with a program (${user.kind}), which the VCH does not have`;
    return fail(why, 'Use a context whose user has a client certificate or a token: --context NAME.');
  }
  if (identity !== 'node' && user.kind === 'anonymous') {
    return fail(`context "${contextName}" has no credentials`, 'Use a context with a user: --context NAME.');
  }
  const server = identity === 'node' && serverAddress !== undefined ? serverAddress : cluster.server;
  if (isLoopback(new URL(server).hostname) && !loopbackAllowed) {
    const why = `the server ${server} of context "${contextName}" is this machine itself; from inside the VCH that address leads back to the VCH`;
    return fail(why, 'Use a kubeconfig with an address the VCH can reach, or --allow-loopback when the VCH runs on this machine.');
  }
  if (cluster.server.startsWith('http:')) {
    if (identity !== 'node') return warned(about, `the server ${cluster.server} is plain http: the VCH sends its credentials in the clear`);
    return fail(`the server ${cluster.server} is plain http, where no certificate says who the node is`, 'Use the https address of the API server.');
  }
  if (cluster.proxyUrl !== undefined) {
    const proxy = hostOf(cluster.proxyUrl);
    if (proxy === undefined) return fail(`cluster "${cluster.name}" has the proxy-url ${JSON.stringify(cluster.proxyUrl)}, which is no URL`, 'Correct it.');
    if (isLoopback(proxy) && !loopbackAllowed) {
      return fail(`cluster "${cluster.name}" is reached through a proxy on this machine, which the VCH cannot use`, 'Use a context without proxy-url.');
    }
    return warned(about, `cluster "${cluster.name}" is reached through a proxy; the VCH must reach that proxy too`);
  }
  if (cluster.insecureSkipTlsVerify) return warned(about, `cluster "${cluster.name}" skips TLS verification, and so will the VCH`);
  return passed(about);
}

/** The kubelet uses the server of its kubeconfig, whatever the address says (vmware/vic feature/wolfpack, kubelet-starter). */
export function checkAddress({ kubeconfig, identity, serverAddress }: KubeconfigCheckInput): Check {
  const about = CHECKS.address;
  if (serverAddress === undefined) return passed(about);
  const [own, given] = [new URL(kubeconfig.cluster.server), new URL(serverAddress)];
  const port = (url: URL): string => url.port || (url.protocol === 'http:' ? '80' : '443');
  if (own.hostname === given.hostname && port(own) === port(given)) return passed(about);
  if (identity === 'node') {
    const as = isIP(own.hostname.replace(/^\[|\]$/g, '')) === 0 ? `, under the name ${kubeconfig.cluster.tlsServerName ?? own.hostname}` : '';
    return passed(about, `the VCH connects to ${serverAddress} instead of ${own.origin}${as}`);
  }
  return warned(
    about,
    `--k8s-server-address is ${serverAddress}, but the kubelet connects to the server of the kubeconfig, ${own.origin}`,
    'Give a kubeconfig with that server, or leave --k8s-server-address out.',
  );
}

/** The client certificate's own dates: the server's 401 would not say that it has expired, nor when. */
export function checkCertificate({ kubeconfig, now, identity }: KubeconfigCheckInput): Check {
  const { user } = kubeconfig;
  const about = CHECKS.credentials;
  if (user.certificatePem === undefined) return passed(about, `user "${user.name}" logs in ${wayOf(user.kind)}`);
  const certificate = readCertificate(user.certificatePem);
  if (certificate === undefined) {
    return failed(about, 'KUBECONFIG_INVALID', `the client certificate of user "${user.name}" cannot be read`, `Check it in ${kubeconfig.path}.`);
  }
  const from = Date.parse(certificate.validFrom);
  const until = Date.parse(certificate.validTo);
  const renew = 'Renew it (kubeadm certs renew admin.conf), or use another context.';
  if (now > until) return failed(about, 'KUBE_UNAUTHENTICATED', `the client certificate of user "${user.name}" expired on ${rfc3339(until)}`, renew);
  if (now < from) {
    return failed(
      about,
      'KUBE_UNAUTHENTICATED',
      `the client certificate of user "${user.name}" is not valid before ${rfc3339(from)}`,
      'Check the clock of this machine.',
    );
  }
  if (until - now < WEEK_MS) {
    const then = identity === 'node' ? '' : '; the node stops working then';
    return warned(about, `the client certificate of user "${user.name}" expires on ${rfc3339(until)}${then}`, renew);
  }
  return passed(about, `valid until ${rfc3339(until)}`);
}

export function checkKey({ kubeconfig: { user, path } }: KubeconfigCheckInput): Check {
  const about = CHECKS.key;
  if (user.certificatePem === undefined || user.keyPem === undefined) return skipped(about, 'no client certificate');
  const certificate = readCertificate(user.certificatePem);
  if (certificate === undefined) return skipped(about, 'the client certificate cannot be read');
  try {
    if (certificate.checkPrivateKey(createPrivateKey(user.keyPem))) return passed(about);
  } catch (error) {
    const encrypted = user.keyPem.includes('ENCRYPTED');
    const why = encrypted ? 'is encrypted, and a kubeconfig has no place for its passphrase' : `cannot be read: ${messageOf(error)}`;
    return failed(about, 'KUBECONFIG_INVALID', `the client key of user "${user.name}" ${why}`, `Check it in ${path}.`);
  }
  const why = `the client key of user "${user.name}" is not the one of its certificate`;
  return failed(about, 'KUBECONFIG_INVALID', why, 'Take both from the same place; the one file was probably renewed without the other.');
}

/** Tokens that are JWTs say themselves until when they are good; others do not. */
export function checkToken({ kubeconfig: { user }, now, identity }: KubeconfigCheckInput): Check {
  const about = CHECKS.token;
  if (user.token === undefined) return skipped(about, 'no token');
  const claims = readTokenClaims(user.token);
  if (claims?.expiresAt === undefined) return passed(about, claims === undefined ? 'it does not say until when it is good' : 'it does not expire');
  const until = rfc3339(claims.expiresAt);
  const fresh = 'Log in again, or make one: kubectl create token NAME --duration=…';
  if (now >= claims.expiresAt) return failed(about, 'KUBE_UNAUTHENTICATED', `the token of user "${user.name}" expired on ${until}`, fresh);
  if (claims.notBefore !== undefined && now < claims.notBefore) {
    return failed(about, 'KUBE_UNAUTHENTICATED', `the token of user "${user.name}" is not valid before ${rfc3339(claims.notBefore)}`, 'Check the clock.');
  }
  if (identity !== 'node' && claims.expiresAt - now < 365 * 24 * 3_600_000) {
    return warned(about, `the token of user "${user.name}" expires on ${until}; the node stops working then`, 'Use --kubelet-identity=node.');
  }
  return passed(about, `valid until ${until}`);
}

export function checkCa({ kubeconfig: { cluster, path }, now }: KubeconfigCheckInput): Check {
  const about = CHECKS.ca;
  if (cluster.server.startsWith('http:')) return skipped(about, 'plain http');
  if (cluster.insecureSkipTlsVerify) return skipped(about, 'insecure-skip-tls-verify is set');
  if (cluster.caPem === undefined) {
    return warned(about, `cluster "${cluster.name}" names no CA: the VCH trusts only well-known ones`, 'Add certificate-authority-data.');
  }
  const blocks = cluster.caPem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const certificates = blocks.map(readCertificate);
  const usable = certificates.filter((certificate) => certificate !== undefined);
  if (usable.length === 0) return failed(about, 'KUBECONFIG_INVALID', `the CA of cluster "${cluster.name}" cannot be read`, `Check it in ${path}.`);
  const current = usable.filter((certificate) => Date.parse(certificate.validTo) > now && Date.parse(certificate.validFrom) <= now);
  if (current.length === 0) {
    const until = rfc3339(Math.max(...usable.map((certificate) => Date.parse(certificate.validTo))));
    return failed(about, 'KUBE_TLS', `the CA of cluster "${cluster.name}" is not valid now (until ${until})`, 'Take the present CA from the cluster.');
  }
  if (!current.some((certificate) => certificate.ca)) {
    const why = `the CA of cluster "${cluster.name}" is a certificate that may sign no others`;
    return warned(about, why, 'Many clients, Go programs among them, trust it only for the very server it belongs to.');
  }
  const unread = certificates.length - usable.length;
  return unread > 0 ? warned(about, `${unread} of ${certificates.length} certificates in the CA of cluster "${cluster.name}" cannot be read`) : passed(about);
}

/** True for names and addresses that mean the machine itself. */
export function isLoopback(host: string): boolean {
  const name = host
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
    .replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  if (isIP(name) === 4) return name.startsWith('127.') || name === '0.0.0.0';
  return name === '::1' || name === '::' || /^::ffff:(?:127\.|7f)/.test(name);
}

function wayOf(kind: Kubeconfig['user']['kind']): string {
  if (kind === 'exec' || kind === 'auth-provider') return `with a program (${kind})`;
  return kind === 'token' ? 'with a token' : kind === 'anonymous' ? 'without credentials' : 'with a password';
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
