/** plan → VCH: writes the kubeconfig, runs vic-machine with its phases as steps, takes the kubeconfig away again. */
import { PHASE_FACTS } from '../../clients/vic-machine/create-phase.ts';
import type { CreateResult, RunContext } from '../../clients/vic-machine/port.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { rfc3339, type Clock } from '../../platform/clock.ts';
import type { Reporter, Step } from '../../platform/talk.ts';
import type { CreatePlan } from './plan-create.ts';
import { explainRemains } from './remains.ts';
import type { VicSession } from './vic-session.ts';

export interface ApplyDeps {
  readonly fs: FileSystem;
  readonly clock: Pick<Clock, 'now'>;
  readonly reporter: Reporter;
}

/** Errors say what exists and how to remove it, also when the command was cancelled. */
export async function applyCreate(plan: CreatePlan, kubeconfigText: string, session: VicSession, deps: ApplyDeps, signal: AbortSignal): Promise<CreateResult> {
  signal.throwIfAborted();
  await prepareFolder(plan, kubeconfigText, deps);
  const steps = new PhaseSteps(deps.reporter);
  const context: RunContext = {
    workingDirectory: plan.workingDirectory,
    signal,
    limitMs: plan.limitMs,
    onLine: (line) => {
      deps.reporter.verbose(line);
    },
    onPhase: (phase) => {
      steps.next(PHASE_FACTS[phase].title);
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
    throw await explainRemains(error, plan, session, deps.fs);
  } finally {
    await deps.fs.remove(plan.kubeconfigFile);
  }
}

/** A certificate folder of an earlier VCH of this name makes create fail or reuse old keys: it is put aside, never deleted. */
async function prepareFolder(plan: CreatePlan, kubeconfigText: string, { fs, clock, reporter }: ApplyDeps): Promise<void> {
  try {
    await fs.makeDirectory(plan.workingDirectory, { mode: 0o700 });
    const ownFolder = plan.certificateFolder.startsWith(plan.workingDirectory);
    if (ownFolder && (await fs.info(plan.certificateFolder)) !== undefined) {
      const aside = `${plan.certificateFolder}.before-${rfc3339(clock.now()).replaceAll(':', '')}`;
      await fs.rename(plan.certificateFolder, aside);
      reporter.info(`Certificates of an earlier VCH of this name are now in ${aside}`);
    }
    await fs.writeFile(plan.kubeconfigFile, kubeconfigText, { mode: 0o600 });
  } catch (error) {
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

  next(title: string): void {
    this.#current?.done();
    this.#current = this.#reporter.step(title);
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
