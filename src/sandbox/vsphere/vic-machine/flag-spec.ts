/**
 * What kind of Go flag value takes the text: `string`, `int`, `duration`, `bool` and `strings` are those of package flag and
 * urfave/cli; the others are VIC's own (pkg/flags), which show their present value as the default in help texts.
 */
type FlagKind = 'string' | 'int' | 'duration' | 'bool' | 'strings' | 'url' | 'optional-string' | 'optional-int' | 'optional-bool' | 'shares';

export interface FlagSpec {
  readonly name: string;
  readonly alias?: string;
  readonly kind: FlagKind;
  /** As the help text shows it. */
  readonly default?: string;
  readonly env?: string;
  /** Not shown by --help, only by --extended-help where there is one. */
  readonly hidden?: boolean;
  readonly usage: string;
}

export type FlagTexts = Readonly<Record<string, Omit<FlagSpec, 'name'>>>;
