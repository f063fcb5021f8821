/** Progress on stderr: a spinner on a terminal, plain `• step` lines in a pipe. */
export interface Reporter {
  /** Begins a named step; exactly one of the step's ends is called. Steps may be nested one level by `detail`. */
  step(title: string, options?: StepOptions): Step;
  info(message: string): void;
  warn(message: string): void;
  /** Only with --verbose. */
  verbose(message: string): void;
}

interface StepOptions {
  /** One of many short ones: in a pipe only its end is a line. */
  readonly brief?: boolean;
  /** Stable, for scripts that read the events of `-o json`; default: made from the title. */
  readonly name?: string | undefined;
}

export interface Step {
  /** A line below the step, for example what vic-machine just said. */
  detail(message: string): void;
  done(message?: string): void;
  fail(message?: string): void;
  skip(reason: string): void;
}

/**
 * Questions to a person. On anything but a terminal, or with --no-input or --yes, each throws USAGE naming `flag`;
 * only `confirm` answers true with --yes. CANCELLED when the person presses Ctrl-C.
 */
export interface Prompter {
  readonly interactive: boolean;
  text(question: PromptQuestion): Promise<string>;
  secret(question: PromptQuestion): Promise<string>;
  confirm(question: PromptQuestion & { readonly default?: boolean }): Promise<boolean>;
  choose(question: PromptQuestion & { readonly choices: readonly string[] }): Promise<string>;
}

export interface PromptQuestion {
  readonly message: string;
  /** The flag (or variable) that answers the question without a prompt: `--target`. */
  readonly flag: string;
}

/** A reporter and a prompter that are made at their first use: most commands start, answer and end without either. */
export function lateReporter(make: () => Reporter): Reporter {
  return {
    step: (title, options) => make().step(title, options),
    info: (message) => make().info(message),
    warn: (message) => make().warn(message),
    verbose: (message) => make().verbose(message),
  };
}

export function latePrompter(make: () => Prompter): Prompter {
  return {
    get interactive() {
      return make().interactive;
    },
    text: (question) => make().text(question),
    secret: (question) => make().secret(question),
    confirm: (question) => make().confirm(question),
    choose: (question) => make().choose(question),
  };
}
