/** One step is open at a time; vic-machine's warnings and errors stand below the phase they belong to. */
import type { RunContext } from '../../clients/vic-machine/port.ts';
import { UPDATE_TITLES } from '../../clients/vic-machine/update-phase.ts';
import type { Reporter, Step } from '../../platform/talk.ts';

export class PhaseReport {
  readonly #reporter: Reporter;
  #current: Step | undefined;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** What a run of configure or upgrade reports to. */
  callbacks(): Pick<RunContext, 'onUpdatePhase' | 'onMessage'> {
    return {
      onUpdatePhase: (phase) => {
        this.next(UPDATE_TITLES[phase]);
      },
      onMessage: (message, level) => {
        const text = message.split('\n')[0] ?? '';
        // The dashes frame the closing error, which is reported as such.
        if (/^-+$/.test(text) || text.includes(' failed: ')) return;
        this.#current?.detail(level === 'error' ? `error: ${text}` : text);
      },
    };
  }

  next(title: string): void {
    this.#current?.done();
    this.#current = this.#reporter.step(title);
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
