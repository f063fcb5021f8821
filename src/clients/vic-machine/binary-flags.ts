/** Which flags a vic-machine binary knows, learnt from what it says of itself (urfave/cli: completion list and help text). */

/** Flags and aliases that `COMMAND --generate-bash-completion` prints, one per line. */
export function parseCompletionFlags(output: string): ReadonlySet<string> {
  return new Set(
    output
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => /^--?[A-Za-z0-9][\w-]*$/.test(line)),
  );
}

/** Flags hidden from the help of every command that has no `-x`. */
const ALWAYS = ['--debug', '-v'];

/** Flags and aliases in the OPTIONS of a help text; empty for a text that is none. */
export function parseHelpFlags(output: string): ReadonlySet<string> {
  const start = output.search(/^(?:GLOBAL )?OPTIONS:\s*$/m);
  if (start < 0) return new Set();
  const names = output
    .slice(start)
    .split('\n')
    // The names of an option end where two blanks begin its description; further lines of a description are indented deeper.
    .flatMap((line) => /^ {3}(-.*?)(?: {2}|$)/.exec(line)?.[1] ?? [])
    .flatMap((option) => option.split(', '))
    .flatMap((name) => /^(--?[A-Za-z0-9][\w-]*)(?: value)?$/.exec(name.trim())?.[1] ?? []);
  return names.length === 0 ? new Set() : new Set([...names, ...ALWAYS]);
}
