/** How a call to an engine fails, before it is said in our words. */
import { messageOf } from '../../errors/vick-error.ts';
import { NotUpgraded } from './upgrade.ts';

export function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** The engine's own words. */
export function reasonOf(error: unknown): string {
  const json = error instanceof NotUpgraded ? parsed(error.message) : (error as { json?: unknown }).json;
  if (Buffer.isBuffer(json)) return json.toString('utf8').trim().slice(0, 2000);
  if (typeof json === 'object' && json !== null) {
    const { message, cause } = json as { message?: unknown; cause?: unknown };
    if (typeof message === 'string' && message !== '') return message.trim();
    if (typeof cause === 'string' && cause !== '') return cause.trim();
  }
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) .*? - /, '')
    .trim();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return Buffer.from(text);
  }
}

export function isTlsError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^(ERR_(SSL|TLS)_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO)/.test(code);
}
