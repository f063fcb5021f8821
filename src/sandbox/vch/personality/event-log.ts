/** What happened to containers and images, in Docker's words; the last of it is remembered (docker/docker daemon/events). */
import type { Clock } from '../../../platform/clock.ts';
import { goJson } from './go-json.ts';

export interface EventActor {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DockerEvent {
  readonly type: 'container' | 'image';
  readonly action: string;
  readonly actor: EventActor;
  /** Unix time. */
  readonly nanoseconds: bigint;
}

/** A VCH remembers no more. */
export const EVENTS_KEPT = 64;

export class EventLog {
  private readonly clock: Clock;
  private readonly kept: DockerEvent[] = [];
  private readonly listeners = new Set<(event: DockerEvent) => void>();
  private last = 0n;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  log(type: DockerEvent['type'], action: string, actor: EventActor): void {
    const event: DockerEvent = { type, action, actor, nanoseconds: this.stamp() };
    this.kept.push(event);
    if (this.kept.length > EVENTS_KEPT) this.kept.shift();
    for (const listener of [...this.listeners]) listener(event);
  }

  /** Oldest first, those of both moments included. */
  between(since: bigint, until: bigint | undefined): readonly DockerEvent[] {
    return this.kept.filter(({ nanoseconds }) => nanoseconds >= since && (until === undefined || nanoseconds <= until));
  }

  /** The returned function unsubscribes. */
  subscribe(listener: (event: DockerEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Strictly increasing. */
  private stamp(): bigint {
    const now = BigInt(Math.round(this.clock.now() * 1000)) * 1000n;
    this.last = now > this.last ? now : this.last + 1n;
    return this.last;
  }
}

/** As it is sent, with its line feed. Containers and images have the fields of Docker's first event format, too. */
export function eventLine({ type, action, actor, nanoseconds }: DockerEvent): string {
  const attributes = Object.fromEntries(Object.entries(actor.attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  const { image } = actor.attributes;
  const document = goJson({
    status: action,
    id: actor.id,
    from: type === 'container' && image !== undefined && image !== '' ? image : undefined,
    Type: type,
    Action: action,
    Actor: { ID: actor.id, Attributes: attributes },
    time: Number(nanoseconds / 1_000_000_000n),
  });
  // Too large for a number.
  return `${document.slice(0, -1)},"timeNano":${String(nanoseconds)}}\n`;
}
