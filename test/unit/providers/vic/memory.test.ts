import { expect, it } from 'vitest';
import { usedHeap } from '../../../support/heap.ts';
import { startSandboxVch } from '../../../support/sandbox-vch.ts';
import { stillEngine } from '../../../support/still-engine.ts';
import { cyclePods } from '../../../support/vic-cycles.ts';

const never = new AbortController().signal;
const WARM_UP = 150;
const BATCHES = 3;
const CYCLES = 120;
/** What is still being warmed up is less; what is kept of every pod comes to more. The bench looks more closely. */
const BYTES_PER_CYCLE = 4_096;
/** The last one may be on the stack still. */
const ALIVE = 2;

it('keeps nothing of pods that are gone', async () => {
  const vch = await startSandboxVch({ bootMs: 0, engine: stillEngine() });
  try {
    await vch.engine.pull({ repository: 'busybox', tag: 'latest' }, never);
    const provider = vch.provider();
    const stop = new AbortController();
    const watching = provider.watch(() => undefined, stop.signal);
    // Full from the start: the port layer's table of handles has a limit.
    vch.loseHandles();
    await cyclePods(provider, WARM_UP, never);
    // What is compiled and cached on the way comes and goes; what leaks grows in every batch.
    const grown: number[] = [];
    let alive = 0;
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const before = await usedHeap();
      const pods = await cyclePods(provider, CYCLES, never);
      grown.push(((await usedHeap()) - before) / CYCLES);
      alive = pods.filter((pod) => pod.deref() !== undefined).length;
    }
    stop.abort(new Error('the test is over'));
    await watching;
    expect(vch.state.containers.list()).toEqual([]);
    expect(alive).toBeLessThanOrEqual(ALIVE);
    expect(Math.min(...grown), grown.join()).toBeLessThan(BYTES_PER_CYCLE);
  } finally {
    await vch.close();
  }
}, 120_000);
