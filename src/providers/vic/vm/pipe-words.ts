/**
 * A VCH keeps lists of words joined with `|` and cuts them there again, losing what is left over (vmware/vic
 * pkg/vsphere/extraconfig, basic_encoder.go). Words that hold one reach the guest by way of the image's shell, from a
 * script that has none.
 */

/** What is started. `env` are `NAME=value` words. */
export interface LaunchWords {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
}

const SHELL = '/bin/sh';
const SCRIPT = /^([a-z_]+)=\$\(printf '\\174'\); (?:export (.*); )?exec (.*)$/s;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Why the words cannot be passed on; undefined when they can. Values are not told: they may be secrets. */
export function pipeRefusal({ path, args, env }: LaunchWords): string | undefined {
  if (![path, ...args, ...env].some(hasPipe)) return undefined;
  // A shell takes over what it can name, and loses the rest.
  const odd = env.map(nameOf).find((name) => !NAME.test(name));
  if (odd === undefined) return undefined;
  const where = [path, ...args].some(hasPipe) ? 'the command' : `the environment variable ${nameOf(env.find(hasPipe) ?? '')}`;
  return `${where} contains the character "|", which a VCH passes on only through ${SHELL}, and a shell would lose the environment variable ${odd}`;
}

/**
 * The same program with the same words, none of which holds a `|`. The program takes the shell's place, so it has its
 * process id; what the shell cannot find ends with 127 instead of failing to start.
 */
export function carryPipes(launch: LaunchWords): LaunchWords {
  const { path, args, env } = launch;
  if (![path, ...args, ...env].some(hasPipe)) return launch;
  const taken = new Set(env.map(nameOf));
  let pipe = 'vick_pipe';
  while (taken.has(pipe)) pipe += '_';
  const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`).replaceAll('|', `'"$${pipe}"'`)}'`;
  const exports = env.filter(hasPipe).map((entry) => `${nameOf(entry)}=${quoted(entry.slice(nameOf(entry).length + 1))}`);
  const script = `${pipe}=$(printf '\\174'); ${exports.length === 0 ? '' : `export ${exports.join(' ')}; `}exec ${[path, ...args].map(quoted).join(' ')}`;
  return { path: SHELL, args: ['-c', script], env: env.filter((entry) => !hasPipe(entry)) };
}

/** What `carryPipes` was given, apart from the order of variables; what it did not make is returned as it is. */
export function readPipes(launch: LaunchWords): LaunchWords {
  const [flag, script = '', ...more] = launch.args;
  const [, pipe = '', exports = '', command = ''] = launch.path === SHELL && flag === '-c' && more.length === 0 ? (SCRIPT.exec(script) ?? []) : [];
  if (pipe === '') return launch;
  const [path = '', ...args] = splitWords(command, pipe);
  return { path, args, env: [...launch.env, ...splitWords(exports, pipe)] };
}

/** The message of a failed launch, with what it means where the shell is missing. */
export function launchMessage(launch: Pick<LaunchWords, 'path' | 'args'>, message: string): string {
  if (readPipes({ ...launch, env: [] }).path === launch.path) return message;
  return `${message} (${SHELL}: the command or its environment contains the character "|", which a VCH passes on only through the image’s shell)`;
}

function hasPipe(word: string): boolean {
  return word.includes('|');
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}

/** Of what `carryPipes` wrote, in which every blank outside of quotes separates. */
function splitWords(text: string, pipe: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  const pieces = /'([^']*)'|\\'|"\$[a-z_]+"|( )|([^' \\"]+)/g;
  for (const [piece, quoted, blank, plain] of text.matchAll(pieces)) {
    if (blank !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + (quoted ?? plain ?? (piece === `"$${pipe}"` ? '|' : "'"));
  }
  return word === undefined ? words : [...words, word];
}
