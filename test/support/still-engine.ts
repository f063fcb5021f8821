import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine, EngineTask } from '../../src/sandbox/engines/port.ts';

/** An engine without processes: `sleep` runs until it is signalled, anything else says one line and ends with 0. */
export function stillEngine(): Engine {
  return {
    name: 'still',
    openMachine: () => {
      const ends = new Set<() => void>();
      return {
        launch: ({ path, openStdin }) => Promise.resolve(path === 'sleep' ? sleeper(ends) : passing(openStdin)),
        usage: () => Promise.resolve({ cpuSeconds: 1, residentBytes: 1024 * 1024, processes: ends.size }),
        destroy: () => {
          for (const end of ends) end();
          return Promise.resolve();
        },
      };
    },
  };
}

function sleeper(ends: Set<() => void>): EngineTask {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let settle: (code: number) => void = () => undefined;
  const exited = new Promise<number>((resolve) => (settle = resolve));
  const end = (): void => {
    ends.delete(end);
    stdout.end();
    stderr.end();
    settle(143);
  };
  ends.add(end);
  return { ...{ stdin: undefined, stdout, stderr, exited }, signal: () => (end(), true) };
}

function passing(openStdin: boolean): EngineTask {
  const stdin = openStdin ? new PassThrough().resume() : undefined;
  const [stdout, stderr] = [new PassThrough().end('done\n'), new PassThrough().end()];
  // Not before its output was read, which the engine's port promises, nor quicker than any real program.
  const exited = Promise.all([once(stdout, 'end'), delay(20)]).then(() => 0);
  return { ...{ stdin, stdout, stderr, exited }, signal: () => false };
}
