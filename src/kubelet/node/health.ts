/** From single probes of the back end to whether the node is ready and its lease is renewed. Pure. */
import type { ProviderHealth } from '../provider.ts';

export interface HealthRecord {
  /** The first failed probe of an unbroken row of them; milliseconds since the epoch. */
  readonly failingSince?: number;
  readonly everHealthy: boolean;
  readonly problems: readonly string[];
}

export const UNKNOWN_HEALTH: HealthRecord = { everHealthy: false, problems: ['the back end was not probed yet'] };

/** One failed probe changes nothing: the node stays ready until probes have failed for this long. */
const NOT_READY_AFTER_MS = 20_000;
/** Past the node-monitor-grace-period (50 s) the back end is gone, and its pods must be replaced: no lease. */
const LEASE_ENDS_AFTER_MS = 50_000;

export function recordHealth(record: HealthRecord, health: ProviderHealth, now: number): HealthRecord {
  if (health.healthy) return { everHealthy: true, problems: [] };
  const failing = health.components.filter((component) => !component.healthy);
  const problems = failing.map(({ name, message }) => `${name}: ${message ?? 'not healthy'}`);
  return { ...record, failingSince: record.failingSince ?? now, problems: problems.length > 0 ? problems : ['the back end is not healthy'] };
}

/** What keeps the node from being ready; empty when nothing does. */
export function readinessProblems(record: HealthRecord, now: number): readonly string[] {
  const tolerated = record.everHealthy && (record.failingSince === undefined || now - record.failingSince < NOT_READY_AFTER_MS);
  return tolerated ? [] : record.problems;
}

/** Whether heartbeats go on. */
export function keepsLease(record: HealthRecord, now: number): boolean {
  return record.failingSince === undefined || now - record.failingSince < LEASE_ENDS_AFTER_MS;
}
