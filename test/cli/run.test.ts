import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import type { CommandInput, CommandSpec, Outcome } from '../../src/cli/spec.ts';
import type { Deps } from '../../src/cli/deps.ts';
import type { Table } from '../../src/cli/table.ts';
import { VickError } from '../../src/errors/vick-error.ts';
import { createFakeHost, type FakeHostOptions } from '../support/fake-deps.ts';

interface Call {
  readonly input: CommandInput;
  readonly deps: Deps;
}

const PROBE: Omit<CommandSpec, 'load'> = {
  path: ['probe', 'site'],
  aliases: ['place'],
  summary: 'look at a site',
  args: [
    { name: 'NAME', description: 'name of the site', required: true },
    { name: 'MORE', description: 'more names', required: false, variadic: true },
  ],
  flags: [
    { name: 'target', kind: 'string', env: ['PROBE_TARGET', 'OLD_TARGET'], description: 'where to look' },
    { name: 'limit', short: 'n', kind: 'integer', env: ['PROBE_LIMIT'], default: 10, description: 'how many' },
    { name: 'timeout', kind: 'duration', default: '3m', description: 'how long' },
    { name: 'mode', kind: 'enum', values: ['fast', 'deep'], description: 'how' },
    { name: 'wait', kind: 'boolean', default: true, env: ['PROBE_WAIT'], description: 'wait for it' },
    { name: 'tag', kind: 'string', repeatable: true, env: ['PROBE_TAGS'], description: 'a tag' },
  ],
  examples: [{ say: 'Look', run: 'vick probe site here' }],
  outputs: ['table', 'json', 'yaml', 'name'],
  passThrough: true,
};

const LOGIN: Omit<CommandSpec, 'load'> = {
  path: ['login'],
  summary: 'log in',
  flags: [
    { name: 'user', kind: 'string', required: true, env: ['PROBE_USER'], description: 'name of the user' },
    { name: 'password', kind: 'string', required: true, secret: true, env: ['PROBE_PASSWORD'], description: 'password of the user' },
  ],
  examples: [],
};

/** Runs `line` against a table of two commands that hand back what they were called with. */
async function probe(
  line: string | readonly string[],
  options: FakeHostOptions & { outcome?: Outcome; act?: (call: Call, signal: AbortSignal) => Promise<Outcome | undefined>; signal?: AbortSignal } = {},
) {
  const calls: Call[] = [];
  const load = (): Promise<CommandSpec['load'] extends () => Promise<infer H> ? H : never> =>
    Promise.resolve((input, deps, signal) => {
      calls.push({ input, deps });
      return options.act?.({ input, deps }, signal) ?? Promise.resolve(options.outcome);
    });
  const table: Table = {
    commands: [
      { ...PROBE, load },
      { ...LOGIN, load },
      { path: ['secretly'], summary: 'not shown', hidden: true, flags: [], examples: [], load },
    ],
    groups: [{ path: ['probe'], summary: 'look at things', aliases: ['pr'] }],
  };
  const fake = createFakeHost(options);
  const code = await run(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, fake.host, options.signal, table);
  return { code, calls, input: calls[0]?.input, fake, stdout: fake.stdout(), stderr: fake.stderr() };
}

describe('words and flags', () => {
  it('decodes every kind, and says where each value came from', async () => {
    const { code, input } = await probe('probe site here --target=t -n 3 --timeout 1h30m --mode deep --tag a --tag b', { env: { PROBE_TARGET: 'ignored' } });
    expect(code).toBe(0);
    expect(input?.args).toEqual({ NAME: 'here', MORE: [] });
    expect(input?.flags).toEqual({ target: 't', limit: 3, timeout: 5_400_000, mode: 'deep', wait: true, tag: ['a', 'b'], output: 'table' });
    expect(input?.sources).toMatchObject({ target: 'flag', limit: 'flag', wait: 'default', output: 'default' });
  });

  it('takes the environment where no flag is given, the first variable that is set', async () => {
    const { input } = await probe('probe site here', {
      env: { PROBE_TARGET: '', OLD_TARGET: 'old', PROBE_LIMIT: '7', PROBE_WAIT: 'false', PROBE_TAGS: 'a, b' },
    });
    expect(input?.flags).toMatchObject({ target: 'old', limit: 7, wait: false, tag: ['a', 'b'], timeout: 180_000 });
    expect(input?.sources).toMatchObject({ target: 'env', limit: 'env', wait: 'env' });
  });

  it.each(['--no-wait', '--wait=false'])('takes a switch back with %s', async (flag) => {
    expect((await probe(`probe site here ${flag}`)).input?.flags['wait']).toBe(false);
  });

  it('takes flags before and between the words of the command', async () => {
    const { input } = await probe('--target t probe -n 3 site here -v');
    expect(input?.flags).toMatchObject({ target: 't', limit: 3, verbose: true });
    expect(input?.args['NAME']).toBe('here');
  });

  it('knows aliases of groups and commands', async () => {
    expect((await probe('pr place here a b')).input?.args).toEqual({ NAME: 'here', MORE: ['a', 'b'] });
  });

  it('passes on what follows --, unread', async () => {
    const { input } = await probe('probe site here -n 3 -- --target x -n --wait=false -- y');
    expect(input?.rest).toEqual(['--target', 'x', '-n', '--wait=false', '--', 'y']);
    expect(input?.flags['target']).toBeUndefined();
  });

  it('takes a value that looks like a flag, a lone dash and an empty one as they are', async () => {
    expect((await probe(['probe', 'site', '-', '--target', '--version'])).input).toMatchObject({ args: { NAME: '-' }, flags: { target: '--version' } });
    expect((await probe(['probe', 'site', 'here', '--target='])).input?.flags['target']).toBe('');
  });
});

describe('usage errors', () => {
  it.each([
    ['probe site here --tagret x', "unknown flag '--tagret'", "Did you mean --target? See 'vick probe site --help'."],
    ['probe site here -x', "unknown flag '-x'", "See 'vick probe site --help'."],
    ['proeb', "unknown command 'proeb'", 'Did you mean probe?'],
    ['probe siet', "unknown command 'siet'", "Did you mean site? See 'vick probe --help'."],
    ['secretlyy', "unknown command 'secretlyy'", "See 'vick --help'."],
    ['login extra', "too many arguments for 'login'", "See 'vick login --help'."],
    ['probe site here --target', "flag '--target' needs a value", "See 'vick probe site --help'."],
    ['probe site here -n many', '--limit: "many" is not a whole number', "See 'vick probe site --help'."],
    ['probe site here --timeout 90', '--timeout: "90" is not a duration', 'Write the unit: 90s or 90m.'],
    ['probe site here --mode dep', '--mode: "dep" is not one of fast, deep', 'Did you mean deep?'],
    ['probe site here -o xml', '--output: "xml" is not one of table, json, yaml, name', "See 'vick probe site --help'."],
    ['probe site', 'NAME is missing: name of the site', 'Use: vick probe site NAME [MORE...] [flags] [-- ARGS...]'],
    ['login', '--user is required: name of the user', 'Give --user STRING or $PROBE_USER.'],
  ])('`vick %s` ends with 2', async (line, message, hint) => {
    const { code, stdout, stderr, calls } = await probe(line);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain(hint.replace('STRING', 'VALUE'));
    expect(stderr.split('\n').length).toBeLessThan(6);
    expect(calls).toEqual([]);
  });

  it('reports every wrong value at once', async () => {
    const { stderr } = await probe('probe site here -n x --timeout y', { env: { PROBE_WAIT: 'perhaps' } });
    expect(stderr).toContain('  --limit: "x" is not a whole number\n  --timeout: "y" is not a duration\n  $PROBE_WAIT: "perhaps" is neither true nor false');
  });

  it('names a variable, not a flag, for a secret, and never takes it on the command line', async () => {
    const missing = await probe('login --user me');
    expect(missing.stderr).toContain('hint: Give $PROBE_PASSWORD.');
    const typed = await probe('login --user me --password hunter2');
    expect(typed.code).toBe(2);
    expect(typed.stderr).toContain("unknown flag '--password'");
    expect(typed.stderr).not.toContain('hunter2');
  });

  it('does not let a lone -- or an unknown flag hide the command', async () => {
    expect((await probe('probe site here --nope=3')).stderr).toContain("unknown flag '--nope");
    expect((await probe('-- probe')).code).not.toBe(1);
  });
});

describe('questions', () => {
  it('asks for what is missing on a terminal', async () => {
    const { input, fake } = await probe('login', { terminal: true, answers: ['me', 'pw'] });
    expect(fake.asked).toEqual(['Name of the user [--user]', 'Password of the user [--password]']);
    expect(input?.flags).toMatchObject({ user: 'me', password: 'pw' });
  });

  it('asks for a missing argument too', async () => {
    expect((await probe('probe site', { terminal: true, answers: ['here'] })).input?.args['NAME']).toBe('here');
  });

  it.each(['--no-input', '--yes', '-y'])('asks nothing with %s', async (flag) => {
    const { code, fake } = await probe(`login ${flag}`, { terminal: true });
    expect(code).toBe(2);
    expect(fake.asked).toEqual([]);
  });

  it('asks nothing with VICK_NO_INPUT', async () => {
    expect((await probe('login', { terminal: true, env: { VICK_NO_INPUT: '1' } })).code).toBe(2);
  });

  it('asks nothing in a pipe', async () => {
    expect((await probe('login')).code).toBe(2);
  });
});

describe('outcomes', () => {
  const outcome: Outcome = { data: { kind: 'Probe', ok: true }, text: 'all is well', names: ['site/here'] };

  it.each([
    ['', 'all is well\n'],
    ['-o json', '{\n  "kind": "Probe",\n  "ok": true\n}\n'],
    ['-o yaml', 'kind: Probe\nok: true\n'],
    ['-o name', 'site/here\n'],
  ])('prints with %j to stdout and nothing to stderr', async (flags, text) => {
    const { stdout, stderr, code } = await probe(`probe site here ${flags}`, { outcome });
    expect({ stdout, stderr, code }).toEqual({ stdout: text, stderr: '', code: 0 });
  });

  it('lets a command that worked say that something is wrong', async () => {
    expect((await probe('probe site here', { outcome: { ...outcome, exit: 'partial' } })).code).toBe(8);
  });

  it('keeps progress out of stdout', async () => {
    const { stdout, stderr } = await probe('probe site here -o json', {
      act: ({ deps }) => {
        const step = deps.reporter.step('Looking');
        step.detail('left');
        step.done('Looked');
        deps.reporter.verbose('quiet');
        return Promise.resolve(outcome);
      },
    });
    expect(JSON.parse(stdout)).toEqual(outcome.data);
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const step = { apiVersion: 'vick.dev/v1alpha1', time: '2026-11-23T12:00:00Z', type: 'step', name: 'looking', title: 'Looking' };
    expect(events).toEqual([
      { ...step, state: 'started' },
      { ...step, state: 'progress', message: 'left' },
      { ...step, state: 'done', message: 'Looked' },
    ]);
  });
});

describe('failures', () => {
  it.each([
    ['KUBE_CONFLICT', 3],
    ['KUBE_FORBIDDEN', 4],
    ['VCH_NOT_FOUND', 5],
    ['KUBECONFIG_INVALID', 6],
    ['VIC_MACHINE_TIMEOUT', 7],
    ['VCH_PARTIAL', 8],
    ['IO', 1],
  ] as const)('ends with the exit code of %s', async (code, exit) => {
    const failing = await probe('probe site here', { act: () => Promise.reject(new VickError(code, 'no', { hint: 'Try.' })) });
    expect(failing.code).toBe(exit);
    expect(failing.stderr).toBe(`error: no [${code}]\nhint: Try.\n`);
  });

  it('is JSON on stderr with -o json, also when the command line is wrong', async () => {
    const failing = await probe('probe site here -o json', { act: () => Promise.reject(new VickError('IO', 'no')) });
    expect(failing.stdout).toBe('');
    expect(JSON.parse(failing.stderr)).toEqual({ error: { code: 'IO', message: 'no' } });
    expect(JSON.parse((await probe('probe site here --nope --output=json')).stderr)).toMatchObject({ error: { code: 'USAGE' } });
  });

  it('calls an exception a mistake of vick', async () => {
    const failing = await probe('probe site here', { act: () => Promise.reject(new TypeError('boom')) });
    expect(failing.code).toBe(1);
    expect(failing.stderr).toContain('error: boom [BUG]');
  });

  it('colours on a terminal, not with --no-color', async () => {
    const act = (): Promise<never> => Promise.reject(new VickError('IO', 'no'));
    expect((await probe('probe site here', { terminal: true, act })).stderr).toContain('\u001b[31merror\u001b[39m');
    expect((await probe('probe site here --no-color', { terminal: true, act })).fake.settings()).toMatchObject({ colour: false });
  });
});

describe('cancelling', () => {
  const stop = new AbortController();
  stop.abort(new VickError('CANCELLED', 'Cancelled.'));

  it('starts nothing that is cancelled already', async () => {
    const { code, calls, stderr } = await probe('probe site here', { signal: stop.signal });
    expect({ code, calls, stderr }).toEqual({ code: 130, calls: [], stderr: 'Cancelled.\n' });
  });

  it('hands on what the command says exists, without red', async () => {
    const control = new AbortController();
    const { code, stderr } = await probe('probe site here', {
      terminal: true,
      signal: control.signal,
      act: async (_call, signal) => {
        control.abort(new VickError('CANCELLED', 'Cancelled.'));
        await Promise.resolve();
        throw new VickError('CANCELLED', 'Cancelled while the VCH was being created: it may exist in part.', {
          hint: 'vick delete vch demo',
          cause: signal.reason,
        });
      },
    });
    expect(code).toBe(130);
    expect(stderr).toBe('Cancelled while the VCH was being created: it may exist in part.\nhint: vick delete vch demo\n');
  });

  it('takes a command that ends in order at its word', async () => {
    const control = new AbortController();
    const ended = await probe('probe site here', {
      signal: control.signal,
      act: () => {
        control.abort();
        return Promise.resolve({ data: {}, text: 'served until stopped' });
      },
    });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toBe('served until stopped\n');
  });

  it('makes no bug report of a library that throws AbortError', async () => {
    const control = new AbortController();
    const { code, stderr } = await probe('probe site here', {
      signal: control.signal,
      act: () => {
        control.abort();
        return Promise.reject(new DOMException('This operation was aborted', 'AbortError'));
      },
    });
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'Cancelled.\n' });
  });
});

describe('help', () => {
  it('shows every visible command, and no hidden one', async () => {
    const { stdout, code } = await probe('');
    expect(code).toBe(0);
    expect(stdout).toContain('  probe site   look at a site\n');
    expect(stdout).not.toContain('secretly');
  });

  it('shows a group that stands alone', async () => {
    expect((await probe('probe')).stdout).toMatchInlineSnapshot(`
      "Look at things.

      Usage:
        vick probe <command> [flags]

      Commands:
        probe site   look at a site

      Use 'vick probe <command> --help' for the flags of a command.
      "
    `);
  });

  it.each(['probe site --help', 'probe site -h', 'probe site here --limit x --help', '--help probe site', 'probe --help site'])(
    'shows a command: %s',
    async (line) => {
      const { stdout, code, calls } = await probe(line);
      expect(code).toBe(0);
      expect(calls).toEqual([]);
      expect(stdout).toMatch(/^Look at a site\.\n\nUsage:\n {2}vick probe site NAME \[MORE\.\.\.\] \[flags\] \[-- ARGS\.\.\.\]\n {2}vick probe place\n/);
      expect(stdout).toContain('  -n, --limit INTEGER      how many (default: 10; $PROBE_LIMIT)\n');
      expect(stdout).toContain('      --mode ENUM          how (one of: fast, deep)\n');
    },
  );

  it('names a secret by its variable', async () => {
    expect((await probe('login --help')).stdout).toContain(
      'Secrets (by environment or prompt, never on the command line):\n  PROBE_PASSWORD   password of the user (required)\n',
    );
  });

  it('prints the version', async () => {
    expect((await probe('--version')).stdout).toBe('vick 1.2.3\n');
  });
});
