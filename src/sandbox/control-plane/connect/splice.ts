import type { Duplex } from 'node:stream';
import type { Clock } from '../../../platform/clock.ts';

/** How long a side may take to hang up once it was told everything. */
const FAREWELL_MS = 5_000;

/**
 * Joins two connections, at the speed of the slower one, until either has ended; what was received by then is delivered.
 * Never rejects.
 */
export async function splice(client: Duplex, backend: Duplex, clock: Clock, signal: AbortSignal): Promise<void> {
  const onAbort = (): void => {
    client.destroy();
    backend.destroy();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const done = Promise.all([carry(client, backend, clock), carry(backend, client, clock)]);
  if (signal.aborted) onAbort();
  await done;
  signal.removeEventListener('abort', onAbort);
}

/** Resolves when `from` is closed. */
function carry(from: Duplex, to: Duplex, clock: Clock): Promise<void> {
  from.on('error', () => undefined);
  from.pipe(to);
  // Both sides have one end: who was told everything is read to its own end, so that nothing unread turns into a reset.
  to.once('finish', () => {
    to.resume();
    const cancel = clock.schedule(FAREWELL_MS, () => to.destroy());
    if (to.closed) cancel();
    else to.once('close', cancel);
  });
  return new Promise((resolve) => {
    from.once('close', () => {
      if (from.readableEnded) to.end();
      else to.destroy();
      resolve();
    });
  });
}
