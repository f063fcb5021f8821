import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { itemsUntilAborted, orAborted, untilAborted } from '../../../src/platform/until-aborted.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('waiting that an abort ends', () => {
  it('ends with the abort, or at once after it', async () => {
    const stop = new AbortController();
    const waiting = Promise.all([untilAborted(stop.signal), orAborted(new Promise(() => undefined), stop.signal)]);
    await setImmediate();
    stop.abort(new Error('over'));
    await waiting;
    await untilAborted(stop.signal);
    await orAborted(new Promise(() => undefined), stop.signal);
  });

  it('ends with the work, or its failure, and leaves no listener', async () => {
    const { signal } = new AbortController();
    await orAborted(Promise.resolve(), signal);
    await expect(orAborted(Promise.reject(new Error('work')), signal)).rejects.toThrow('work');
    expect(listeners(signal)).toBe(0);
  });

  it('takes items until they end, the reader has enough, or the abort', async () => {
    const stop = new AbortController();
    let returned = 0;
    async function* endless(): AsyncGenerator<number> {
      try {
        for (let item = 1; ; item += 1) {
          if (item === 3) await new Promise(() => undefined);
          yield item;
        }
      } finally {
        returned += 1;
      }
    }
    async function* two(): AsyncGenerator<number> {
      yield await Promise.resolve(1);
      yield 2;
    }
    const taken = async (items: AsyncIterable<number>, enough = 9): Promise<readonly number[]> => {
      const seen: number[] = [];
      for await (const item of itemsUntilAborted(items, stop.signal)) if (seen.push(item) === enough) break;
      return seen;
    };
    expect(await taken(two())).toEqual([1, 2]);
    expect(await taken(endless(), 1)).toEqual([1]);
    expect(returned).toBe(1);
    expect(listeners(stop.signal)).toBe(0);
    const hanging = taken(endless());
    await setImmediate();
    stop.abort(new Error('over'));
    expect(await hanging).toEqual([1, 2]);
  });
});
