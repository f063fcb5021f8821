/** Every check of `create vch`, in order, as steps; all failures are reported together before anything is touched. */
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import { flattenKubeconfig } from '../../clients/kubernetes/flatten-kubeconfig.ts';
import { targetHost } from './target.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import { failed, failedWith, passed, refuseFailures, skipped, warned, type Check } from '../preflight/check.ts';
import { isLoopback } from '../preflight/kubeconfig-checks.ts';
import { preflightCluster } from '../preflight/preflight.ts';
import { asStep } from '../preflight/run-checks.ts';
import type { CreateVchInput } from './create-input.ts';
import { findVch } from './find-vch.ts';
import { findImages, type FoundImages } from './images.ts';
import { nodeNameOf } from './name.ts';
import { needsNode } from './plan-create.ts';
import type { ClusterChoice, VchDeps } from './ports.ts';
import { openVicMachine, type VicSession } from './vic-session.ts';

/** Questions that vic-machine answers by itself, without vSphere. */
const PROBE_LIMIT_MS = 30_000;

export interface CreateReady {
  readonly kubeconfig: Kubeconfig;
  /** The operator's, self-contained, for the VCH; empty where the node gets an identity of its own. */
  readonly kubeconfigText: string;
  readonly session: VicSession;
  readonly images: FoundImages;
  readonly checks: readonly Check[];
}

const BINARY = { name: 'vic-machine', title: 'vic-machine is there' } as const;
const FLAGS = { name: 'vic-machine-flags', title: 'vic-machine knows the options' } as const;
const TARGET = { name: 'vsphere-target', title: 'vSphere target accepts the login' } as const;
const NAME_FREE = { name: 'vch-name-free', title: 'VCH name is free' } as const;

export async function preflightCreate(
  input: CreateVchInput,
  cluster: ClusterChoice,
  vicMachine: string | undefined,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<CreateReady> {
  const kube = await checkKubernetes(input, cluster, deps, signal);
  const vic = await checkVic(input, vicMachine, deps, signal);
  const checks = [...kube.checks, ...vic.checks];
  refuseFailures(checks, `create vch ${input.name}`);
  if (kube.kubeconfig === undefined || vic.session === undefined) throw new VickError('BUG', 'preflight passed without a kubeconfig or vic-machine');
  return {
    kubeconfig: kube.kubeconfig,
    kubeconfigText: mintsIdentity(input, deps) ? '' : flattenKubeconfig(kube.kubeconfig),
    session: vic.session,
    images: vic.images,
    checks,
  };
}

async function checkKubernetes(
  input: CreateVchInput,
  cluster: ClusterChoice,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<{ kubeconfig: Kubeconfig | undefined; checks: readonly Check[] }> {
  return preflightCluster(
    {
      cluster,
      nodeName: nodeNameOf(input.name),
      patchesNode: needsNode(input),
      identity: mintsIdentity(input, deps) ? 'node' : 'as-is',
      serverAddress: input.serverAddress,
      loopbackAllowed: loopbackAllowed(input),
      skip: input.skip ?? [],
    },
    deps,
    signal,
  );
}

/** True when the kubelet gets an identity of its own, and the VCH nothing of the operator's. */
function mintsIdentity(input: CreateVchInput, deps: VchDeps): boolean {
  return deps.identity !== undefined && input.kubeletIdentity === 'node';
}

/** A VCH whose vSphere is on this machine runs on this machine too. */
function loopbackAllowed(input: CreateVchInput): boolean {
  return input.allowLoopback || isLoopback(targetHost(input.target.target));
}

async function checkVic(
  input: CreateVchInput,
  explicit: string | undefined,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<{ session: VicSession | undefined; images: FoundImages; checks: readonly Check[] }> {
  let session: VicSession | undefined;
  const binary = await asStep(deps.reporter, BINARY.title, async () => {
    try {
      session = await openVicMachine(deps, explicit);
      return passed(BINARY, session.vic.binary);
    } catch (error) {
      return failedWith(BINARY, error);
    }
  });
  const images = await findImages({
    binary: session?.vic.binary,
    cwd: deps.cwd,
    applianceIso: input.applianceIso,
    bootstrapIso: input.bootstrapIso,
    fs: deps.fs,
  });
  // Where vic-machine is missing, the images that lie beside it cannot be found either.
  if (session === undefined) return { session, images, checks: [binary] };
  const { vic, query } = session;
  const flags = await asStep(deps.reporter, FLAGS.title, () =>
    checkFlags(
      input,
      vic.binary,
      () => vic.createFlags({ ...query(signal, PROBE_LIMIT_MS), onLine: undefined }),
      async () => (await vic.version(query(signal, PROBE_LIMIT_MS)))?.text,
    ),
  );
  for (const image of images.checks) await asStep(deps.reporter, image.title, () => image);
  const target = await checkTarget(input, session, deps, signal);
  return { session, images, checks: [binary, flags, ...images.checks, ...target] };
}

async function checkFlags(
  input: CreateVchInput,
  binary: string,
  ask: () => Promise<ReadonlySet<string>>,
  version: () => Promise<string | undefined>,
): Promise<Check> {
  try {
    const known = await ask();
    if (!known.has('--k8s-server-address') || !known.has('--k8s-config')) {
      const which =
        known.size === 0
          ? `${binary} does not list its options; it may be no vic-machine`
          : `${binary} (${(await version()) ?? 'unknown version'}) has no Kubernetes options`;
      return failed(
        FLAGS,
        'VIC_MACHINE_TOO_OLD',
        which,
        'Use a build of the branch feature/wolfpack (v1.5.0-dev); no release has --k8s-server-address and --k8s-config.',
      );
    }
    const unknown = [...input.extra.flags].filter((flag) => !known.has(flag));
    if (unknown.length > 0) return failed(FLAGS, 'USAGE', `${binary} does not know ${unknown.join(', ')}`, `See what it knows with: ${binary} create -x`);
    return passed(FLAGS);
  } catch (error) {
    return failedWith(FLAGS, error);
  }
}

/** `ls` logs in and lists: wrong credentials, an untrusted certificate and a taken name show before create has made anything. */
async function checkTarget(input: CreateVchInput, { vic, query }: VicSession, deps: VchDeps, signal: AbortSignal): Promise<readonly Check[]> {
  let nameFree: Check = skipped(NAME_FREE, 'VCHs could not be listed');
  const target = await asStep(deps.reporter, `${input.target.target} accepts the login`, async () => {
    try {
      const existing = findVch(await vic.list(input.target, { computeResource: input.computeResource }, query(signal)), { name: input.name });
      nameFree =
        existing === undefined
          ? passed(NAME_FREE)
          : failed(
              NAME_FREE,
              'VCH_EXISTS',
              `a VCH called ${input.name} exists already: ${existing.id} in ${existing.path}`,
              `Choose another name, or remove it with: vick delete vch ${input.name}`,
            );
      return passed(TARGET);
    } catch (error) {
      signal.throwIfAborted();
      if (!isVickError(error)) throw error;
      if (error.code === 'USAGE') nameFree = failed(NAME_FREE, 'VCH_EXISTS', messageOf(error), error.hint);
      else if (DECISIVE.has(error.code)) return failedWith(TARGET, error);
      return error.code === 'USAGE' ? passed(TARGET) : warned(TARGET, `VCHs could not be listed: ${messageOf(error)}`);
    }
  });
  const free: Check = nameFree;
  return [target, await asStep(deps.reporter, `VCH name ${input.name} is free`, () => free)];
}

/** Failures of ls that create would meet as well. */
const DECISIVE: ReadonlySet<string> = new Set([
  'VIC_TARGET_UNREACHABLE',
  'VIC_TARGET_CERTIFICATE',
  'VIC_TARGET_LOGIN',
  'VIC_PERMISSION',
  'VIC_VALIDATION',
  'VIC_MACHINE_TIMEOUT',
]);
