/**
 * What the last look at a pod showed. Probes have a second, and an engine that is busy with other pods takes longer for a
 * question: so they go by this. A sandbox keeps its address while it runs, and its end is an event that is followed by a look.
 */
export interface SeenPod {
  readonly ips: readonly string[];
  /** Id of the run that runs, by container name. */
  readonly running: ReadonlyMap<string, string>;
}
