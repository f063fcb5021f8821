import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLines } from '../../../../src/clients/kubernetes/json-lines.ts';

async function read(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(
    (async function* () {
      for (const chunk of chunks) yield await Promise.resolve(chunk);
    })(),
  )) {
    values.push(value);
  }
  return values;
}

test('any values, cut anywhere, come out whole and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.nat({ max: 400 })), async (values, cuts) => {
      const wire = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''), 'utf8');
      const positions = [0, ...cuts.map((cut) => Math.min(cut, wire.length)).sort((a, b) => a - b), wire.length];
      const chunks = positions.slice(1).map((end, index) => wire.subarray(positions[index], end));
      expect(await read(chunks)).toEqual(JSON.parse(JSON.stringify(values)));
    }),
  );
});

test('a last line without a line end counts', async () => {
  expect(await read([Buffer.from('{"a":1}\n{"b"'), Buffer.from(':2}')])).toEqual([{ a: 1 }, { b: 2 }]);
});

test('a line that is not JSON is an error, not a lost event', async () => {
  await expect(read([Buffer.from('{"a":1}\nnonsense\n')])).rejects.toThrow(SyntaxError);
});
