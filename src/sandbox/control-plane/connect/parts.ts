import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { CertificatePair } from '../../certificates.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** What reaching kubelets and pods takes. */
export interface ConnectParts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  /** By which the API server knows itself to kubelets. */
  readonly identity: CertificatePair;
  /** Nodes have loopback addresses, and those of pods are routed nowhere: proxies go to the former, and to the latter through kubelets. */
  readonly isSandbox: boolean;
  /** Ends every conversation. */
  readonly signal: AbortSignal;
}

/** A connection to speak another protocol on, once `take` was called; until then the response answers. */
export interface Upgrade {
  readonly head: Buffer;
  readonly take: () => Duplex;
}

/** A request for a subresource of a pod. */
export interface PodRequest {
  readonly request: IncomingMessage;
  readonly namespace: string;
  readonly name: string;
  readonly query: URLSearchParams;
  /** Aborts when the client goes or the control plane stops. */
  readonly signal: AbortSignal;
}
