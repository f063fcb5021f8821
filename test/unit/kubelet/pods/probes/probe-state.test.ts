import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterProbe, initialProbeState, type ProbeKind, type ProbeResult } from '../../../../../src/kubelet/pods/probes/probe-state.ts';

type Outcome = 'success' | 'failure';

/** What counts after these outcomes, worked out from the whole history: the latest run of equal ones that was long enough. */
function model(kind: ProbeKind, outcomes: readonly Outcome[], success: number, failure: number): { readonly result: ProbeResult; readonly held: boolean } {
  const text = outcomes.map((outcome) => (outcome === 'success' ? '+' : '-')).join('');
  const end = kind === 'readiness' ? -1 : text.indexOf('-'.repeat(failure));
  if (end >= 0) return { result: 'failure', held: true };
  const lastGood = text.lastIndexOf('+'.repeat(success));
  const lastBad = text.lastIndexOf('-'.repeat(failure));
  if (lastGood < 0 && lastBad < 0) return { result: initialProbeState(kind).result, held: false };
  return { result: lastGood > lastBad ? 'success' : 'failure', held: false };
}

const fold = (kind: ProbeKind, outcomes: readonly Outcome[], success: number, failure: number) =>
  outcomes.reduce((state, outcome) => afterProbe(kind, state, outcome, { success, failure }), initialProbeState(kind));

describe('probe results', () => {
  it.each([
    ['startup', 'unknown'],
    ['liveness', 'success'],
    ['readiness', 'failure'],
  ] as const)('%s begins as %s', (kind, result) => {
    expect(initialProbeState(kind)).toMatchObject({ result, held: false });
  });

  it.each<[ProbeKind, string, number, number, ProbeResult, boolean]>([
    ['readiness', '+', 1, 3, 'success', false],
    ['readiness', '+', 2, 3, 'failure', false],
    ['readiness', '+-+', 2, 3, 'failure', false],
    ['readiness', '++', 2, 3, 'success', false],
    ['readiness', '+--', 1, 3, 'success', false],
    ['readiness', '+---', 1, 3, 'failure', false],
    ['readiness', '+---+', 1, 3, 'success', false],
    ['liveness', '--', 1, 3, 'success', false],
    ['liveness', '--+--', 1, 3, 'success', false],
    ['liveness', '---', 1, 3, 'failure', true],
    ['liveness', '---+', 1, 3, 'failure', true],
    ['startup', '--', 1, 3, 'unknown', false],
    ['startup', '--+', 1, 3, 'success', false],
    ['startup', '---', 1, 3, 'failure', true],
  ])('%s after %s with thresholds %i and %i: %s', (kind, text, success, failure, result, held) => {
    const outcomes = text.split('').map((sign): Outcome => (sign === '+' ? 'success' : 'failure'));
    expect(fold(kind, outcomes, success, failure)).toMatchObject({ result, held });
  });

  it('agrees with a look at the whole history', () => {
    const kind = fc.constantFrom<ProbeKind>('startup', 'liveness', 'readiness');
    const outcomes = fc.array(fc.constantFrom<Outcome>('success', 'failure'), { maxLength: 30 });
    fc.assert(
      fc.property(kind, outcomes, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (probe, history, good, failure) => {
        // The API server refuses any other for these.
        const success = probe === 'readiness' ? good : 1;
        expect(fold(probe, history, success, failure)).toMatchObject(model(probe, history, success, failure));
      }),
      { numRuns: 500 },
    );
  });
});
