/** `vick upgrade vch`: what it is now → images that fit → vic-machine upgrade; or back to what it was. */
import { join, dirname } from 'node:path';
import type { InspectResult, RunContext, VicMachine } from '../../clients/vic-machine/port.ts';
import { redactArgs } from '../../clients/vic-machine/render-command.ts';
import type { VicVersion } from '../../clients/vic-machine/version.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import { refuseUnknownFlags } from './binary-flags.ts';
import { referenceOf, titleOf, vchContext, type ExistingVch } from './existing-vch.ts';
import { findImages } from './images.ts';
import type { PassThrough } from './pass-through.ts';
import { PhaseReport } from './phase-report.ts';
import type { VchDeps } from './ports.ts';
import { changeAndRejoin, type ChangeResult, type RejoinedNode, type RejoinRequest } from './rejoin.ts';
import { explainUpdate } from './update-failure.ts';
import { openVicMachine } from './vic-session.ts';

export interface UpgradeVchRequest extends ExistingVch, RejoinRequest {
  readonly mode: 'upgrade' | 'rollback' | 'reset';
  readonly applianceIso: string | undefined;
  readonly bootstrapIso: string | undefined;
  /** vic-machine's --force: another version of the images, any certificate; and a binary that knows no kubelet. */
  readonly force: boolean;
  readonly extra: PassThrough;
  readonly dryRun: boolean;
  readonly confirm: (plan: UpgradePlan) => Promise<void>;
}

export interface UpgradePlan {
  readonly mode: UpgradeVchRequest['mode'];
  /** Undefined: it could not be read. */
  readonly from: VicVersion | undefined;
  readonly to: VicVersion | undefined;
  readonly applianceIso: string | undefined;
  readonly bootstrapIso: string | undefined;
  /** The appliance image looks like one without a kubelet. */
  readonly losesKubelet: boolean;
  readonly notes: readonly string[];
}

export interface UpgradedVch {
  readonly id: string | undefined;
  readonly outcome: 'upgraded' | 'unchanged' | 'rolled-back' | 'reset' | 'planned';
  readonly plan: UpgradePlan;
  /** For people: values of secret flags are masked. */
  readonly words: readonly string[];
  /** Undefined: none was looked for or found. */
  readonly node: RejoinedNode | undefined;
  readonly problems: readonly string[];
}

/** vic-machine retries a failing upload for 30 minutes, and its limit is only that of the wait, which a roll-back repeats. */
const UPLOAD_ALLOWANCE_MS = 45 * 60_000;
const QUERY_LIMIT_MS = 5 * 60_000;

export async function upgradeVch(request: UpgradeVchRequest, deps: VchDeps, signal: AbortSignal): Promise<UpgradedVch> {
  const session = await openVicMachine(deps, request.vicMachine);
  const { vic } = session;
  const context = await vchContext(request, session, deps, signal, { allowanceMs: UPLOAD_ALLOWANCE_MS + request.timeoutMs });
  const plan = await planUpgrade(request, vic, deps, { ...context, limitMs: QUERY_LIMIT_MS });
  const words = [
    ...(request.mode === 'upgrade' ? [] : [request.mode === 'reset' ? '--reset-progress' : '--rollback']),
    ...(plan.applianceIso === undefined ? [] : ['--appliance-iso', plan.applianceIso]),
    ...(plan.bootstrapIso === undefined ? [] : ['--bootstrap-iso', plan.bootstrapIso]),
    ...(request.force ? ['--force'] : []),
    ...request.extra.words,
  ];
  await refuseUnknownFlags(vic, 'upgrade', [...request.extra.flags, ...words.filter((word) => word.startsWith('--'))], context);
  const shown = redactArgs(words);
  for (const note of plan.notes) deps.reporter.warn(note);
  const rest = { id: request.id, plan, words: shown, node: undefined, problems: [] };
  if (request.dryRun) return { ...rest, outcome: 'planned' };
  const same =
    request.mode === 'upgrade' && !request.force && plan.from?.build !== undefined && plan.to?.build !== undefined && plan.from.build >= plan.to.build;
  if (same) return { ...rest, outcome: 'unchanged', words: [] };
  await request.confirm(plan);
  signal.throwIfAborted();
  const run = async (): Promise<ChangeResult> => {
    const steps = new PhaseReport(deps.reporter);
    try {
      const options = { words, timeoutMs: request.timeoutMs, resetProgress: request.mode === 'reset' };
      const result = await vic.upgrade(request.target, referenceOf(request), options, { ...context, ...steps.callbacks() });
      steps.done();
      return { ...result, restarted: true };
    } catch (error) {
      // vic-machine says so with exit code 0 and no last line, after everything that could be a failure as well.
      if (isVickError(error) && error.code === 'VCH_UP_TO_DATE') {
        steps.done();
        return { id: request.id, problems: [], restarted: false };
      }
      steps.fail();
      throw explainUpdate(error, 'upgrade', request);
    }
  };
  // Clearing the mark restarts nothing, and a node that loses its kubelet does not come back.
  const wait = request.wait && request.mode !== 'reset' && !plan.losesKubelet;
  const done = request.mode === 'rollback' ? 'rolled back' : 'upgraded';
  const { id, node, problems, restarted } = await changeAndRejoin({ ...request, wait }, { done, run }, session, deps, signal);
  const outcome = { upgrade: 'upgraded', rollback: 'rolled-back', reset: 'reset' } as const;
  return { ...rest, id, outcome: restarted ? outcome[request.mode] : 'unchanged', node, problems };
}

async function planUpgrade(request: UpgradeVchRequest, vic: VicMachine, deps: VchDeps, query: RunContext): Promise<UpgradePlan> {
  const to = await vic.version({ ...query, onLine: undefined });
  const seen = request.mode === 'upgrade' ? await look(request, vic, deps, query) : undefined;
  if (request.mode === 'upgrade') await refuseLosingKubelet(request, vic, seen?.version, query);
  const images = await imagesFor(request, vic, deps);
  return { mode: request.mode, from: seen?.version, to, ...images };
}

/** The VCH as it is, for the person who decides; a VCH that is off or has no address can be upgraded all the same. */
async function look(request: UpgradeVchRequest, vic: VicMachine, deps: VchDeps, query: RunContext): Promise<InspectResult | undefined> {
  const step = deps.reporter.step(`Look at ${titleOf(request)}`);
  try {
    const found = await vic.inspect(request.target, referenceOf(request), query);
    step.done();
    return found;
  } catch (error) {
    step.fail(isVickError(error) ? undefined : messageOf(error));
    if (!isVickError(error) || query.signal?.aborted === true || DECISIVE.has(error.code)) throw error;
    deps.reporter.warn(`The present version cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

/** A released 1.5.x takes a VCH of feature/wolfpack for an older one and replaces it with images that have no kubelet. */
async function refuseLosingKubelet(request: UpgradeVchRequest, vic: VicMachine, version: VicVersion | undefined, query: RunContext): Promise<void> {
  if (request.force || version?.release.endsWith('-dev') !== true) return;
  const flags = await vic.createFlags({ ...query, onLine: undefined });
  if (flags.size === 0 || flags.has('--k8s-config')) return;
  throw new VickError(
    'VIC_MACHINE_TOO_OLD',
    `${vic.binary} has no Kubernetes options, and ${titleOf(request)} (${version.text}) was made by a build that has: its kubelet would be lost`,
    {
      hint: 'Use a build of the branch feature/wolfpack (v1.5.0-dev), or --force to go on all the same.',
    },
  );
}

/** The kubelet's image where the binary knows Kubernetes; vic-machine's default has no kubelet, and the node would vanish without an error. */
async function imagesFor(
  request: UpgradeVchRequest,
  vic: VicMachine,
  deps: VchDeps,
): Promise<Pick<UpgradePlan, 'applianceIso' | 'bootstrapIso' | 'losesKubelet' | 'notes'>> {
  const found = await findImages({ binary: vic.binary, cwd: deps.cwd, applianceIso: request.applianceIso, bootstrapIso: request.bootstrapIso, fs: deps.fs });
  const missing = found.checks.filter((check) => check.status === 'fail' && (request.applianceIso !== undefined || check.name !== 'appliance-image'));
  const [first] = missing;
  if (first !== undefined && request.mode === 'upgrade') {
    throw new VickError('PREFLIGHT', first.message ?? first.title, { hint: 'Check --appliance-iso and --bootstrap-iso.' });
  }
  if (found.applianceIso !== undefined) {
    const losesKubelet = request.mode === 'upgrade' && /(?:^|[\\/])appliance\.iso$/.test(found.applianceIso);
    const note = `${found.applianceIso} looks like the plain appliance image, which has no kubelet: a VCH that is a node stops being one`;
    return { applianceIso: found.applianceIso, bootstrapIso: found.bootstrapIso, losesKubelet, notes: losesKubelet ? [note] : [] };
  }
  // Any image will do where none is uploaded: vic-machine only wants to see the files.
  const plain = (await firstExisting([join(deps.cwd, 'appliance.iso'), join(dirname(vic.binary), 'appliance.iso')], deps)) ?? undefined;
  if (request.mode !== 'upgrade') return { applianceIso: plain, bootstrapIso: found.bootstrapIso, losesKubelet: false, notes: [] };
  throw new VickError('PREFLIGHT', `no appliance-vkubelet.iso was found; with the plain appliance image, ${titleOf(request)} would stop being a node`, {
    hint: `Name the image with --appliance-iso FILE${plain === undefined ? '' : `; for a VCH that is no node: --appliance-iso ${plain}`}.`,
  });
}

async function firstExisting(paths: readonly string[], { fs }: Pick<VchDeps, 'fs'>): Promise<string | undefined> {
  for (const path of paths) if ((await fs.info(path))?.kind === 'file') return path;
  return undefined;
}

const DECISIVE: ReadonlySet<string> = new Set([
  'VIC_TARGET_UNREACHABLE',
  'VIC_TARGET_CERTIFICATE',
  'VIC_TARGET_LOGIN',
  'VCH_NOT_FOUND',
  'VIC_MACHINE_TIMEOUT',
  'CANCELLED',
]);
