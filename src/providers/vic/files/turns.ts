export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Work that is done one after the other where the key is the same. What failed keeps nobody from going on. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).catch(() => undefined).then(work);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}
