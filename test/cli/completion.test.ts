import { execFile } from 'node:child_process';
import { readFile, writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COMPLETION_FILES, completionScript, SHELLS, type Shell } from '../../src/cli/completion/shells.ts';
import { run } from '../../src/cli/run.ts';
import { TABLE } from '../../src/cli/specs/index.ts';
import { createFakeHost } from '../support/fake-deps.ts';

const exec = promisify(execFile);
const folder = new URL('../../completions/', import.meta.url);
const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', LC_ALL: 'C' };

async function installed(program: string): Promise<boolean> {
  return exec(program, ['-c', 'exit 0'], { env }).then(
    () => true,
    () => false,
  );
}

describe('the checked-in scripts', () => {
  it.each(SHELLS)('are what the command table makes of them: %s (npm run generate)', async (shell) => {
    expect(await readFile(new URL(COMPLETION_FILES[shell], folder), 'utf8')).toBe(completionScript(shell, TABLE));
  });

  it.each(SHELLS)('are what `vick completion %s` prints', async (shell) => {
    const fake = createFakeHost();
    expect(await run(['completion', shell], fake.host)).toBe(0);
    expect(fake.stdout()).toBe(completionScript(shell, TABLE));
  });

  it('leave out what is hidden and what is secret', () => {
    for (const shell of SHELLS) {
      const script = completionScript(shell, TABLE);
      expect(script).not.toContain('sandbox serve');
      expect(script).not.toMatch(/--password(?!-file|-stdin)|-l password(?!-file|-stdin)/);
    }
  });

  it('refuses another shell, naming the likely one', async () => {
    const fake = createFakeHost();
    expect(await run(['completion', 'fihs'], fake.host)).toBe(2);
    expect(fake.stderr()).toContain('Did you mean fish?');
  });
});

/** Typed words, the last one being completed → what is offered among other things, and what is not. */
const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['vick ', ['create', 'node', 'status', 'version', 'completion'], ['taint', 'serve']],
  ['vick no', ['node'], ['status']],
  ['vick node ', ['list', 'taint', 'label'], ['status']],
  ['vick nodes ta', ['taint'], ['list']],
  ['vick sandbox ', ['up', 'down', 'status'], ['serve']],
  ['vick completion ', ['bash', 'zsh', 'fish', 'powershell'], []],
  ['vick help ex', ['exit-codes'], ['flags']],
  ['vick node list -o ', ['table', 'wide', 'json', 'yaml', 'name'], ['list']],
  ['vick node list --output j', ['json'], ['table']],
  ['vick node list --output=ya', ['yaml'], ['table']],
  ['vick node taint --context lab --dry-run ', ['none', 'client', 'server'], ['json']],
  ['vick --context lab node ', ['taint'], ['create']],
  ['vick node taint --over', ['--overwrite'], ['--output']],
  ['vick --ver', ['--version', '--verbose'], ['--yes']],
];

const DRIVERS: Partial<Record<Shell, (script: string, line: string) => Promise<readonly string[]>>> = { bash: bashOffers, zsh: zshOffers, fish: fishOffers };

describe.each(Object.entries(DRIVERS))('in a real %s', (shell, offers) => {
  it('parses and offers what fits', async ({ skip }) => {
    if (!(await installed(shell))) return skip(`${shell} is not installed here`);
    const script = new URL(COMPLETION_FILES[shell as Shell], folder).pathname;
    for (const [line, wanted, unwanted] of CASES) {
      const offered = await offers(script, line);
      expect({ line, offered }).toEqual({ line, offered: expect.arrayContaining([...wanted]) as string[] });
      expect({ line, wrong: unwanted.filter((word) => offered.includes(word)) }).toEqual({ line, wrong: [] });
    }
  });

  it('offers files where a file is asked for', async ({ skip }) => {
    if (!(await installed(shell))) return skip(`${shell} is not installed here`);
    const place = await mkdtemp(join(tmpdir(), 'vick-completion-'));
    try {
      await writeFile(join(place, 'admin conf'), '');
      const offered = await offers(new URL(COMPLETION_FILES[shell as Shell], folder).pathname, `vick node list --kubeconfig ${place}/adm`);
      // zsh offers names within the folder, the others whole paths.
      expect(offered.map((word) => word.replaceAll('\\', '').split('/').at(-1))).toEqual(['admin conf']);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  });
});

/** Sets what bash sets before it calls a completion function, splitting words at `=` as bash does. */
async function bashOffers(script: string, line: string): Promise<readonly string[]> {
  const words = line
    .split(' ')
    .flatMap((word) => word.split(/(=)/))
    .filter((word, index, all) => word !== '' || index === all.length - 1);
  const driver = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vick; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await exec('bash', ['--norc', '--noprofile', '-c', driver, 'driver', script, ...words], { env });
  return stdout.split('\n').filter(Boolean);
}

async function fishOffers(script: string, line: string): Promise<readonly string[]> {
  const { stdout } = await exec('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line], { env });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((row) => row.split('\t')[0] ?? '')
    .map((word) => word.replace(/^--[a-z-]+=/, ''));
}

/** A real zsh on a pseudo-terminal of zsh's own (zpty); what is offered is caught in `compadd`. */
async function zshOffers(script: string, line: string): Promise<readonly string[]> {
  const driver = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; unsetopt beep; zmodload zsh/complist; autoload -U compinit; compinit -u -D; source \${(q)1}"
zpty -w shell 'compadd() { local -a __hits; if [[ " $* " == *" -O "* || " $* " == *" -A "* || " $* " == *" -D "* ]]; then builtin compadd "$@"; return; fi; builtin compadd -O __hits "$@"; local __hit; for __hit in $__hits; do print -r -- "<<$__hit>>"; done; builtin compadd "$@" }'
zpty -w shell 'done-completing() { print "<<END>>" }; zle -N done-completing; bindkey "^D" done-completing; setopt list_ambiguous; print READY'
zpty -r shell banner '*READY*READY*'
zpty -n -w shell "$2"$'\\t'$'\\C-d'
zpty -r shell seen '*<<END>>*'
print -r -- "$seen"
zpty -d shell`;
  const { stdout } = await exec('zsh', ['-f', '-c', driver, 'driver', script, line], { env: { ...env, TERM: 'dumb' }, timeout: 20_000 });
  return [...stdout.matchAll(/<<(.*?)>>/g)].map(([, word = '']) => word).filter((word) => word !== 'END');
}
