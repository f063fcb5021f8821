import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../../src/platform/limiter.ts';
import { settle } from '../../support/fake-clock.ts';

describe('a limiter', () => {
  it('runs as many as allowed at once, in order, also after failures', async () => {
    const limit = createLimiter(2);
    const gates: { readonly open: () => void; readonly fail: () => void }[] = [];
    const begun: number[] = [];
    const work = (index: number): Promise<number> =>
      limit(async () => {
        begun.push(index);
        await new Promise<void>((open, fail) => gates.push({ open, fail: () => fail(new Error(`work ${String(index)}`)) }));
        return index;
      });
    const results = Promise.allSettled([0, 1, 2, 3, 4].map(work));
    await settle();
    expect(begun).toEqual([0, 1]);
    gates[1]?.fail();
    await settle();
    expect(begun).toEqual([0, 1, 2]);
    for (const index of [0, 2]) gates[index]?.open();
    await settle();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    for (const index of [3, 4]) gates[index]?.open();
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect(await limit(() => Promise.resolve('free again'))).toBe('free again');
  });
});
