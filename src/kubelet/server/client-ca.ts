import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';

export interface ClientCaOptions {
  /** The bundle as it is now; undefined: there is none. */
  readonly read: (signal: AbortSignal) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with every bundle that differs from the one before. */
  readonly onChange: (pem: string | undefined) => void;
}

const READ_MS = 60_000;
const RETRY_MS = 5_000;

/** Keeps the bundle that client certificates are judged by up to date. What cannot be read leaves the last one in force. */
export async function followClientCa(options: ClientCaOptions, signal: AbortSignal): Promise<void> {
  const { read, clock, log, onChange } = options;
  let last: string | undefined;
  let told = '';
  const tell = (trouble: string): void => {
    if (trouble !== told && trouble !== '') log.warn('client certificates are not believed, or by an earlier CA: only tokens are sure', { trouble });
    told = trouble;
  };
  const look = async (): Promise<number> => {
    try {
      const bundle = await read(signal);
      if (bundle !== last) onChange(bundle);
      last = bundle;
      tell(bundle === undefined ? 'the cluster names no CA for client certificates' : '');
      return READ_MS;
    } catch (error) {
      signal.throwIfAborted();
      tell(messageOf(error));
      return RETRY_MS;
    }
  };
  try {
    for (;;) await clock.sleep(await look(), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
