import { describe, expect, it } from 'vitest';
import { wantsEvent } from '../../../../../src/sandbox/vch/personality/event-filter.ts';
import { eventLine, EventLog, EVENTS_KEPT, type DockerEvent } from '../../../../../src/sandbox/vch/personality/event-log.ts';
import { eventLines } from '../../../../../src/sandbox/vch/personality/event-stream.ts';
import { Filters } from '../../../../../src/sandbox/vch/personality/filters.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

const START = Date.UTC(2026, 0, 1) / 1000;
const web: DockerEvent['actor'] = { id: 'c0ffee', attributes: { name: 'web', image: 'team/app:v1', tier: 'front' } };

function events(): { readonly clock: FakeClock; readonly log: EventLog } {
  const clock = new FakeClock(START * 1000);
  return { clock, log: new EventLog(clock) };
}

describe('the log of events', () => {
  it('writes a container event with the fields of both formats, and exact nanoseconds', () => {
    const event: DockerEvent = { type: 'container', action: 'start', actor: web, nanoseconds: 1_534_759_201_689_463_871n };
    expect(eventLine(event)).toBe(
      '{"status":"start","id":"c0ffee","from":"team/app:v1","Type":"container","Action":"start","Actor":{"ID":"c0ffee","Attributes":{"image":"team/app:v1","name":"web","tier":"front"}},"time":1534759201,"timeNano":1534759201689463871}\n',
    );
  });

  it('gives every event a time of its own', () => {
    const { log } = events();
    for (let i = 0; i < 3; i += 1) log.log('container', 'start', web);
    expect(new Set(log.between(0n, undefined).map(({ nanoseconds }) => nanoseconds)).size).toBe(3);
  });

  it('forgets the oldest', () => {
    const { log } = events();
    for (let i = 0; i < EVENTS_KEPT + 3; i += 1) log.log('container', `exec_start: ${String(i)}`, web);
    const kept = log.between(0n, undefined);
    expect(kept).toHaveLength(EVENTS_KEPT);
    expect(kept[0]?.action).toBe('exec_start: 3');
  });
});

describe('filters of events', () => {
  const wants = (filters: object, event: Partial<DockerEvent> = {}): boolean =>
    wantsEvent(Filters.parse(JSON.stringify(filters)), { type: 'container', action: 'start', actor: web, nanoseconds: 0n, ...event });

  it.each([
    [{}, true],
    [{ event: ['start'] }, true],
    [{ event: ['sta'] }, false],
    [{ type: ['container'] }, true],
    [{ type: ['image'] }, false],
    [{ container: ['web'] }, true],
    [{ container: ['we'] }, true],
    [{ container: ['c0f'] }, true],
    [{ container: ['eb'] }, false],
    [{ image: ['team/app:v1'] }, true],
    [{ image: ['team/app'] }, true],
    [{ image: ['team'] }, false],
    [{ label: ['tier=front'] }, true],
    [{ label: ['tier=back'] }, false],
    [{ volume: ['other'] }, false],
    [{ unheard: ['of'] }, true],
  ])('%j: %s', (filters, wanted) => {
    expect(wants(filters)).toBe(wanted);
  });

  it('finds commands by the action alone', () => {
    const action = 'exec_create: sh -c true';
    expect(wants({ event: ['exec_create'] }, { action })).toBe(true);
    expect(wants({ event: ['exec_start'] }, { action })).toBe(false);
    expect(wants({ event: [action] }, { action })).toBe(true);
  });

  it('finds image events by the name of the image', () => {
    const actor = { id: 'alpine', attributes: { name: 'alpine:3.8' } };
    expect(wants({ image: ['alpine'] }, { type: 'image', action: 'tag', actor })).toBe(true);
    expect(wants({ image: ['busybox'] }, { type: 'image', action: 'tag', actor })).toBe(false);
  });
});

describe('the stream of events', () => {
  const actions = async (lines: AsyncIterable<string>): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const line of lines) found.push((JSON.parse(line) as { Action: string }).Action);
    return found;
  };
  const query = (parameters: Record<string, string>): URLSearchParams => new URLSearchParams(parameters);
  const never = new AbortController().signal;

  it('tells what was between two moments, both included, and ends', async () => {
    const { clock, log } = events();
    for (const action of ['create', 'start', 'die', 'destroy']) {
      log.log('container', action, web);
      await clock.advance(1000);
    }
    const past = eventLines(log, clock, query({ since: String(START + 1), until: String(START + 2) }), never);
    expect(await actions(past)).toEqual(['start', 'die']);
  });

  it('goes on until the moment asked for', async () => {
    const { clock, log } = events();
    log.log('container', 'create', web);
    await clock.advance(500);
    const found = actions(eventLines(log, clock, query({ since: String(START + 0.25), until: String(START + 10) }), never));
    log.log('container', 'start', web);
    await clock.advance(20_000);
    log.log('container', 'die', web);
    expect(await found).toEqual(['start']);
  });

  it('ends when nobody listens any more', async () => {
    const { clock, log } = events();
    const leave = new AbortController();
    const found = actions(eventLines(log, clock, query({ filters: '{"event":["die"]}' }), leave.signal));
    log.log('container', 'start', web);
    log.log('container', 'die', web);
    await clock.advance(0);
    leave.abort();
    expect(await found).toEqual(['die']);
  });

  it.each([
    [{ since: 'soon' }, 500, 'strconv.ParseInt: parsing "soon": invalid syntax'],
    [{ until: '1.x' }, 500, 'strconv.ParseInt: parsing "x": invalid syntax'],
    [{ since: '20', until: '10' }, 400, '`since` time (20) cannot be after `until` time (10)'],
    [{ filters: 'x' }, 500, "invalid character 'x' looking for beginning of value"],
  ])('refuses %j before anything is sent', (parameters, status, message) => {
    const { clock, log } = events();
    expect(() => eventLines(log, clock, query(parameters), never)).toThrow(expect.objectContaining({ status, message }) as Error);
  });
});
