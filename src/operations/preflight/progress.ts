/** The part of the reporter that operations use; structurally the CLI's Reporter. */
export interface Progress {
  step(title: string): ProgressStep;
  info(message: string): void;
  warn(message: string): void;
  verbose(message: string): void;
}

export interface ProgressStep {
  detail(message: string): void;
  done(message?: string): void;
  fail(message?: string): void;
  skip(reason: string): void;
}
