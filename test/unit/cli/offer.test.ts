import { expect, it } from 'vitest';
import { isOfferedFailure, OfferedFailure } from '../../../src/cli/offer.ts';
import { VickError } from '../../../src/errors/vick-error.ts';

const copy = '../../../src/cli/offer.ts?copy';

it('knows an offer of another copy of the module, as a lazily loaded command has one', async () => {
  const other = (await import(/* @vite-ignore */ copy)) as { OfferedFailure: typeof OfferedFailure };
  expect(other.OfferedFailure).not.toBe(OfferedFailure);
  const failure = new VickError('IO', 'x');
  const offer = { message: 'Remove it?', flag: '--cleanup', accept: () => Promise.resolve() };
  for (const made of [OfferedFailure, other.OfferedFailure]) {
    const offered: unknown = new made(failure, offer);
    expect(isOfferedFailure(offered) && offered.failure).toBe(failure);
  }
  for (const none of [failure, new Error('x'), undefined, null, 'x']) expect(isOfferedFailure(none)).toBe(false);
});
