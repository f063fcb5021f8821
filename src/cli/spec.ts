/**
 * The shape of the command table. A spec is plain, eager data; what it does is behind `load`, imported when the
 * command runs. Parsing, help, completions, and the flag and environment reference are all made from the table.
 */
import type { ExitName } from '../errors/codes.ts';
import type { Deps } from './deps.ts';
import type { Table } from './table.ts';

export interface CommandSpec {
  /** Words after `vick`: ['create', 'vch']. */
  readonly path: readonly string[];
  /** One line, lower case, no full stop. */
  readonly summary: string;
  readonly description?: string;
  readonly args?: readonly ArgSpec[];
  readonly flags: readonly FlagSpec[];
  readonly examples: readonly { readonly say: string; readonly run: string }[];
  readonly aliases?: readonly string[];
  /** Not in help and completions: called by other programs. */
  readonly hidden?: boolean;
  /** Formats that `-o` takes, the first being the default; empty or absent: no `-o`. */
  readonly outputs?: readonly OutputFormat[];
  /** What exit codes of outcomes, not of errors, mean to this command. */
  readonly exits?: readonly { readonly code: ExitName; readonly when: string }[];
  /** Words after `--` are handed to the handler as `input.rest`. */
  readonly passThrough?: boolean;
  /** False: the configuration file says nothing to this command; it is there to look after that file, or runs inside. */
  readonly configured?: false;
  /** Further places that flags may get their value from, asked before the configuration file: the first that has one wins. */
  readonly layers?: (raw: LayerRequest, deps: Deps, table: Table) => Promise<readonly FlagLayer[]>;
  readonly load: () => Promise<CommandHandler>;
}

/** What was typed, before anything is decoded. */
export interface LayerRequest {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | readonly string[]>>;
}

/** Values of flags by their long name, from one file. */
export interface FlagLayer {
  /** The path of the file, for messages. */
  readonly origin: string;
  readonly values: Readonly<Record<string, FlagValue>>;
}

export type OutputFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name';

interface ArgSpec {
  /** Shown as NAME; key of `input.args`. */
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly variadic?: boolean;
  readonly completes?: Completion;
}

export interface FlagSpec {
  /** Long name without dashes; key of `input.flags`. */
  readonly name: string;
  readonly short?: string;
  readonly kind: 'string' | 'boolean' | 'integer' | 'duration' | 'enum';
  readonly values?: readonly string[];
  readonly repeatable?: boolean;
  /** Without a value from anywhere: a question on a terminal, else a usage error that names the flag. */
  readonly required?: boolean;
  /** Environment variables that give the value, first match wins; a flag beats them. */
  readonly env?: readonly string[];
  readonly default?: string | number | boolean;
  /** The value of a flag that is typed without one; a value then needs `=` (`--dry-run=server`), as with kubectl. */
  readonly bare?: string;
  /** Shown in help: `--timeout DURATION`. */
  readonly placeholder?: string;
  readonly description: string;
  /** Heading in help; flags without one are under "Flags". */
  readonly group?: string;
  /** Never on the command line: only by environment, prompt or file. The reference says so. */
  readonly secret?: boolean;
  readonly hidden?: boolean;
  readonly completes?: Completion;
}

export type Completion = 'file' | 'directory' | 'none' | readonly string[];

/**
 * Decoded input of one command. Durations are milliseconds, repeatable flags are lists. The global switches are in
 * `flags` as well: `yes`, `no-input`, `verbose`.
 */
export interface CommandInput {
  readonly args: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly flags: Readonly<Record<string, FlagValue | undefined>>;
  /** Where each flag's value came from, for messages and `config show`. */
  readonly sources: Readonly<Record<string, 'flag' | 'env' | 'file' | 'default'>>;
  readonly rest: readonly string[];
  readonly output: OutputFormat;
}

export type FlagValue = string | number | boolean | readonly string[];

/**
 * Runs a command: takes what it needs from `deps`, reports progress to `deps.reporter`, returns data.
 * The caller renders the outcome; a thrown VickError decides the exit code.
 */
export type CommandHandler = (input: CommandInput, deps: Deps, signal: AbortSignal) => Promise<Outcome | undefined>;

/** What a command hands to the renderer. */
export interface Outcome {
  /** The data behind `-o json|yaml`: versioned, additive shapes. */
  readonly data: unknown;
  /** Rows for `-o table|wide`; `wide` columns are left out of `table`. */
  readonly table?: TableView;
  /** Free text instead of a table for human eyes (`vick status`); `table` format prints it. */
  readonly text?: string;
  /** Lines for `-o name`: `vch/demo`, `node/kubelet-demo`. */
  readonly names?: readonly string[];
  /** Exit code of a command that worked but has something to say (partial, unhealthy). Default 0. */
  readonly exit?: ExitName;
}

export interface TableView {
  readonly columns: readonly { readonly title: string; readonly wide?: boolean }[];
  readonly rows: readonly (readonly string[])[];
  /** Said on stderr when there are no rows: `No VCHs found.` */
  readonly empty: string;
}
