/** Every check of a kubeconfig and of the cluster that it leads to, for `vick preflight` and at the start of create. */
import { X509Certificate } from 'node:crypto';
import type { EntryFinding } from '../../clients/kubernetes/kubeconfig-entries.ts';
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { ProbeTarget, ServerProbe } from '../../clients/kubernetes/probe.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Reporter } from '../../platform/talk.ts';
import { failed, failedWith, isFailure, passed, type Check } from './check.ts';
import { checkCluster } from './cluster-checks.ts';
import { checkAddress, checkCa, checkCertificate, checkEntries, checkKey, checkPortable, checkToken } from './kubeconfig-checks.ts';
import { CHECKS } from './names.ts';
import { CheckRunner } from './runner.ts';
import { checkClock, checkDns, checkReady, checkTcp, checkTls } from './server-checks.ts';

interface ClusterChoice {
  readonly path?: string | undefined;
  readonly context?: string | undefined;
}

export interface PreflightDeps {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly kubernetes: {
    readKubeconfig(choice: ClusterChoice): Promise<Kubeconfig>;
    connect(kubeconfig: Kubeconfig): Promise<KubernetesApi>;
    /** Absent: what is not the chosen context is not looked at. */
    examine?(choice: ClusterChoice): Promise<readonly EntryFinding[]>;
    /** Absent: the server is judged by its answers alone. */
    probe?(target: ProbeTarget, signal: AbortSignal): Promise<ServerProbe>;
  };
}

export interface PreflightRequest {
  readonly cluster: ClusterChoice;
  /** Undefined: no VCH is meant; permissions are asked for a node that does not exist. */
  readonly nodeName: string | undefined;
  /** Labels or taints will be set. */
  readonly patchesNode: boolean;
  readonly identity: 'node' | 'as-is';
  readonly serverAddress?: string | undefined;
  readonly loopbackAllowed: boolean;
  readonly skip: readonly string[];
}

export interface PreflightResult {
  /** Undefined where it cannot be used at all. */
  readonly kubeconfig: Kubeconfig | undefined;
  readonly checks: readonly Check[];
}

/** Stands in for a node where none is meant. */
const ANY_NODE = 'kubelet-preflight';

const OFFLINE = [CHECKS.portable, CHECKS.address, CHECKS.credentials, CHECKS.key, CHECKS.token, CHECKS.ca];
const NETWORK = [CHECKS.dns, CHECKS.tcp, CHECKS.tls, CHECKS.ready, CHECKS.clock];
const ONLINE = [CHECKS.reachable, CHECKS.version, CHECKS.accepted, CHECKS.permissions, CHECKS.nodeFree, CHECKS.lease];

export async function preflightCluster(request: PreflightRequest, deps: PreflightDeps, signal: AbortSignal): Promise<PreflightResult> {
  const runner = new CheckRunner(deps.reporter, request.skip, signal);
  const kubeconfig = await readIt(request, deps, runner);
  if (kubeconfig === undefined) {
    runner.notRun([CHECKS.entries, ...OFFLINE, ...NETWORK, ...ONLINE], 'there is no usable kubeconfig');
    return { kubeconfig, checks: runner.results };
  }
  const offline = await checkOffline(kubeconfig, request, deps, runner);
  await checkNetwork(kubeconfig, deps, runner, signal);
  // Expired or broken credentials explain every refusal that would follow; asking would only add noise.
  if (offline.some(isFailure)) runner.notRun(ONLINE, 'the credentials cannot be used');
  else await checkOnline(kubeconfig, request, deps, runner, signal);
  return { kubeconfig, checks: runner.results };
}

/** The kubeconfig cannot be left out: everything else hangs on it. */
async function readIt({ cluster }: PreflightRequest, deps: PreflightDeps, runner: CheckRunner): Promise<Kubeconfig | undefined> {
  let kubeconfig: Kubeconfig | undefined;
  await runner.run(CHECKS.kubeconfig, async () => {
    try {
      kubeconfig = await deps.kubernetes.readKubeconfig(cluster);
    } catch (error) {
      return isVickError(error) ? failedWith(CHECKS.kubeconfig, error) : failed(CHECKS.kubeconfig, 'KUBECONFIG_INVALID', 'the kubeconfig cannot be understood');
    }
    return passed(CHECKS.kubeconfig, `context "${kubeconfig.contextName}" of ${kubeconfig.path}`);
  });
  kubeconfig ??= runner.isSkipped(CHECKS.kubeconfig) ? await deps.kubernetes.readKubeconfig(cluster) : undefined;
  return kubeconfig;
}

/** The checks of the credentials themselves: a failure among them makes asking the cluster pointless. */
async function checkOffline(kubeconfig: Kubeconfig, request: PreflightRequest, deps: PreflightDeps, runner: CheckRunner): Promise<readonly Check[]> {
  const { identity, serverAddress, loopbackAllowed } = request;
  const facts = { kubeconfig, now: deps.clock.now(), loopbackAllowed, identity, serverAddress };
  const { kubernetes } = deps;
  if (kubernetes.examine !== undefined) await runner.run(CHECKS.entries, async () => checkEntries((await kubernetes.examine?.(request.cluster)) ?? []));
  await runner.run(CHECKS.portable, () => checkPortable(facts));
  if (serverAddress === undefined) runner.notRun([CHECKS.address], 'no address was given');
  else await runner.run(CHECKS.address, () => checkAddress(facts));
  const credentials = [await runner.run(CHECKS.credentials, () => checkCertificate(facts), 'credentials have not expired')];
  if (kubeconfig.user.certificatePem === undefined) runner.notRun([CHECKS.key], 'no client certificate');
  else credentials.push(await runner.run(CHECKS.key, () => checkKey(facts)));
  if (kubeconfig.user.token === undefined) runner.notRun([CHECKS.token], 'no token');
  else credentials.push(await runner.run(CHECKS.token, () => checkToken(facts)));
  await runner.run(CHECKS.ca, () => checkCa(facts));
  return credentials;
}

async function checkNetwork(kubeconfig: Kubeconfig, deps: PreflightDeps, runner: CheckRunner, signal: AbortSignal): Promise<void> {
  const { cluster } = kubeconfig;
  if (deps.kubernetes.probe === undefined) return;
  if (cluster.proxyUrl !== undefined) {
    runner.notRun(NETWORK, 'the server is behind a proxy');
    return;
  }
  if (NETWORK.every((about) => runner.isSkipped(about))) {
    runner.notRun(NETWORK, '');
    return;
  }
  const seen = await deps.kubernetes.probe({ server: cluster.server, caPem: cluster.caPem, tlsServerName: cluster.tlsServerName }, signal);
  const facts = { server: cluster.server, probe: seen, insecureSkipTlsVerify: cluster.insecureSkipTlsVerify, now: deps.clock.now() };
  const judges = [checkDns, checkTcp, checkTls, checkReady, checkClock];
  for (const [index, about] of NETWORK.entries()) await runner.run(about, () => judges[index]?.(facts) ?? passed(about));
}

async function checkOnline(kubeconfig: Kubeconfig, request: PreflightRequest, deps: PreflightDeps, runner: CheckRunner, signal: AbortSignal): Promise<void> {
  // What the network checks have found need not be found again by waiting for it.
  const cut = runner.results.find((check) => isFailure(check) && (check.name === CHECKS.dns.name || check.name === CHECKS.tcp.name));
  if (cut !== undefined) {
    runner.notRun(ONLINE, 'the API server cannot be reached');
    return;
  }
  let api: KubernetesApi;
  try {
    api = await deps.kubernetes.connect(kubeconfig);
  } catch (error) {
    signal.throwIfAborted();
    const why = isVickError(error)
      ? failedWith(CHECKS.accepted, error)
      : failed(CHECKS.accepted, 'KUBECONFIG_INVALID', `the kubeconfig cannot be used: ${String(error)}`);
    // A plug-in that fails here would fail the VCH too, which has been said.
    if (!runner.results.some((check) => isFailure(check) && check.name === CHECKS.portable.name)) runner.results.push(why);
    runner.notRun(
      ONLINE.filter((about) => about !== CHECKS.accepted),
      'the API server cannot be asked',
    );
    return;
  }
  try {
    const { nodeName = ANY_NODE, patchesNode, identity } = request;
    const needs = { nodeName, patchesNode, identity, now: deps.clock.now(), isNodeUser: isNodeUser(kubeconfig), isProbe: request.nodeName === undefined };
    await checkCluster(api, needs, runner, signal);
  } finally {
    await api.close();
  }
}

function isNodeUser({ user }: Kubeconfig): boolean {
  if (user.certificatePem === undefined) return false;
  try {
    return /^CN=system:node:/m.test(new X509Certificate(user.certificatePem).subject);
  } catch {
    return false;
  }
}
