import { Chalk, type ChalkInstance } from 'chalk';
import type { Ora } from 'ora';
import type { Output } from '../streams.ts';
import type { Reporter, Step } from '../talk.ts';

export interface ReporterOptions {
  readonly output: Output;
  readonly verbose: boolean;
  /** What the spinner draws on; without it, or where `output` is no terminal, there are only lines. */
  readonly terminal?: NodeJS.WriteStream;
}

/** Progress on stderr. ora is loaded by the first step on a terminal, never in a pipe. */
export function createReporter({ output, verbose, terminal }: ReporterOptions): Reporter {
  const chalk = new Chalk({ level: output.colour ? 1 : 0 });
  // A terminal that nobody gave a size has no columns, and ora would clear lines for ever.
  const spinner = output.isTerminal && terminal !== undefined && terminal.columns > 0 ? new Spinner(terminal, output.colour) : undefined;
  const line = (text: string): void => {
    if (spinner === undefined) output.write(`${text}\n`);
    else spinner.aside(() => output.write(`${text}\n`));
  };
  return {
    step: (title, { brief = false } = {}) =>
      spinner === undefined ? lineStep(title, line, chalk, brief) : spinnerStep({ title, spinner, line, chalk, verbose }),
    info: (message) => line(message),
    warn: (message) => line(`${chalk.yellow('warning')}: ${message}`),
    verbose: (message) => {
      if (verbose) line(chalk.dim(message));
    },
  };
}

/** In a pipe nothing is ever rewritten: `• title …`, details indented, then how it ended. */
function lineStep(title: string, line: (text: string) => void, chalk: ChalkInstance, brief: boolean): Step {
  if (!brief) line(`• ${title} …`);
  return endings({ title, line, chalk, detail: (message) => line(`  ${message}`), close: () => undefined });
}

interface SpinnerStep {
  readonly title: string;
  readonly spinner: Spinner;
  readonly line: (text: string) => void;
  readonly chalk: ChalkInstance;
  readonly verbose: boolean;
}

/** On a terminal the latest detail stands behind the title and goes with the next; with --verbose each stays. */
function spinnerStep({ title, spinner, line, chalk, verbose }: SpinnerStep): Step {
  const id = spinner.open(title);
  const detail = (message: string): void => {
    if (verbose) line(chalk.dim(`  ${message}`));
    else spinner.update(id, `${title}  ${chalk.dim(message)}`);
  };
  return endings({ title, line, chalk, detail, close: () => spinner.close(id) });
}

interface Endings {
  readonly title: string;
  readonly line: (text: string) => void;
  readonly chalk: ChalkInstance;
  readonly detail: (message: string) => void;
  readonly close: () => void;
}

function endings({ title, line, chalk, detail, close }: Endings): Step {
  let open = true;
  const end = (text: string): void => {
    if (!open) return;
    open = false;
    close();
    line(text);
  };
  return {
    detail: (message) => {
      if (open) detail(message);
    },
    done: (message) => end(`${chalk.green('✓')} ${message ?? title}`),
    fail: (message) => end(`${chalk.red('✗')} ${message ?? title}`),
    skip: (reason) => end(`${chalk.dim('-')} ${title} (skipped: ${reason})`),
  };
}

/** One ora for all open steps: it shows the latest that is still open. */
class Spinner {
  private readonly steps = new Map<number, string>();
  private readonly terminal: NodeJS.WriteStream;
  private readonly colour: boolean;
  private ora: Ora | undefined;
  private loading = false;
  private count = 0;

  constructor(terminal: NodeJS.WriteStream, colour: boolean) {
    this.terminal = terminal;
    this.colour = colour;
  }

  open(text: string): number {
    this.count += 1;
    this.steps.set(this.count, text);
    this.show();
    return this.count;
  }

  update(id: number, text: string): void {
    this.steps.set(id, text);
    this.show();
  }

  close(id: number): void {
    this.steps.delete(id);
    this.show();
  }

  /** Lets `write` print lines of its own above the spinner. */
  aside(write: () => void): void {
    const spinning = this.ora?.isSpinning === true;
    if (spinning) this.ora?.clear();
    write();
    if (spinning) this.ora?.render();
  }

  private show(): void {
    const text = [...this.steps.values()].at(-1);
    if (text === undefined) {
      this.ora?.stop();
    } else if (this.ora === undefined) {
      void this.load();
    } else {
      this.ora.text = text;
      if (!this.ora.isSpinning) this.ora.start();
    }
  }

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    const { default: ora } = await import('ora');
    // stdin stays as it is: raw mode would swallow Ctrl-C.
    this.ora = ora({ stream: this.terminal, discardStdin: false, isEnabled: true, color: this.colour ? 'cyan' : false });
    if (this.steps.size > 0) this.show();
  }
}
