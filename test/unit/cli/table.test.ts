/** What must hold for every command, whoever wrote it. */
import { describe, expect, it } from 'vitest';
import { TABLE } from '../../../src/cli/specs/index.ts';
import { decodeValue } from '../../../src/cli/decode-value.ts';
import { parseArgv } from '../../../src/cli/parse.ts';
import { flagsOf, spellings } from '../../../src/cli/table.ts';
import { GLOBAL_FLAGS } from '../../../src/cli/specs/shared-flags.ts';

describe('the command table', () => {
  it('names every command once, in every spelling', () => {
    const all = TABLE.commands.flatMap((spec) => spellings(TABLE, spec.path).map((path) => path.join(' ')));
    expect(all.filter((path, index) => all.indexOf(path) !== index)).toEqual([]);
  });

  it('has a group for every word above a command', () => {
    const groups = TABLE.groups.map((group) => group.path.join(' '));
    for (const spec of TABLE.commands) {
      for (let length = 1; length < spec.path.length; length += 1) expect(groups).toContain(spec.path.slice(0, length).join(' '));
    }
  });

  describe.each(TABLE.commands.map((spec) => [spec.path.join(' '), spec] as const))('%s', (_name, spec) => {
    const flags = flagsOf(spec);

    it('has a summary of one line, in lower case, without a full stop', () => {
      expect(spec.summary).toMatch(/^[a-z][^\n]{0,90}[^.\n]$/);
    });

    it('has flags that differ from each other and from the global ones', () => {
      const names = [...flags, ...GLOBAL_FLAGS].flatMap((flag) => [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]);
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    });

    it('has flags that are described, valid and consistent', () => {
      for (const flag of flags) {
        expect(flag.name).toMatch(/^[a-z][a-z0-9-]*$/);
        expect(flag.description).not.toBe('');
        expect(flag.short ?? 'x').toMatch(/^[A-Za-z]$/);
        if (flag.kind === 'enum') expect(flag.values?.length).toBeGreaterThan(0);
        if (flag.default !== undefined && typeof flag.default === 'string') expect(() => decodeValue(flag, String(flag.default))).not.toThrow();
        if (flag.secret === true) expect(flag.env?.length).toBeGreaterThan(0);
        for (const variable of flag.env ?? []) expect(variable).toMatch(/^[A-Z][A-Z0-9_]*$/);
      }
    });

    it('takes nothing after an argument that takes everything', () => {
      const variadic = (spec.args ?? []).findIndex((arg) => arg.variadic === true);
      if (variadic !== -1) expect(variadic).toBe((spec.args ?? []).length - 1);
    });

    it('has examples that parse as itself', () => {
      if (spec.hidden !== true) expect(spec.examples.length).toBeGreaterThan(0);
      for (const { run } of spec.examples) {
        const typed = / ?(?:^|[ (])vick ((?:"[^"]*"|'[^']*'|[^|&>)"'])*)/.exec(run)?.[1]?.trim() ?? '';
        const words = typed.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)?.map((word) => word.replaceAll(/["']/g, '')) ?? [];
        const parsed = parseArgv(words, TABLE);
        expect({ run, command: parsed.kind === 'command' ? parsed.spec.path.join(' ') : parsed.kind }).toEqual({ run, command: spec.path.join(' ') });
      }
    });

    it('brings a handler when it is loaded', async () => {
      expect(await spec.load()).toBeTypeOf('function');
    });
  });
});
