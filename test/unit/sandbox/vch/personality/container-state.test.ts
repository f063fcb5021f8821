import { describe, expect, it } from 'vitest';
import { humanDuration } from '../../../../../src/sandbox/vch/personality/container-state.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

describe('durations for people', () => {
  it.each([
    [0, 'Less than a second'],
    [-5 * SECOND, 'Less than a second'],
    [999, 'Less than a second'],
    [SECOND, '1 seconds'],
    [59.9 * SECOND, '59 seconds'],
    [60 * SECOND, 'About a minute'],
    [120 * SECOND, '2 minutes'],
    [HOUR, 'About an hour'],
    [47 * HOUR, '47 hours'],
    [2 * DAY, '2 days'],
    [14 * DAY, '2 weeks'],
    [90 * DAY, '3 months'],
    [730 * DAY, '2 years'],
  ])('%i ms', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});
