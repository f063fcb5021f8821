/** plan → VCH: writes the kubeconfig, runs vic-machine with its phases as steps, takes the kubeconfig away again. */
import { PHASE_FACTS, type CreatePhase } from '../../clients/vic-machine/create-phase.ts';
import type { Kubeconfig } from '../../clients/kubernetes/kubeconfig.ts';
import type { CreateResult, RunContext } from '../../clients/vic-machine/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import { rfc3339 } from '../../platform/clock.ts';
import type { Reporter, Step } from '../../platform/talk.ts';
import type { Journal } from './journal.ts';
import type { CreatePlan } from './plan-create.ts';
import type { VchDeps } from './ports.ts';
import { markOf } from './process-mark.ts';
import { explainRemains } from './remains.ts';
import type { VicSession } from './vic-session.ts';
import { takeFolder } from './work-folder.ts';

/** What the preflight has found and opened. */
export interface ApplyWith {
  readonly kubeconfig: Kubeconfig;
  /** Self-contained text of it. */
  readonly kubeconfigText: string;
  readonly session: VicSession;
}

/** Errors say what exists and how to go on or remove it, also when the command was cancelled. What is only ours is undone. */
export async function applyCreate(plan: CreatePlan, ready: ApplyWith, journal: Journal, deps: VchDeps, signal: AbortSignal): Promise<CreateResult> {
  signal.throwIfAborted();
  const { session } = ready;
  const folder = { taken: false };
  try {
    await journal.step('folder', async () => {
      await inFolder(plan, () => takeFolder(plan.workingDirectory, plan.input.target.target, deps));
      folder.taken = true;
      await prepareFolder(plan, deps);
    });
    const text = await kubeconfigFor(plan, ready, journal, deps, signal);
    await journal.step('kubeconfig', () => writeKubeconfig(plan, text, deps));
    return await journal.step(
      'vic-machine',
      () => runVicMachine(plan, session, journal, deps, signal),
      ({ addresses, problems }) => ({ addresses, problems, child: undefined }),
    );
  } catch (error) {
    if (!folder.taken && isVickError(error) && error.code === 'VCH_BUSY') {
      await journal.remove();
      throw error;
    }
    await journal.note({ state: 'failed', child: undefined });
    const { error: explained, left } = await explainRemains(error, plan, session, deps.fs);
    if (left !== 'vch' && !journal.file.retain) await undo(plan, ready, journal, deps);
    throw explained;
  } finally {
    if (folder.taken && (!journal.file.retain || journal.file.state !== 'failed')) await deps.fs.remove(plan.kubeconfigFile);
  }
}

/** The kubeconfig that goes into the VCH: that of an identity of its own where one can be minted, else the given one. */
async function kubeconfigFor(plan: CreatePlan, ready: ApplyWith, journal: Journal, deps: VchDeps, signal: AbortSignal): Promise<string> {
  const { identity } = deps;
  // Without an identity to mint, the preflight has made sure that the given kubeconfig can be handed on.
  if (identity === undefined || plan.input.kubeletIdentity !== 'node') return ready.kubeconfigText;
  const request = { vch: plan.name, nodeName: plan.nodeName, kubeconfig: ready.kubeconfig, server: plan.input.serverAddress };
  // Written down as there before it is: a crash in between leaves one that nobody would look for.
  await journal.note({ identity: true });
  return await journal.step('identity', async () => {
    const step = deps.reporter.step(`Identity of ${plan.nodeName}`, { name: 'identity' });
    try {
      const minted = await identity.mint(request, signal);
      for (const note of minted.notes ?? []) deps.reporter.verbose(note);
      step.done(`Identity of ${plan.nodeName}: ${minted.user}`);
      return minted.kubeconfigText;
    } catch (error) {
      step.fail();
      throw error;
    }
  });
}

async function runVicMachine(plan: CreatePlan, session: VicSession, journal: Journal, { reporter, fs }: VchDeps, signal: AbortSignal): Promise<CreateResult> {
  const steps = new PhaseSteps(reporter);
  let noted: Promise<unknown> = Promise.resolve();
  const context: RunContext = {
    workingDirectory: plan.workingDirectory,
    signal,
    limitMs: plan.limitMs,
    onStart: (pid) => {
      noted = markOf(pid, fs).then((child) => journal.note({ child }));
      noted.catch(() => undefined);
    },
    onLine: (line) => {
      reporter.verbose(line);
    },
    onPhase: (phase) => {
      steps.next(phase);
    },
    onMessage: (message, level) => {
      steps.say(message, level);
    },
  };
  try {
    const result = await session.vic.create(plan.argv, plan.input.target, context);
    steps.done();
    return result;
  } catch (error) {
    steps.fail();
    throw error;
  } finally {
    await noted;
  }
}

/** Where no VCH is left nothing of ours may stay either; certificates are vic-machine's, and named in the error. */
async function undo(plan: CreatePlan, { kubeconfig }: ApplyWith, journal: Journal, deps: VchDeps): Promise<void> {
  if (journal.file.identity) {
    try {
      await deps.identity?.revoke({ vch: plan.name, nodeName: plan.nodeName, kubeconfig });
    } catch (error) {
      deps.reporter.warn(`the identity of ${plan.nodeName} could not be taken back: ${messageOf(error)}`);
      return;
    }
  }
  await journal.remove();
}

/** A certificate folder of an earlier VCH of this name makes create fail or reuse old keys: it is put aside, never deleted. */
async function prepareFolder(plan: CreatePlan, { fs, clock, reporter }: VchDeps): Promise<void> {
  await inFolder(plan, async () => {
    const ownFolder = plan.certificateFolder.startsWith(plan.workingDirectory);
    if (ownFolder && (await fs.info(plan.certificateFolder)) !== undefined) {
      const aside = `${plan.certificateFolder}.before-${rfc3339(clock.now()).replaceAll(':', '')}`;
      await fs.rename(plan.certificateFolder, aside);
      reporter.info(`Certificates of an earlier VCH of this name are now in ${aside}`);
    }
  });
}

async function writeKubeconfig(plan: CreatePlan, text: string, { fs }: VchDeps): Promise<void> {
  await inFolder(plan, () => fs.writeFile(plan.kubeconfigFile, text, { mode: 0o600 }));
}

async function inFolder(plan: CreatePlan, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isVickError(error)) throw error;
    throw new VickError('IO', `the working folder ${plan.workingDirectory} cannot be used: ${messageOf(error)}`, {
      hint: 'Choose another place with VICK_STATE_DIR.',
      cause: error,
    });
  }
}

/** One step is open at a time; vic-machine's warnings and errors stand below the phase they belong to. */
class PhaseSteps {
  readonly #reporter: Reporter;
  #current: Step | undefined;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  next(phase: CreatePhase): void {
    this.#current?.done();
    this.#current = this.#reporter.step(PHASE_FACTS[phase].title, { name: `vic-machine-${phase}` });
  }

  say(message: string, level: 'warning' | 'error'): void {
    const text = message.split('\n')[0] ?? '';
    // The dashes frame the closing error, which is reported as such.
    if (/^-+$/.test(text) || text.includes(' failed: ')) return;
    this.#current?.detail(level === 'error' ? `error: ${text}` : text);
  }

  done(): void {
    this.#current?.done();
    this.#current = undefined;
  }

  fail(): void {
    this.#current?.fail();
    this.#current = undefined;
  }
}
