import type { Clock } from '../../src/platform/clock.ts';
import { systemClock } from '../../src/platform/node/clock.ts';

/** The clock of this computer, on which waits are shorter: for limits that nobody wants to sit out. */
export function fastClock(times: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * times,
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
    schedule: (ms, callback) => systemClock.schedule(ms / times, callback),
  };
}
