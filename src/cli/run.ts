/**
 * One command line from argv to exit code. This is the only place that turns an outcome into text and an error into
 * an exit code; it never exits and never names the process.
 */
import { EXIT_CODES, type ExitCode } from '../errors/codes.ts';
import { VickError } from '../errors/vick-error.ts';
import type { Deps, Host, TalkSettings } from './deps.ts';
import { decodeValue } from './decode-value.ts';
import { renderHelp } from './help.ts';
import { buildInput } from './input.ts';
import { isOfferedFailure, type Offer } from './offer.ts';
import { parseArgv, type Parsed, type RawFlags } from './parse.ts';
import { choose } from './precedence.ts';
import { asVickError, renderError } from './render/error.ts';
import { renderOutcome } from './render/outcome.ts';
import { createStyle } from './render/style.ts';
import { TABLE } from './specs/index.ts';
import { GLOBAL_FLAGS } from './specs/shared-flags.ts';
import type { FlagLayer } from './spec.ts';
import type { Table } from './table.ts';

/** Runs `argv` (without node and script). Aborting `signal` cancels: the command says what exists and the exit code is 130. */
export async function run(argv: readonly string[], host: Host, signal: AbortSignal = new AbortController().signal, table: Table = TABLE): Promise<ExitCode> {
  let json = asksForJson(argv);
  let settings = settingsOf(roughFlags(argv), host.env, json);
  let deps: Deps | undefined;
  try {
    const parsed = parseArgv(argv, table);
    if (parsed.kind === 'command') settings = settingsOf(parsed.flags, host.env, parsed.flags['output'] === 'json');
    deps = { ...host, ...host.talk(settings) };
    if (parsed.kind !== 'command') {
      deps.streams.stdout.write(
        parsed.kind === 'version' ? `vick ${host.self.version}\n` : renderHelp(table, parsed.path, createStyle(deps.streams.stdout.colour)),
      );
      return EXIT_CODES.ok;
    }
    const input = await buildInput(parsed.spec, parsed, deps, await layersOf(parsed, deps, table));
    json = input.output === 'json';
    return await execute(parsed, input, deps, signal);
  } catch (thrown) {
    const { error, offer } = isOfferedFailure(thrown) ? { error: thrown.failure, offer: thrown.offer } : { error: thrown, offer: undefined };
    const { streams } = deps ?? host.talk(settings);
    const failure = signal.aborted ? cancelled(error, signal) : asVickError(error);
    streams.stderr.write(renderError(failure, { json, verbose: settings.verbose, colour: streams.stderr.colour && !signal.aborted }));
    const exit = signal.aborted ? EXIT_CODES.interrupted : failure.exitCode;
    if (offer !== undefined && deps !== undefined && (await isAccepted(offer, deps))) {
      await offer.accept((words, env) => run(words, asTalk(host, env), signal, table));
    }
    return exit;
  }
}

/** No answer, be it Ctrl-C or a terminal that is gone, is a no: the failure has been told, and nothing was promised. */
async function isAccepted({ message, flag }: Offer, { prompter }: Pick<Deps, 'prompter'>): Promise<boolean> {
  try {
    return await prompter.confirm({ message, flag, default: false });
  } catch {
    return false;
  }
}

/** The command has failed, so whatever is done afterwards is no result of it. */
function asTalk(host: Host, env: Readonly<Record<string, string>>): Host {
  return {
    ...host,
    env: { ...host.env, ...env },
    talk: (settings) => {
      const talk = host.talk(settings);
      return { ...talk, streams: { ...talk.streams, stdout: talk.streams.stderr } };
    },
  };
}

/** What files say of the flags: those that the command itself names, then the operator's configuration file. */
async function layersOf(parsed: Extract<Parsed, { kind: 'command' }>, deps: Deps, table: Table): Promise<readonly FlagLayer[]> {
  if (parsed.spec.flags.length === 0) return [];
  const own = (await parsed.spec.layers?.(parsed, deps, table)) ?? [];
  if (parsed.spec.configured === false) return own;
  const { configLayer } = await import('./config-layer.ts');
  return [...own, ...(await configLayer(parsed.spec, parsed.flags['config'], deps, table))];
}

async function execute(
  parsed: Extract<Parsed, { kind: 'command' }>,
  input: Awaited<ReturnType<typeof buildInput>>,
  deps: Deps,
  signal: AbortSignal,
): Promise<ExitCode> {
  signal.throwIfAborted();
  const handler = await parsed.spec.load();
  const outcome = await handler(input, deps, signal);
  if (outcome === undefined) return EXIT_CODES.ok;
  const rendered = await renderOutcome(outcome, input.output);
  if (rendered.stdout !== '') deps.streams.stdout.write(rendered.stdout);
  if (rendered.stderr !== '') deps.streams.stderr.write(rendered.stderr);
  return EXIT_CODES[outcome.exit ?? 'ok'];
}

/** What a cancelled command threw: its own account of what exists where it gave one, else only that it was stopped. */
function cancelled(error: unknown, signal: AbortSignal): VickError {
  const account = asVickError(error);
  if (account.family !== 'bug' && error !== signal.reason) return account;
  return new VickError('CANCELLED', 'Cancelled.', { cause: error });
}

function settingsOf(flags: RawFlags, env: Host['env'], json: boolean): TalkSettings {
  const on = (name: string): boolean => {
    const flag = GLOBAL_FLAGS.find((candidate) => candidate.name === name);
    const typed = flags[name];
    const chosen = choose<boolean>({ flag: typeof typed === 'boolean' ? typed : undefined, envNames: flag?.env ?? [], env, file: undefined, fallback: false });
    if (flag === undefined || chosen === undefined) return false;
    try {
      return typeof chosen.value === 'string' ? decodeValue(flag, chosen.value) === true : chosen.value;
    } catch {
      return false; // buildInput reports it, naming the variable.
    }
  };
  const yes = on('yes');
  return { verbose: on('verbose'), yes, input: !yes && !on('no-input'), colour: !on('no-color'), json };
}

/** The global switches of a command line that may not even parse, for showing why. */
function roughFlags(argv: readonly string[]): RawFlags {
  const typed = (flag: { readonly name: string; readonly short?: string }): boolean =>
    argv.includes(`--${flag.name}`) || (flag.short !== undefined && argv.includes(`-${flag.short}`));
  return Object.fromEntries(GLOBAL_FLAGS.filter(typed).map((flag) => [flag.name, true]));
}

function asksForJson(argv: readonly string[]): boolean {
  return argv.some((word, index) => /^(?:-o=?|--output=)json$/.test(word) || (/^(?:-o|--output)$/.test(word) && argv[index + 1] === 'json'));
}
