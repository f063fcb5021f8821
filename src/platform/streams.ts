/** One output stream of the program. Colour and width are decided once, where the streams are built. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number;
  /** Whether ANSI colours may be written: a terminal, no NO_COLOR, TERM is not dumb; FORCE_COLOR overrules. */
  readonly colour: boolean;
}

/** stdout carries the result and nothing else; stderr carries talk: progress, warnings, prompts, errors. */
export interface Streams {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: { readonly isTerminal: boolean; readText(): Promise<string> };
}
