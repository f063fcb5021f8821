/** Waiting that an AbortSignal ends without an error. */

/** Resolves when the signal aborts; at once when it has. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The items as they come, until there are no more or the signal aborts; a source that hangs is not waited for. */
export async function* itemsUntilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const source = items[Symbol.asyncIterator]();
  const over = untilAborted(signal).then((): IteratorResult<T> => ({ done: true, value: undefined }));
  for (;;) {
    const next = await Promise.race([source.next(), over]);
    if (next.done === true || signal.aborted) break;
    yield next.value;
  }
  void source.return?.();
}
