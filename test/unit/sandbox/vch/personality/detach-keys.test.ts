import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_DETACH_KEYS, parseDetachKeys, untilDetached } from '../../../../../src/sandbox/vch/personality/detach-keys.ts';

async function type(
  chunks: readonly (string | Uint8Array)[],
  keys: readonly number[] = DEFAULT_DETACH_KEYS,
): Promise<{ readonly sent: string; readonly detached: boolean }> {
  async function* input(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk as Uint8Array));
  }
  let detached = false;
  let sent = '';
  for await (const chunk of untilDetached(input(), keys, () => (detached = true))) sent += chunk.toString('latin1');
  return { sent, detached };
}

describe('detach keys', () => {
  it.each([
    ['ctrl-p,ctrl-q', [16, 17]],
    ['ctrl-a,a', [1, 97]],
    ['ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_', [0, 27, 28, 29, 30, 31]],
    ['DEL', [127]],
  ])('%s', (text, codes) => {
    expect(parseDetachKeys(text)).toEqual(codes);
  });

  it.each(['ctrl-', 'ctrl-!', 'ab', 'a,,b', ''])('are not %s', (text) => {
    expect(parseDetachKeys(text)).toBeUndefined();
  });

  it('end the input when typed one by one', async () => {
    expect(await type(['ls\n', '\u0010', '\u0011', 'lost'])).toEqual({ sent: 'ls\n', detached: true });
  });

  it('are input like any other when they come together, or not to the end', async () => {
    expect(await type(['\u0010\u0011', 'x'])).toEqual({ sent: '\u0010\u0011x', detached: false });
    expect(await type(['\u0010', 'x', '\u0011'])).toEqual({ sent: '\u0010x\u0011', detached: false });
    expect(await type(['\u0010'])).toEqual({ sent: '\u0010', detached: false });
  });

  it('lose nothing of what is typed without them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 4 })), async (chunks) => {
        const { sent, detached } = await type(chunks);
        const whole = Buffer.concat(chunks).toString('latin1');
        if (detached) expect(whole.startsWith(sent)).toBe(true);
        else expect(sent).toBe(whole);
      }),
    );
  });
});
