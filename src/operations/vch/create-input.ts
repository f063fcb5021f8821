import type { CreateTls } from '../../clients/vic-machine/argv.ts';
import type { VicTarget } from '../../clients/vic-machine/port.ts';
import type { LabelChange } from '../node/label-spec.ts';
import type { TaintChange } from '../node/taint-spec.ts';
import type { PassThrough } from './pass-through.ts';

/** What the operator asked for, decoded and checked in itself. Durations are milliseconds. */
export interface CreateVchInput {
  readonly name: string;
  readonly target: VicTarget;
  readonly computeResource?: string | undefined;
  readonly imageStore?: string | undefined;
  readonly bridgeNetwork?: string | undefined;
  readonly publicNetwork?: string | undefined;
  readonly clientNetwork?: string | undefined;
  readonly managementNetwork?: string | undefined;
  readonly volumeStores: readonly string[];
  readonly tls: CreateTls | undefined;
  readonly memoryMiB?: number | undefined;
  readonly cpuMHz?: number | undefined;
  /** As typed; relative to the operator's folder. */
  readonly applianceIso?: string | undefined;
  readonly bootstrapIso?: string | undefined;
  /** Undefined: derived from the kubeconfig. */
  readonly serverAddress?: string | undefined;
  readonly allowLoopback: boolean;
  /** `node`: an identity of its own is minted for the kubelet; else the given credentials go into the VCH. */
  readonly kubeletIdentity?: 'node' | 'as-is' | undefined;
  /** Names of checks that are left out. */
  readonly skip?: readonly string[] | undefined;
  readonly labels: LabelChange | undefined;
  readonly taints: TaintChange | undefined;
  readonly wait: boolean;
  /** Limit of the wait for the node. */
  readonly timeoutMs: number;
  /** vic-machine's own --timeout: the wait after power-on. */
  readonly vicTimeoutMs: number;
  readonly extra: PassThrough;
}
