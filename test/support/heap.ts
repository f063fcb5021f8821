import { setImmediate as turn } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Where values live; the others hold compiled code, which comes and goes as it is optimised. */
const SPACES: ReadonlySet<string> = new Set(['new_space', 'old_space', 'new_large_object_space', 'large_object_space']);

/** Bytes of the heap that values take once everything that can go has gone. */
export async function usedHeap(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  // What finalizers and closed sockets let go of goes with a later turn.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await turn();
  }
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => SPACES.has(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
