import type { Reporter } from '../../platform/talk.ts';
import { failed, failedWith, skipped, type Check, type CheckName } from './check.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import { DETAILS } from './names.ts';
import { asStep } from './run-checks.ts';

/** Runs checks as steps, leaves out those that were skipped, and turns whatever a check trips over into its finding. */
export class CheckRunner {
  readonly results: Check[] = [];
  readonly #reporter: Reporter;
  readonly #skip: ReadonlySet<string>;
  readonly #signal: AbortSignal;

  constructor(reporter: Reporter, skip: readonly string[], signal: AbortSignal) {
    this.#reporter = reporter;
    this.#skip = new Set(skip);
    this.#signal = signal;
  }

  get reporter(): Reporter {
    return this.#reporter;
  }

  isSkipped(about: CheckName): boolean {
    return this.#skip.has(about.name);
  }

  async run(about: CheckName, check: () => Check | Promise<Check>, title = about.title): Promise<Check> {
    const guarded = async (): Promise<Check> => {
      if (this.isSkipped(about)) return skipped(about, 'left out with --skip');
      try {
        return await check();
      } catch (error) {
        this.#signal.throwIfAborted();
        return isVickError(error) ? failedWith(about, error) : failed(about, 'PREFLIGHT', `could not be checked: ${messageOf(error)}`);
      }
    };
    const result = DETAILS.has(about.name) ? await this.#detail(title, guarded) : await asStep(this.#reporter, title, guarded);
    this.results.push(result);
    return result;
  }

  async #detail(title: string, check: () => Promise<Check>): Promise<Check> {
    const result = await check();
    return result.status === 'pass' ? result : asStep(this.#reporter, title, () => result);
  }

  /** Notes checks that were not looked at, and why; nothing is said of them on the way. */
  notRun(abouts: readonly CheckName[], why: string): void {
    for (const about of abouts) this.results.push(skipped(about, this.isSkipped(about) ? 'left out with --skip' : why));
  }
}
