/** What is left in memory of 5,000 pods that came and went, over a port layer of the sandbox in the same process. */
import { setMaxListeners } from 'node:events';
import { usedHeap } from '../support/heap.ts';
import { startSandboxVch } from '../support/sandbox-vch.ts';
import { stillEngine } from '../support/still-engine.ts';
import { cyclePods } from '../support/vic-cycles.ts';

const WARM_UP = 300;
const ROUNDS = 10;
const CYCLES = 500;
const never = new AbortController().signal;
setMaxListeners(0, never);

export async function main(): Promise<void> {
  const vch = await startSandboxVch({ bootMs: 0, engine: stillEngine() });
  const stop = new AbortController();
  try {
    await vch.engine.pull({ repository: 'busybox', tag: 'latest' }, never);
    const provider = vch.provider();
    const watching = provider.watch(() => undefined, stop.signal);
    // Full from the start: the port layer's table of handles has a limit.
    vch.loseHandles();
    await cyclePods(provider, WARM_UP, never);
    const heapKiB = [await usedKiB()];
    const began = performance.now();
    for (let round = 0; round < ROUNDS; round += 1) {
      await cyclePods(provider, CYCLES, never);
      heapKiB.push(await usedKiB());
    }
    const cycles = ROUNDS * CYCLES;
    const bytesPerCycle = Math.round((((heapKiB.at(-1) ?? 0) - (heapKiB[0] ?? 0)) * 1024) / cycles);
    const msPerCycle = Math.round((performance.now() - began) / cycles);
    stop.abort(new Error('done'));
    await watching;
    process.stdout.write(`${JSON.stringify({ vic: { cycles, heapKiB, bytesPerCycle, msPerCycle } }, undefined, 2)}\n`);
  } finally {
    await vch.close();
  }
}

async function usedKiB(): Promise<number> {
  return Math.round((await usedHeap()) / 1024);
}
