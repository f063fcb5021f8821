import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedQueue } from '../../../src/kubelet/keyed-queue.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

interface Job {
  readonly key: string;
  readonly end: (error?: Error) => void;
}

function build() {
  const clock = new FakeClock(0);
  const jobs: Job[] = [];
  const begun: string[] = [];
  const errors: string[] = [];
  const queue = new KeyedQueue({
    clock,
    retry: { firstMs: 1_000, maximumMs: 4_000 },
    onError: (key, error) => errors.push(`${key}: ${(error as Error).message}`),
    work: (key) => {
      begun.push(`${key}@${String(clock.now())}`);
      return new Promise((resolve, reject) => {
        jobs.push({ key, end: (error) => (error === undefined ? resolve() : reject(error)) });
      });
    },
  });
  const finish = async (error?: Error): Promise<void> => {
    jobs.shift()!.end(error);
    await settle();
  };
  return { clock, jobs, begun, errors, queue, finish };
}

describe('the queue by key', () => {
  it('works on different keys at a time and never twice on one; changes meanwhile make one more turn', async () => {
    const { queue, begun, finish } = build();
    queue.add('a');
    queue.add('b');
    queue.add('a');
    queue.add('a');
    expect(begun).toEqual(['a@0', 'b@0']);
    await finish();
    expect(begun).toEqual(['a@0', 'b@0', 'a@0']);
    await finish();
    await finish();
    expect(begun).toHaveLength(3);
  });

  it('repeats what failed, more and more slowly, and for ever', async () => {
    const { queue, begun, clock, errors, finish } = build();
    queue.add('a');
    for (const wait of [1_000, 2_000, 4_000, 4_000, 4_000]) {
      await finish(new Error('no'));
      await clock.advance(wait);
    }
    expect(begun).toEqual(['a@0', 'a@1000', 'a@3000', 'a@7000', 'a@11000', 'a@15000']);
    expect(errors).toHaveLength(5);
    await finish();
    queue.add('a');
    await finish(new Error('no'));
    await clock.advance(1_000);
    expect(begun.at(-1)).toBe('a@16000');
  });

  it('keeps the nearest date only', async () => {
    const { queue, begun, clock, finish } = build();
    queue.addAt('a', 500);
    queue.addAt('a', 900);
    queue.addAt('a', 300);
    await clock.advance(2_000);
    await finish();
    expect(begun).toEqual(['a@300']);
  });

  it('forgets a key with its dates, also while it is worked on', async () => {
    const { queue, begun, clock, finish } = build();
    queue.add('a');
    queue.addAt('a', 100);
    queue.forget('a');
    await finish(new Error('no'));
    await clock.advance(10_000);
    expect(begun).toEqual(['a@0']);
    expect(clock.pending).toBe(0);
  });

  it('is idle when the last work has ended, and starts none after stop', async () => {
    const { queue, begun, finish } = build();
    queue.add('a');
    queue.stop();
    queue.add('b');
    let idle = false;
    void queue.idle().then(() => (idle = true));
    await settle();
    expect(idle).toBe(false);
    await finish();
    expect([idle, begun]).toEqual([true, ['a@0']]);
  });

  it('never has two pieces of work for one key, whatever comes in whatever order', async () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom('a', 'b') }),
      fc.record({ at: fc.constantFrom('a', 'b'), ms: fc.nat(3_000) }),
      fc.record({ end: fc.boolean() }),
      fc.record({ wait: fc.nat(3_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { queue, clock, jobs, finish } = build();
        for (const one of steps) {
          if ('add' in one) queue.add(one.add);
          else if ('at' in one) queue.addAt(one.at, clock.now() + one.ms);
          else if ('wait' in one) await clock.advance(one.wait);
          else if (jobs.length > 0) await finish(one.end ? undefined : new Error('no'));
          expect(new Set(jobs.map(({ key }) => key)).size).toBe(jobs.length);
        }
        for (let turn = 0; turn < 100 && (jobs.length > 0 || clock.pending > 0); turn += 1) {
          while (jobs.length > 0) await finish();
          await clock.advance(5_000);
        }
        expect([jobs.length, clock.pending]).toEqual([0, 0]);
      }),
      { numRuns: 50 },
    );
  });
});
