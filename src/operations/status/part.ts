/** One thing that was asked, or why it was not, or how it failed: nothing is left out of a status without a word. */
import { isVickError, messageOf } from '../../errors/vick-error.ts';

export type Part<T> =
  | { readonly state: 'ok'; readonly value: T }
  /** Asked, and it did not answer as it should. */
  | { readonly state: 'failed'; readonly why: string }
  /** Nobody could tell where it is, or the operator has not said how to log in. */
  | { readonly state: 'not-asked'; readonly why: string };

/** The answer, or why there is none. Bugs and an aborted signal go on. */
export async function ask<T>(work: () => Promise<T>, signal: AbortSignal): Promise<Part<T>> {
  try {
    return { state: 'ok', value: await work() };
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error) || error.family === 'bug') throw error;
    return { state: 'failed', why: messageOf(error) };
  }
}

export const notAsked = (why: string): { readonly state: 'not-asked'; readonly why: string } => ({ state: 'not-asked', why });

export function valueOf<T>(part: Part<T>): T | undefined {
  return part.state === 'ok' ? part.value : undefined;
}
