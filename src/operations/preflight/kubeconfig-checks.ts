/** Checks of a resolved kubeconfig that need no connection: can it work from inside a VCH, and has it expired? */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { failed, passed, warned, type Check } from './check.ts';

export interface KubeconfigCheckInput {
  readonly kubeconfig: Kubeconfig;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The VCH shares this machine's loopback (a sandbox), or the operator insists. */
  readonly loopbackAllowed: boolean;
}

const PORTABLE = { name: 'kubeconfig-portable', title: 'kubeconfig works from inside the VCH' } as const;
const CREDENTIALS = { name: 'credentials-valid', title: 'client certificate is valid' } as const;
const WEEK_MS = 7 * 24 * 3_600_000;

export function checkPortable({ kubeconfig, loopbackAllowed }: KubeconfigCheckInput): Check {
  const { cluster, user, contextName } = kubeconfig;
  if (user.kind === 'exec' || user.kind === 'auth-provider') {
    const why = `user "${user.name}" of context "${contextName}" logs in with a program (${user.kind}), which the VCH does not have`;
    return failed(PORTABLE, 'KUBECONFIG_INVALID', why, 'Use a context whose user has a client certificate or a token: --context NAME.');
  }
  if (user.kind === 'anonymous') {
    return failed(PORTABLE, 'KUBECONFIG_INVALID', `context "${contextName}" has no credentials`, 'Use a context with a user: --context NAME.');
  }
  const host = new URL(cluster.server).hostname;
  if (isLoopback(host) && !loopbackAllowed) {
    const why = `the server ${cluster.server} of context "${contextName}" is this machine itself; from inside the VCH that address leads back to the VCH`;
    return failed(
      PORTABLE,
      'KUBECONFIG_INVALID',
      why,
      'Use a kubeconfig with an address the VCH can reach, or --allow-loopback when the VCH runs on this machine.',
    );
  }
  if (cluster.server.startsWith('http:')) return warned(PORTABLE, `the server ${cluster.server} is plain http: the VCH sends its credentials in the clear`);
  if (cluster.insecureSkipTlsVerify) return warned(PORTABLE, `cluster "${cluster.name}" skips TLS verification, and so will the VCH`);
  if (cluster.proxyUrl !== undefined) return warned(PORTABLE, `cluster "${cluster.name}" is reached through a proxy; the VCH must reach that proxy too`);
  return passed(PORTABLE);
}

/** The client certificate's own dates: the server's 401 would not say that it has expired, nor when. */
export function checkCertificate({ kubeconfig, now }: KubeconfigCheckInput): Check {
  const { user } = kubeconfig;
  if (user.certificatePem === undefined) return passed(CREDENTIALS, `user "${user.name}" logs in with a ${user.kind === 'token' ? 'token' : 'password'}`);
  const certificate = readCertificate(user.certificatePem);
  if (certificate === undefined) {
    return failed(CREDENTIALS, 'KUBECONFIG_INVALID', `the client certificate of user "${user.name}" cannot be read`, `Check it in ${kubeconfig.path}.`);
  }
  const from = Date.parse(certificate.validFrom);
  const until = Date.parse(certificate.validTo);
  const renew = 'Renew it (kubeadm certs renew admin.conf), or use another context.';
  if (now > until) return failed(CREDENTIALS, 'KUBE_UNAUTHENTICATED', `the client certificate of user "${user.name}" expired on ${rfc3339(until)}`, renew);
  if (now < from) {
    return failed(
      CREDENTIALS,
      'KUBE_UNAUTHENTICATED',
      `the client certificate of user "${user.name}" is not valid before ${rfc3339(from)}`,
      'Check the clock of this machine.',
    );
  }
  if (until - now < WEEK_MS) {
    return warned(CREDENTIALS, `the client certificate of user "${user.name}" expires on ${rfc3339(until)}; the node stops working then`, renew);
  }
  return passed(CREDENTIALS, `valid until ${rfc3339(until)}`);
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

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
