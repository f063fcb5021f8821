/** Waiting that an AbortSignal ends without an error. No listener stays behind at a signal that lives on. */

/** Resolves when the signal aborts; at once when it has. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  await listen(signal).aborted;
}

/** Waits for `work` or the abort, whichever is first. A failure of `work` is thrown. */
export async function orAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { aborted, dispose } = listen(signal);
  try {
    await Promise.race([work, aborted]);
  } finally {
    dispose();
  }
}

/** The items as they come, until there are no more or the signal aborts; a source that hangs is not waited for. */
export async function* itemsUntilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const source = items[Symbol.asyncIterator]();
  const { aborted, dispose } = listen(signal);
  const over = aborted.then((): IteratorResult<T> => ({ done: true, value: undefined }));
  try {
    for (;;) {
      const next = await Promise.race([source.next(), over]);
      if (next.done === true || signal.aborted) break;
      yield next.value;
    }
  } finally {
    dispose();
    void source.return?.();
  }
}

function listen(signal: AbortSignal): { readonly aborted: Promise<void>; readonly dispose: () => void } {
  if (signal.aborted) return { aborted: Promise.resolve(), dispose: () => undefined };
  let onAbort = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return { aborted, dispose: () => signal.removeEventListener('abort', onAbort) };
}
