/** The keys by which a client at a terminal leaves a container that goes on (docker/docker pkg/term/ascii.go). */

/** Ctrl-P, Ctrl-Q. */
export const DEFAULT_DETACH_KEYS: readonly number[] = [16, 17];

/** In the order of their codes. */
const WITH_CONTROL = '@abcdefghijklmnopqrstuvwxyz[\\]^_';
const DELETE = 127;

/** `a,ctrl-b,DEL` as bytes; undefined for what is no such list. */
export function parseDetachKeys(text: string): readonly number[] | undefined {
  const codes = text.split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    if (key === 'DEL') return DELETE;
    return /^ctrl-.$/.test(key) ? WITH_CONTROL.indexOf(key.slice(-1)) : -1;
  });
  return codes.includes(-1) ? undefined : codes;
}

/** What a client types; ends early, with `detached` called, at the keys. They count only where each comes alone. */
export async function* untilDetached(input: AsyncIterable<Buffer>, keys: readonly number[], detached: () => void): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const chunk of input) {
    held = Buffer.concat([held, chunk]);
    if (chunk.length === 1 && chunk[0] === keys[held.length - 1]) {
      if (held.length < keys.length) continue;
      detached();
      return;
    }
    yield held;
    held = Buffer.alloc(0);
  }
  if (held.length > 0) yield held;
}
