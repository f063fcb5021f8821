import type { Host, TalkSettings } from '../../src/cli/deps.ts';
import { silentLog } from '../../src/platform/log.ts';
import { createEventReporter } from '../../src/platform/event-reporter.ts';
import { createReporter } from '../../src/platform/node/reporter.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import { systemRandom } from '../../src/platform/node/random.ts';
import type { Output } from '../../src/platform/streams.ts';
import type { Prompter, PromptQuestion } from '../../src/platform/talk.ts';
import { FakeClock } from './fake-clock.ts';

export interface FakeHostOptions {
  /** Whether all three streams are terminals. */
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Answers to questions, in order; a question too many fails the test. */
  readonly answers?: readonly (string | boolean)[];
  readonly host?: Partial<Omit<Host, 'streams' | 'talk' | 'env'>>;
}

export interface FakeHost {
  readonly host: Host;
  readonly clock: FakeClock;
  stdout(): string;
  stderr(): string;
  /** What was asked, as `message [flag]`. */
  readonly asked: string[];
  /** The settings of the last `talk`. */
  settings(): TalkSettings | undefined;
}

/** A host in memory. What a test does not hand in fails when it is touched, so nothing is used by accident. */
export function createFakeHost(options: FakeHostOptions = {}): FakeHost {
  const terminal = options.terminal ?? false;
  const stdout = memoryOutput(terminal);
  const stderr = memoryOutput(terminal);
  const asked: string[] = [];
  const clock = new FakeClock();
  let settings: TalkSettings | undefined;
  const streams = { stdout: stdout.output, stderr: stderr.output, stdin: { isTerminal: terminal, readText: () => Promise.resolve('') } };
  const host: Host = {
    streams,
    env: options.env ?? {},
    cwd: '/nowhere',
    homeDirectory: '/nowhere/home',
    clock,
    random: systemRandom,
    fs: nodeFileSystem,
    runner: untouchable('runner'),
    spawner: untouchable('spawner'),
    processes: untouchable('processes'),
    log: silentLog,
    kubernetes: untouchable('kubernetes'),
    vch: untouchable('vch'),
    kubelet: untouchable('kubelet'),
    sandbox: untouchable('sandbox'),
    self: { argv: (bin) => ['node', `/bin/${bin}.js`], pid: 4711, version: '1.2.3', runtime: { node: 'v20.19.0', platform: 'linux/x64' } },
    talk: (chosen) => {
      settings = chosen;
      return {
        streams,
        reporter: chosen.json
          ? createEventReporter({ output: stderr.output, verbose: chosen.verbose, clock })
          : createReporter({ output: stderr.output, verbose: chosen.verbose }),
        prompter: scriptedPrompter(options.answers ?? [], asked, { interactive: terminal && chosen.input, yes: chosen.yes }),
      };
    },
    ...options.host,
  };
  return { host, clock, asked, stdout: stdout.text, stderr: stderr.text, settings: () => settings };
}

function memoryOutput(terminal: boolean): { output: Output; text: () => string } {
  const chunks: string[] = [];
  return { output: { write: (text) => void chunks.push(text), isTerminal: terminal, columns: 80, colour: terminal }, text: () => chunks.join('') };
}

function scriptedPrompter(answers: readonly (string | boolean)[], asked: string[], { interactive, yes }: { interactive: boolean; yes: boolean }): Prompter {
  const left = [...answers];
  const answer = (question: PromptQuestion): Promise<never> => {
    if (!interactive) throw new Error(`asked without a terminal: ${question.flag}`);
    asked.push(`${question.message} [${question.flag}]`);
    const next = left.shift();
    if (next === undefined) throw new Error(`no answer left for ${question.flag}`);
    return Promise.resolve(next as never);
  };
  return { interactive, text: answer, secret: answer, choose: answer, confirm: (question) => (yes ? Promise.resolve(true) : answer(question)) };
}

function untouchable(name: string): never {
  const refuse = (_target: object, property: string | symbol): never => {
    throw new Error(`unexpected use of ${name}.${String(property)}`);
  };
  return new Proxy({}, { get: refuse }) as never;
}
