import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogOptions } from '../../../../../src/kubelet/capabilities.ts';
import { createKeptLog, type KeptLog, type KeptLogOptions } from '../../../../../src/providers/vic/streams/kept-log.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

const never = new AbortController().signal;
const ALL: LogOptions = { follow: false, previous: false, timestamps: false };
const PLENTY = 1024 * 1024;

const newLog = (more: Partial<KeptLogOptions> = {}): { readonly log: KeptLog; readonly clock: FakeClock } => {
  const clock = new FakeClock();
  return { clock, log: createKeptLog({ clock, limit: () => PLENTY, ...more }) };
};
const out = async (log: KeptLog, words: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> => await log.write(stream, Buffer.from(words), never);
const read = async (log: KeptLog, options: Partial<LogOptions> = {}): Promise<string> => await text(log.open({ ...ALL, ...options }, never));
/** As `tail -n` has it: what has no end yet is a line as well. */
const tail = (whole: string, count: number): string =>
  whole
    .split(/(?<=\n)/)
    .filter((line) => line !== '')
    .slice(whole === '' || count === 0 ? whole.length : -count)
    .join('');

describe('a kept log', () => {
  it('gives back every byte, however it came, and the last lines of it', async () => {
    const line = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('\n', 'a\n', '\n\n', 'x'.repeat(16 * 1024), 'y'.repeat(40_000)));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.nat(6), async (chunks, count) => {
        const { log } = newLog();
        for (const chunk of chunks) await out(log, chunk);
        log.end();
        const whole = Buffer.from(chunks.join('')).toString();
        expect((await buffer(log.open(ALL, never))).toString()).toBe(whole);
        expect(await read(log, { tailLines: count })).toBe(tail(whole, count));
      }),
      { numRuns: 200 },
    );
  });

  it('puts the time at which a line came before it, once', async () => {
    const { log, clock } = newLog();
    await out(log, `one\n${'z'.repeat(20_000)}`);
    await clock.advance(1500);
    await out(log, 'z\ntwo');
    log.end();
    expect(await read(log, { timestamps: true })).toBe(
      `2026-11-23T12:00:00.000000000Z one\n2026-11-23T12:00:00.000000000Z ${'z'.repeat(20_001)}\n2026-11-23T12:00:01.500000000Z two`,
    );
  });

  it('shows what came since a time, and of one stream', async () => {
    const { log, clock } = newLog();
    await out(log, 'early\n');
    await clock.advance(1000);
    await out(log, 'late\n');
    await out(log, 'wrong\n', 'stderr');
    expect(await read(log, { since: clock.now() })).toBe('late\nwrong\n');
    expect(await read(log, { stream: 'stderr' })).toBe('wrong\n');
    expect(await read(log, { stream: 'stdout', tailLines: 1 })).toBe('late\n');
    expect(await read(log, { since: clock.now() + 1 })).toBe('');
  });

  it('says what is missing at its beginning, to who asks for that', async () => {
    const { clock } = newLog();
    const log = createKeptLog({ clock, limit: () => PLENTY, begunAt: clock.now() });
    await clock.advance(1);
    await out(log, 'a\nb\n');
    const missing = '(vick: what was written before 2026-11-23T12:00:00.000Z is not kept)\n';
    expect(await read(log)).toBe(`${missing}a\nb\n`);
    expect(await read(log, { tailLines: 9 })).toBe(`${missing}a\nb\n`);
    expect(await read(log, { tailLines: 1 })).toBe('b\n');
    expect(await read(log, { tailLines: 0 })).toBe('');
    expect(await read(log, { since: clock.now() })).toBe('a\nb\n');
  });

  it('never holds much more than it may, and keeps what is new', async () => {
    const { log } = newLog({ limit: () => 20_000 });
    for (let number = 0; number < 5_000; number += 1) {
      await out(log, `line ${String(number)}\n`);
      expect(log.size).toBeLessThanOrEqual(20_000);
    }
    const lines = (await read(log)).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^\(vick: what was written before .* is not kept\)$/);
    expect(lines.length).toBeGreaterThan(100);
    const first = 5_000 - lines.length + 1;
    expect(lines.slice(1)).toEqual(Array.from({ length: lines.length - 1 }, (_, at) => `line ${String(first + at)}`));
  });

  it('is followed to its end, also of a line without one', async () => {
    const { log } = newLog();
    await out(log, 'a\n');
    const following = text(log.open({ ...ALL, follow: true, tailLines: 0 }, never));
    await out(log, 'b\nc');
    await out(log, 'd\n');
    await out(log, 'end');
    log.end();
    expect(await following).toBe('b\ncd\nend');
    expect(await read(log, { follow: true })).toBe('a\nb\ncd\nend');
  });

  it('is no longer followed after an abort', async () => {
    const { log } = newLog();
    const stop = new AbortController();
    const following = log.open({ ...ALL, follow: true }, stop.signal);
    following.resume();
    const failed = once(following, 'error');
    stop.abort(new Error('enough'));
    expect(String((await failed)[0])).toContain('enough');
  });

  it('tells a reader that was too slow how much it has missed', async () => {
    const { log } = newLog({ limit: () => 10_000 });
    const lines = log.open({ ...ALL, follow: true }, never)[Symbol.asyncIterator]();
    await out(log, 'first\n');
    expect(String((await lines.next()).value)).toBe('first\n');
    for (let number = 0; number < 2_000; number += 1) await out(log, `${'x'.repeat(200)}\n`);
    log.end();
    let rest = '';
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) rest += String(next.value);
    expect(rest).toMatch(/\(vick: \d+ lines came faster than they were read, and are not kept\)\n/);
    await lines.return?.();
  });

  it('says once where its source was cut off', async () => {
    const { log } = newLog();
    await out(log, 'half');
    log.cut();
    log.cut();
    await out(log, 'again\n');
    log.end();
    expect(await read(log)).toBe(
      'half\n(vick: the connection to the process was lost at 2026-11-23T12:00:00.000Z; what it wrote then may be missing)\nagain\n',
    );
  });

  it('passes on what comes to those who are tapped in, at their pace', async () => {
    const { log } = newLog();
    await out(log, 'before\n');
    const gone = new AbortController();
    const [tap, other] = [log.tap('stdout', never), log.tap('stdout', gone.signal)];
    const big = 'x'.repeat(200_000);
    let written = false;
    const writing = out(log, big).then(() => (written = true));
    other.resume();
    await Promise.resolve();
    expect(written).toBe(false);
    const all = text(tap);
    await writing;
    gone.abort();
    await once(other, 'close');
    await out(log, 'last');
    log.end();
    expect(await all).toBe(`${big}last`);
    expect(await text(log.tap('stdout', never))).toBe('');
  });
});
