/** What a command comes to: when it writes what, when it ends, and how. Worked out at once, so that nothing has to run. Pure. */
import { parseScript, type Statement } from './shell-words.ts';

export interface ScriptContext {
  readonly env: ReadonlyMap<string, string>;
  readonly hostname: string;
  /** The content of a file in the container; undefined: there is none. */
  readonly file: (path: string) => string | undefined;
  /** What is written there is the container's termination message. */
  readonly messagePath: string;
}

export interface Outcome {
  readonly output: readonly { readonly atMs: number; readonly text: string }[];
  /** Milliseconds after the start; undefined: it runs until it is stopped. */
  readonly endsAtMs: number | undefined;
  readonly exitCode: number;
  readonly ignoresStop: boolean;
  readonly message: string | undefined;
}

/** What is not known of a program: that it ends at once, or that it goes on. */
export type Otherwise = 'ends' | 'runs';

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash']);

/** `otherwise` is for commands that are neither understood nor part of one that is. */
export function interpret(command: readonly string[], context: ScriptContext, otherwise: Otherwise): Outcome {
  const statements = statementsOf(command, context);
  return statements === undefined ? unknown(otherwise) : run(statements, context, otherwise);
}

/** The script of `sh -c SCRIPT`; undefined for any other command. */
function shellScript([program = '', ...args]: readonly string[]): string | undefined {
  if (!SHELLS.has(baseName(program))) return undefined;
  const flag = args.findIndex((arg) => /^-[a-z]*c$/.test(arg));
  return flag === -1 ? undefined : args[flag + 1];
}

/** Whether the command is a shell that reads its statements from its input. */
export function isPlainShell([program = '', ...args]: readonly string[]): boolean {
  return SHELLS.has(baseName(program)) && args.every((arg) => /^-[il]+$/.test(arg));
}

function statementsOf(command: readonly string[], context: ScriptContext): readonly Statement[] | undefined {
  if (command.length === 0) return undefined;
  const script = shellScript(command);
  if (script !== undefined) return parseScript(script, context.env);
  return [{ words: command, into: undefined, after: ';' }];
}

function unknown(otherwise: Otherwise): Outcome {
  return { output: [], endsAtMs: otherwise === 'ends' ? 0 : undefined, exitCode: 0, ignoresStop: false, message: undefined };
}

interface Progress {
  atMs: number;
  status: number;
  /** Its exit ends the script. */
  over: boolean;
}

function run(statements: readonly Statement[], context: ScriptContext, otherwise: Otherwise): Outcome {
  const output: { readonly atMs: number; readonly text: string }[] = [];
  let message: string | undefined;
  let ignoresStop = false;
  const state: Progress = { atMs: 0, status: 0, over: false };
  for (const { words, into, after } of statements) {
    if ((after === '&&' && state.status !== 0) || (after === '||' && state.status === 0)) continue;
    const effect = execute(words, context);
    if (effect === undefined) {
      if (otherwise === 'runs') return { output, endsAtMs: undefined, exitCode: 0, ignoresStop, message };
      output.push({ atMs: state.atMs, text: `${words.join(' ')}\n` });
      state.status = 0;
      continue;
    }
    if (effect.text !== undefined && into === undefined) output.push({ atMs: state.atMs, text: effect.text });
    if (into === context.messagePath) message = (message ?? '') + (effect.text ?? '');
    ignoresStop ||= effect.ignoresStop === true;
    state.atMs += effect.takesMs ?? 0;
    state.status = effect.status ?? 0;
    if (!Number.isFinite(state.atMs)) return { output, endsAtMs: undefined, exitCode: 0, ignoresStop, message };
    if (effect.over === true) break;
  }
  return { output, endsAtMs: state.atMs, exitCode: state.status, ignoresStop, message };
}

interface Effect {
  readonly text?: string;
  readonly status?: number;
  readonly takesMs?: number;
  readonly over?: boolean;
  readonly ignoresStop?: boolean;
}

/** Undefined: not a program that is known. */
function execute([program = '', ...args]: readonly string[], context: ScriptContext): Effect | undefined {
  switch (baseName(program)) {
    case 'echo':
      return { text: echo(args) };
    case 'printf':
      return { text: (args[0] ?? '').replaceAll('\\n', '\n').replace(/%s/g, () => args[1] ?? '') };
    case 'true':
    case ':':
    case 'wait':
    case 'set':
    case 'mkdir':
    case 'touch':
      return {};
    case 'false':
      return { status: 1 };
    case 'exit':
      return { status: Number(args[0] ?? 0) & 255, over: true };
    case 'sleep':
    case 'pause':
      return sleep(program, args);
    case 'tail':
      return args.includes('/dev/null') ? { takesMs: Number.POSITIVE_INFINITY } : undefined;
    case 'trap':
      return { ignoresStop: args[0] === '' && args.some((signal) => /^(SIG)?TERM$|^15$/.test(signal)) };
    case 'hostname':
      return { text: `${context.hostname}\n` };
    case 'env':
    case 'printenv':
      return environment(args, context);
    case 'cat':
      return args.length === 0 ? undefined : concatenate(args, context);
    default:
      return undefined;
  }
}

function echo(args: readonly string[]): string {
  const flags = args.findIndex((arg) => !/^-[neE]+$/.test(arg));
  const words = flags === -1 ? [] : args.slice(flags);
  const given = args.slice(0, flags === -1 ? args.length : flags).join('');
  const text = words.join(' ');
  return (given.includes('e') ? text.replaceAll('\\n', '\n') : text) + (given.includes('n') ? '' : '\n');
}

function sleep(program: string, [time = '']: readonly string[]): Effect {
  if (program === 'pause' || time === 'infinity' || time === 'inf') return { takesMs: Number.POSITIVE_INFINITY };
  const [, count, unit = 's'] = /^(\d+(?:\.\d+)?)([smhd])?$/.exec(time) ?? [];
  if (count === undefined) return { text: `sleep: invalid time interval '${time}'\n`, status: 1 };
  return { takesMs: Number(count) * ({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? 0) };
}

function environment([name]: readonly string[], { env }: ScriptContext): Effect {
  if (name !== undefined) return env.has(name) ? { text: `${env.get(name) ?? ''}\n` } : { status: 1 };
  return { text: [...env].map(([key, value]) => `${key}=${value}\n`).join('') };
}

function concatenate(paths: readonly string[], { file }: ScriptContext): Effect {
  const contents = paths.map((path) => file(path) ?? `cat: can't open '${path}': No such file or directory\n`);
  return { text: contents.join(''), status: paths.some((path) => file(path) === undefined) ? 1 : 0 };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
