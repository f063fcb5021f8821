import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderVariables } from '../../../../src/operations/sandbox/env.ts';

test('whatever is in a value, sh reads it back', () => {
  const printable = fc.string({ unit: fc.constantFrom(...'aZ0 \'"\\$`!*?#&;|<>(){}[]~=%\t'.split('')), maxLength: 20 });
  fc.assert(
    fc.property(printable, (value) => {
      const script = `${renderVariables({ VICK_PROBE: value }, 'sh')}\nprintf %s "$VICK_PROBE"`;
      expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(value);
    }),
    { numRuns: 30 },
  );
});

test('fish and powershell have their own syntax', () => {
  expect(renderVariables({ A: "it's" }, 'fish')).toBe("set -gx A 'it\\'s'");
  expect(renderVariables({ A: "it's" }, 'powershell')).toBe("$env:A = 'it''s'");
});
