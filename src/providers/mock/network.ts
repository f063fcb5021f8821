/** Every port of a pretended pod answers HTTP and gRPC health checks, so that probes succeed and a forwarded port shows something. */
import { Duplex } from 'node:stream';
import type { PodNetwork } from '../../kubelet/capabilities.ts';
import type { Clock } from '../../platform/clock.ts';
import type { MockBackEnd } from './back-end.ts';
import { httpDoors, type HttpDoors } from './http-doors.ts';
import { isUnhealthy } from './pods.ts';

/** A port is that of the container that names it, or of the first one. */
export function mockNetwork(back: MockBackEnd, clock: Clock): PodNetwork {
  let doors: HttpDoors | undefined;
  return {
    connect: async ({ uid, port }, signal) => {
      await Promise.resolve();
      signal.throwIfAborted();
      const pod = back.pod(uid);
      const alive = [...pod.containers.values()].filter(({ run }) => run.exit === undefined);
      const owner = alive.find(({ run }) => run.ports.includes(port)) ?? alive[0];
      if (owner === undefined || isUnhealthy(owner, clock.now())) throw new Error(`connect ECONNREFUSED ${pod.ip}:${String(port)}`);
      doors ??= httpDoors();
      const [near, far] = pair();
      const { run } = owner;
      doors.serve(far, () => run.exit === undefined && !isUnhealthy(owner, clock.now()));
      return near;
    },
  };
}

class End extends Duplex {
  other: End | undefined;
  private release: (() => void) | undefined;

  override _read(): void {
    const { release } = this;
    this.release = undefined;
    release?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const { other } = this;
    if (other === undefined || other.destroyed || other.push(chunk)) callback();
    else other.release = callback;
  }

  override _final(callback: () => void): void {
    if (this.other?.destroyed === false) this.other.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const { other } = this;
    if (other?.destroyed === false) queueMicrotask(() => other.destroy());
    callback(error);
  }
}

/** Two ends of a connection in memory. */
function pair(): readonly [Duplex, Duplex] {
  const [near, far] = [new End(), new End()];
  near.other = far;
  far.other = near;
  return [near, far];
}
