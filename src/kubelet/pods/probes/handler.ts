/** What probes and lifecycle hooks do to a container, in the words of the API: one action, one outcome. */
import type { Container, Pod } from '../../../platform/kubernetes-objects.ts';
import type { ContainerExec, PodNetwork } from '../../capabilities.ts';

export interface HandlerOutcome {
  readonly result: 'success' | 'warning' | 'failure';
  /** At most 10 KiB, as written by the container or as an error is worded. */
  readonly output: string;
}

export interface HandlerTarget {
  readonly pod: Pod;
  readonly container: Container;
  /** The pod's address; for URLs and messages only. */
  readonly podIP: string | undefined;
  readonly exec: ContainerExec | undefined;
  readonly network: PodNetwork | undefined;
  /** `kube-probe/1.36`, `kube-lifecycle/1.36` */
  readonly userAgent: string;
}

export interface HttpGetAction {
  readonly host?: string;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  readonly path?: string;
  readonly port: number | string;
  readonly scheme?: string;
}

/** Bytes of output that are kept (pkg/probe: maxRespBodyLength, maxReadLength). */
export const OUTPUT_LIMIT = 10 * 1024;

/** Raised when the signal that ends an action is its own timeout. */
export class HandlerTimeout extends Error {
  constructor(seconds: number) {
    super(`timed out after ${String(seconds)}s`);
    this.name = 'HandlerTimeout';
  }
}

/** A port by number, or by the name that a port of the container has (pkg/probe/util.go, ResolveContainerPort). Throws. */
export function resolvePort(port: number | string, container: Container): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? (typeof port === 'string' && !/^\d+$/.test(port) ? undefined : Number(port));
  if (number === undefined) throw new Error(`port ${String(port)} is not named in container ${container.name}`);
  if (number < 1 || number > 65_535) throw new Error(`invalid port number: ${String(number)}`);
  return number;
}

/** User agents name the minor version of the kubelet alone. */
export function userAgent(program: 'kube-probe' | 'kube-lifecycle', kubeletVersion: string): string {
  const [, major = '0', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(kubeletVersion) ?? [];
  return `${program}/${major}.${minor}`;
}
