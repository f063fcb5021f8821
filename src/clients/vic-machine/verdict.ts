/**
 * Did a vic-machine run succeed? Its exit code alone does not say: flag errors, silent roll-backs and crashes end with 0.
 * Rule: exit code 0 and the command's own last line (vmware/vic cmd/vic-machine; vmware/vic#5529, #5605).
 */
import { messagesAt, type OutputLine } from './log-line.ts';

export type VicCommand = 'create' | 'delete' | 'ls' | 'inspect' | 'inspect config' | 'configure' | 'upgrade' | 'reset progress' | 'debug' | 'update firewall';

export interface Verdict {
  readonly succeeded: boolean;
  /** Faults the run reported although it succeeded: a component or a volume store that did not come up. */
  readonly problems: readonly string[];
  /** Why it failed: issues between the dashes, else the reason, else the error lines before. Empty for a silent failure. */
  readonly issues: readonly string[];
  /** Choices vic-machine offers, by what they are for: `--compute-resource` → ["DC0_C0"]. */
  readonly suggestions: Readonly<Record<string, readonly string[]>>;
  /** `usage`: vic-machine did not understand its command line; `crash`; `silent`: it ended without saying why. */
  readonly kind: 'success' | 'failure' | 'usage' | 'crash' | 'silent';
}

const LAST_LINE: Readonly<Record<VicCommand, RegExp>> = {
  create: /^Installer completed successfully$/,
  delete: /^Completed successfully$/,
  inspect: /^Completed successfully$/,
  // Verbose; or raw, which is a line of flags and nothing else.
  'inspect config': /^The target VCH is configured with the following options|^--[a-z][a-z0-9-]*=/,
  configure: /^Completed successfully$/,
  upgrade: /^Completed successfully$/,
  // configure and upgrade with --reset-progress
  'reset progress': /^Reset UpdateInProgress flag successfully$/,
  debug: /^Completed successfully$/,
  'update firewall': /^Command completed successfully$/,
  ls: /^ID +PATH +NAME +VERSION +UPGRADE STATUS *$/,
};

/** vic-machine's own last word after a panic, and what the Go runtime prints where even that fails. */
const CRASH = /^\S.* failed, please check log file vic-machine\.log|^(?:panic|fatal error|runtime error): |^SIG[A-Z]+: /;
const DASHES = /^-{20,}$/;
const CLOSING = /^\S.* failed: (.*)$/s;

export function judge(command: VicCommand, exitCode: number | undefined, lines: readonly OutputLine[]): Verdict {
  const suggestions = suggestionsIn(lines);
  const misuse = lines.flatMap((line) => (line.kind === 'text' && /^(?:Incorrect Usage|No help topic for )/.test(line.text) ? [line.text] : []));
  if (misuse.length > 0) return { succeeded: false, kind: 'usage', problems: [], issues: misuse, suggestions };
  const crash = allTexts(lines).filter((text) => CRASH.test(text));
  const faults = errorMessages(lines);
  const finished = allTexts(lines).some((text) => LAST_LINE[command].test(text.trimEnd()));
  const stopped =
    faults.some((message) => message.startsWith('List cannot continue')) || faults.some((message) => CLOSING.test(message) && !message.startsWith(' '));
  if (exitCode === 0 && finished && crash.length === 0 && !(command === 'ls' && stopped)) {
    return {
      succeeded: true,
      kind: 'success',
      problems: faults.filter((message) => !DASHES.test(message)).map((message) => message.trim()),
      issues: [],
      suggestions,
    };
  }
  const issues = crash.length > 0 ? [...failureIssues(faults), ...crash] : failureIssues(faults);
  return { succeeded: false, kind: crash.length > 0 ? 'crash' : issues.length === 0 ? 'silent' : 'failure', problems: [], issues, suggestions };
}

/** Error messages without the noise of a time limit: Go function names and a stack, said besides the reason. */
function errorMessages(lines: readonly OutputLine[]): readonly string[] {
  const levels = ['error', 'fatal', 'panic'] as const;
  return lines.flatMap((line) => (line.kind === 'log' && line.message.includes('context deadline exceeded\n') ? [] : messagesAt([line], levels)));
}

/**
 * create collects its validation issues between two lines of dashes and gives a useful reason otherwise; the other
 * commands end in a fixed phrase, and their cause is in the error lines before the dashes.
 */
function failureIssues(faults: readonly string[]): readonly string[] {
  const first = faults.findIndex((message) => DASHES.test(message));
  const last = faults.findLastIndex((message) => DASHES.test(message));
  const before = first < 0 ? faults : faults.slice(0, first);
  const reasons = last < 0 ? [] : faults.slice(last + 1).map((message) => CLOSING.exec(message)?.[1]?.trim() ?? message);
  const between = last > first ? faults.slice(first + 1, last).filter((message) => !message.endsWith('cannot continue: configuration validation failed')) : [];
  if (between.length > 0) return unique(withoutConsequences(between));
  const useful = reasons.filter((reason) => !FIXED_PHRASE.test(reason));
  const said = unique([...useful, ...before].map((message) => message.trim()).filter((message) => message !== ''));
  const causes = said.filter((message) => !LEAD_OUT.test(message));
  return causes.length > 0 ? causes : said;
}

const FIXED_PHRASE = /^(?:list|inspect|delete|debug|configure|upgrade|update firewall) failed$|^validation of configuration failed$/;
/** Lines that only announce that there was an error. */
const LEAD_OUT =
  /^\S+ cannot continue: (?:failed to create validator|configuration validation failed|copying configuration failed)$|^Failed to get Virtual Container Host /;

/** Without a cluster vic-machine lists every check it skipped; those lines name no cause. */
function withoutConsequences(issues: readonly string[]): readonly string[] {
  const causes = issues.filter((issue) => !/ SKIPPED$|^ {2}cluster not set$/.test(issue));
  return (causes.length > 0 ? causes : issues).map((issue) => issue.trim()).filter((issue) => issue !== '');
}

function suggestionsIn(lines: readonly OutputLine[]): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {};
  let current: string[] | undefined;
  for (const message of messagesAt(lines, ['info'])) {
    const subject = /^Suggested (?:values for (\S+?)|(datacenters)):$/.exec(message);
    const value = /^ {2}"(.*)"$/.exec(message)?.[1];
    if (subject !== null) {
      const key = subject[1] ?? subject[2] ?? '';
      current = found[key] ?? [];
      found[key] = current;
    } else if (value !== undefined) current?.push(value);
    else current = undefined;
  }
  return found;
}

function allTexts(lines: readonly OutputLine[]): readonly string[] {
  return lines.map((line) => (line.kind === 'log' ? line.message : line.text));
}

function unique(messages: readonly string[]): readonly string[] {
  return [...new Set(messages)];
}
