import { redact } from '../../errors/redact.ts';

const SECRET_FLAG = /^--?(?:password|p|ops-password|rootpw|pw)$/;
const SECRET_ASSIGNMENT = /^(--?(?:password|p|ops-password|rootpw|pw))=.*$/s;
const MASK = '[redacted]';

export interface ShownCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Names of variables that are set for the child; values are shown only where they are no secrets. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The one way a command line of vic-machine is shown: quoted for a POSIX shell, without secrets. */
export function renderCommand(command: ShownCommand): string {
  const assignments = Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${name.includes('PASSWORD') ? MASK : quote(value)}`);
  return [...assignments, quote(command.file), ...redactArgs(command.args).map(quote)].join(' ');
}

/** `args` with the values of secret flags masked. */
export function redactArgs(args: readonly string[]): readonly string[] {
  return args.map((word, index) => {
    const previous = args[index - 1];
    if (previous !== undefined && SECRET_FLAG.test(previous)) return MASK;
    return redact(word.replace(SECRET_ASSIGNMENT, `$1=${MASK}`));
  });
}

function quote(word: string): string {
  return word === MASK || /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
