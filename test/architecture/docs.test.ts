import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES, withParts } from '../tooling/docs.ts';

test.each(PAGES)('%s is as `npm run generate` makes it', async (page) => {
  const text = await readFile(join(resolve(import.meta.dirname, '../..'), page), 'utf8');
  expect(text).toContain('<!-- made: ');
  expect(withParts(text)).toBe(text);
});
