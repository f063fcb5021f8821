/** What an unauthenticated look at the API server says: name, connection, TLS, readiness, clock. Pure. */
import type { ServerProbe } from '../../clients/kubernetes/probe.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { failed, passed, skipped, warned, type Check } from './check.ts';
import { CHECKS } from './names.ts';

export interface ProbedServer {
  readonly server: string;
  readonly probe: ServerProbe;
  readonly insecureSkipTlsVerify: boolean;
  readonly now: number;
}

const WEEK_MS = 7 * 24 * 3_600_000;
/** Certificates and tokens are judged by both clocks: a minute is nothing, five fail logins (token review allows none). */
const SKEW_WARN_MS = 60_000;
const SKEW_FAIL_MS = 300_000;

export function checkDns({ server, probe }: ProbedServer): Check {
  const { hostname } = new URL(server);
  if ('error' in probe.dns) {
    return failed(
      CHECKS.dns,
      'KUBE_UNREACHABLE',
      `${hostname} cannot be resolved: ${probe.dns.error}`,
      `Check the server in the kubeconfig and DNS: getent hosts ${hostname}`,
    );
  }
  return passed(CHECKS.dns, probe.dns.addresses.join(', '));
}

export function checkTcp({ server, probe }: ProbedServer): Check {
  if (probe.tcp === undefined) return skipped(CHECKS.tcp, 'the name does not resolve');
  if ('error' in probe.tcp) {
    return failed(
      CHECKS.tcp,
      'KUBE_UNREACHABLE',
      `${server} takes no connection: ${probe.tcp.error}`,
      'Check the address, firewalls, and whether the API server runs.',
    );
  }
  return passed(CHECKS.tcp, probe.tcp.address);
}

export function checkTls({ server, probe, insecureSkipTlsVerify, now }: ProbedServer): Check {
  const about = CHECKS.tls;
  if (probe.tls === undefined) return skipped(about, server.startsWith('http:') ? 'plain http' : 'there is no connection');
  if ('error' in probe.tls) return failed(about, 'KUBE_TLS', `${server} speaks no TLS: ${probe.tls.error}`, 'Check that this is the port of the API server.');
  const { untrusted, validTo, names, protocol } = probe.tls;
  if (untrusted !== undefined) {
    const why = `the certificate of ${server} is not trusted: ${untrusted}${names === '' ? '' : ` (it is for ${names})`}`;
    if (insecureSkipTlsVerify) return warned(about, why, 'insecure-skip-tls-verify hides this from vick and from the VCH alike.');
    return failed(about, 'KUBE_TLS', why, 'Compare the CA in the kubeconfig with that of the cluster, and the name with those of the certificate.');
  }
  if (validTo - now < WEEK_MS) return warned(about, `the certificate of ${server} expires on ${rfc3339(validTo)}`, 'Renew it: kubeadm certs renew apiserver');
  return passed(about, `${protocol}, valid until ${rfc3339(validTo)}`);
}

export function checkReady({ server, probe }: ProbedServer): Check {
  const about = CHECKS.ready;
  if (probe.ready === undefined) return skipped(about, 'there is no connection');
  if ('error' in probe.ready) return failed(about, 'KUBE_UNREACHABLE', `${server}/readyz: ${probe.ready.error}`, 'Check that this is the API server.');
  const { status, body } = probe.ready;
  if (status === 200) return passed(about);
  // Where anonymous requests are off, this is still an answer of the API server.
  if (status === 401 || status === 403) return passed(about, 'answers only those who log in');
  const bad = body.split('\n').filter((line) => line.startsWith('[-]'));
  const why = `${server}/readyz answers ${status}${bad.length === 0 ? '' : `: ${bad.join('; ')}`}`;
  if (status >= 500) return failed(about, 'KUBE_UNREACHABLE', why, `See what it lacks: kubectl get --raw '/readyz?verbose'`);
  return warned(about, why, 'This may be no API server, or an old one.');
}

export function checkClock({ probe, now }: ProbedServer): Check {
  const about = CHECKS.clock;
  const date = probe.ready !== undefined && 'date' in probe.ready ? probe.ready.date : undefined;
  if (date === undefined) return skipped(about, 'the server did not say its time');
  const skew = now - date;
  const size = Math.abs(skew);
  if (size < SKEW_WARN_MS) return passed(about);
  const why = `this machine is ${Math.round(size / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} the API server`;
  const hint = 'Set both clocks by NTP: certificates and tokens are judged by them.';
  return size < SKEW_FAIL_MS ? warned(about, why, hint) : failed(about, 'PREFLIGHT', why, hint);
}
