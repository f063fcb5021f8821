import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContainerProber, type ContainerProberOptions } from '../../../../../src/kubelet/pods/probes/container-prober.ts';
import type { ProbeKind } from '../../../../../src/kubelet/pods/probes/probe-state.ts';
import type { ProbeOutcome, ProbeSpec } from '../../../../../src/kubelet/pods/probes/run-probe.ts';
import type { Container } from '../../../../../src/platform/kubernetes-objects.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

const KINDS = ['startup', 'liveness', 'readiness'] as const;

interface Rig {
  readonly clock: FakeClock;
  readonly prober: ContainerProber;
  /** `<kind>@<seconds since the start>` of every probe. */
  readonly probes: string[];
  verdicts: number;
}

function rig(
  specs: Partial<Record<ProbeKind, ProbeSpec>>,
  answer: (kind: ProbeKind, second: number, signal: AbortSignal) => ProbeOutcome['result'] | Promise<ProbeOutcome['result']>,
  more: Partial<ContainerProberOptions> = {},
): Rig {
  const clock = new FakeClock();
  const zero = clock.now();
  const container: Container = {
    name: 'main',
    ...(specs.startup === undefined ? {} : { startupProbe: specs.startup }),
    ...(specs.liveness === undefined ? {} : { livenessProbe: specs.liveness }),
    ...(specs.readiness === undefined ? {} : { readinessProbe: specs.readiness }),
  };
  const made: { probes: string[]; verdicts: number } = { probes: [], verdicts: 0 };
  const kindOf = (probe: ProbeSpec): ProbeKind => KINDS.find((kind) => specs[kind] === probe)!;
  const prober = new ContainerProber({
    ...{ clock, container, startedAt: zero, onOutcome: () => undefined },
    run: async (probe, signal) => {
      const second = (clock.now() - zero) / 1_000;
      made.probes.push(`${kindOf(probe)}@${String(second)}`);
      return { result: await answer(kindOf(probe), second, signal), output: '' };
    },
    onVerdict: () => {
      made.verdicts += 1;
    },
    ...more,
  });
  return Object.assign(made, { clock, prober });
}

const exec = { exec: { command: ['check'] } };

describe('when probes run', () => {
  it('waits for the initial delay, then goes on at the period', async () => {
    const { clock, probes } = rig({ readiness: { ...exec, initialDelaySeconds: 5, periodSeconds: 10 } }, () => 'success');
    await clock.advance(4_999);
    expect(probes).toEqual([]);
    await clock.advance(30_001);
    expect(probes).toEqual(['readiness@5', 'readiness@15', 'readiness@25', 'readiness@35']);
  });

  it('counts the initial delay from the start of the container, not from when it was seen', async () => {
    const clock = new FakeClock();
    const { probes, clock: own } = rig({ liveness: { ...exec, initialDelaySeconds: 60 } }, () => 'success', { startedAt: clock.now() - 50_000 });
    await own.advance(10_000);
    expect(probes).toEqual(['liveness@10']);
  });

  it('has no use for a start in the future', async () => {
    const clock = new FakeClock();
    const { probes, clock: own } = rig({ liveness: { ...exec, initialDelaySeconds: 5 } }, () => 'success', { startedAt: clock.now() + 3_600_000 });
    await own.advance(5_000);
    expect(probes).toEqual(['liveness@5']);
  });

  it('holds the others back until startup has succeeded', async () => {
    const specs = { startup: { ...exec, periodSeconds: 5 }, liveness: { ...exec }, readiness: { ...exec } };
    const { clock, probes, prober } = rig(specs, (kind, second) => (kind === 'startup' && second < 10 ? 'failure' : 'success'));
    await clock.advance(0);
    expect(prober.verdict()).toEqual({ started: false, ready: false });
    await clock.advance(10_000);
    expect(probes).toEqual(['startup@0', 'startup@5', 'startup@10', 'liveness@10', 'readiness@10']);
    expect(prober.verdict()).toEqual({ started: true, ready: true });
    await clock.advance(10_000);
    expect(probes.slice(5)).toEqual(['liveness@20', 'readiness@20']);
  });

  it('stays in step when a probe takes long, and never runs two at once', async () => {
    let active = 0;
    const { clock, probes } = rig({ liveness: { ...exec, periodSeconds: 10 } }, async (_kind, second): Promise<'success'> => {
      active += 1;
      expect(active).toBe(1);
      if (second === 10) await clock.sleep(25_000);
      active -= 1;
      return 'success';
    });
    await clock.advance(50_000);
    expect(probes).toEqual(['liveness@0', 'liveness@10', 'liveness@40', 'liveness@50']);
  });

  it('asks no more once a liveness probe has failed, and says what has', async () => {
    const liveness = { ...exec, periodSeconds: 1, terminationGracePeriodSeconds: 7 };
    const { clock, probes, prober } = rig({ liveness }, () => 'failure');
    await clock.advance(10_000);
    expect(probes).toHaveLength(3);
    expect(prober.verdict()).toEqual({ failed: { probe: 'liveness', message: 'Container main failed liveness probe', graceSeconds: 7 } });
  });

  it('takes a warning for a success, and an error for nothing', async () => {
    const results = ['success', 'error', 'error', 'error', 'warning', 'failure'] as const;
    const { clock, prober } = rig({ readiness: { ...exec, periodSeconds: 1, failureThreshold: 1 } }, (_kind, second) => results[second] ?? 'failure');
    await clock.advance(0);
    for (const expected of [true, true, true, true, true, false]) {
      expect(prober.verdict().ready).toBe(expected);
      await clock.advance(1_000);
    }
  });

  it('tells of a change of the verdict only', async () => {
    const made = rig({ readiness: { ...exec, periodSeconds: 1 } }, () => 'success');
    await made.clock.advance(60_000);
    expect(made.verdicts).toBe(1);
  });

  it('does nothing any more once it is stopped, also when a probe was under way', async () => {
    let signal: AbortSignal | undefined;
    const made = rig({ liveness: { ...exec, failureThreshold: 1 } }, async (_kind, _second, given): Promise<'failure'> => {
      signal = given;
      await made.clock.sleep(5_000);
      return 'failure';
    });
    await made.clock.advance(1_000);
    made.prober.stop();
    expect(signal?.aborted).toBe(true);
    await made.clock.advance(60_000);
    expect(made.probes).toEqual(['liveness@0']);
    expect(made.verdicts).toBe(0);
    expect(made.clock.pending).toBe(0);
  });

  it('stops liveness and startup when the pod ends, and goes on with readiness', async () => {
    const specs = { startup: { ...exec }, liveness: { ...exec }, readiness: { ...exec } };
    const made = rig(specs, (kind) => (kind === 'readiness' ? 'success' : 'failure'));
    await made.clock.advance(5_000);
    made.prober.terminate();
    await made.clock.advance(20_000);
    expect(made.probes).toEqual(['startup@0', 'readiness@5', 'readiness@15', 'readiness@25']);
    expect(made.prober.verdict().failed).toBeUndefined();
  });

  it('believes what was told of a run that it did not see begin, and spreads the first probes', async () => {
    const adopted = { started: true, ready: true, delay: () => 0.5 };
    const specs = { startup: { ...exec }, liveness: { ...exec, periodSeconds: 20 }, readiness: { ...exec, periodSeconds: 10, failureThreshold: 1 } };
    const { clock, probes, prober } = rig(specs, () => 'failure', { adopted });
    expect(prober.verdict()).toEqual({ started: true, ready: true });
    await clock.advance(10_000);
    expect(probes).toEqual(['readiness@5', 'liveness@10']);
    expect(prober.verdict()).toEqual({ started: true, ready: false });
  });
});

interface Plan {
  readonly delay: number;
  readonly period: number;
  readonly success: number;
  readonly failure: number;
  /** By the second. */
  readonly good: readonly boolean[];
}

/** Second by second, with nothing but counters: who is due asks, and a list of the latest answers decides. */
function simulate(plans: Partial<Record<ProbeKind, Plan>>, seconds: number): readonly string[] {
  let started = plans.startup === undefined;
  let alive = true;
  let ready = false;
  let probing = true;
  const next: Partial<Record<ProbeKind, number>> = {};
  const answers: Record<ProbeKind, boolean[]> = { startup: [], liveness: [], readiness: [] };
  const told: string[] = [];
  for (let now = 0; now <= seconds; now += 1) {
    for (const kind of KINDS) {
      const plan = plans[kind];
      if (plan === undefined || !probing || (kind === 'startup') === started) continue;
      if (kind !== 'readiness' && !alive) continue;
      const due = (next[kind] ??= Math.max(now, plan.delay));
      if (now !== due) continue;
      next[kind] = now + plan.period;
      answers[kind].push(plan.good[now] ?? true);
      const last = (count: number, value: boolean): boolean => answers[kind].length >= count && answers[kind].slice(-count).every((answer) => answer === value);
      const good = last(kind === 'readiness' ? plan.success : 1, true);
      const bad = last(plan.failure, false);
      if (kind === 'startup' && good) started = true;
      if (kind === 'readiness' && (good || bad)) ready = good;
      if (kind !== 'readiness' && bad) alive = false;
      if (kind === 'startup' && bad) probing = false;
    }
    told.push(`${String(started)} ${String(alive)} ${String(started && ready)}`);
  }
  return told;
}

it('comes to the same verdicts at every second as a simulation by hand', async () => {
  const plan = fc.record<Plan>({
    delay: fc.integer({ min: 0, max: 6 }),
    period: fc.integer({ min: 1, max: 5 }),
    success: fc.integer({ min: 1, max: 3 }),
    failure: fc.integer({ min: 1, max: 3 }),
    good: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
  });
  const plans = fc.record({ startup: plan, liveness: plan, readiness: plan }, { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(plans, async (chosen) => {
      const spec = (of: Plan | undefined, kind: ProbeKind): Partial<Record<ProbeKind, ProbeSpec>> =>
        of === undefined
          ? {}
          : {
              [kind]: {
                ...exec,
                ...{ initialDelaySeconds: of.delay, periodSeconds: of.period, failureThreshold: of.failure },
                successThreshold: kind === 'readiness' ? of.success : 1,
              },
            };
      const specs = { ...spec(chosen.startup, 'startup'), ...spec(chosen.liveness, 'liveness'), ...spec(chosen.readiness, 'readiness') };
      const { clock, prober } = rig(specs, (kind, second) => (chosen[kind]?.good[second] === false ? 'failure' : 'success'));
      const told: string[] = [];
      for (let second = 0; second <= 25; second += 1) {
        await clock.advance(second === 0 ? 0 : 1_000);
        const verdict = prober.verdict();
        told.push(`${String(verdict.started ?? true)} ${String(verdict.failed === undefined)} ${String(verdict.ready ?? false)}`);
      }
      prober.stop();
      expect(told).toEqual(simulate(chosen, 25));
    }),
    { numRuns: 60 },
  );
});
