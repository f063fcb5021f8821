import type { ContainerSpec, HostConfig, MountSpec } from '../../clients/docker-engine/containers-port.ts';
import type { ContainerRequest, SecurityRequest } from '../../kubelet/provider.ts';
import { parseQuantity } from '../../platform/quantity.ts';
import type { EngineFacts } from './engine-kind.ts';
import type { KeptPod } from './kept-pod.ts';
import { LABEL, podLabels } from './labels.ts';
import type { PodIdentity } from './pod-identity.ts';

export interface ContainerPlan {
  readonly node: string;
  readonly pod: PodIdentity;
  readonly facts: EngineFacts;
  readonly sandbox: string;
  readonly attempt: number;
  readonly kept: KeptPod;
  readonly request: ContainerRequest;
  readonly mounts: readonly MountSpec[];
}

/** Rotated by the engine, as a kubelet does by default (containerLogMaxSize, containerLogMaxFiles). */
const LOG = { size: '10m', files: '5' };
/** pkg/kubelet/cm/helpers_linux.go. */
const CPU_PERIOD = 100_000;
const MINIMUM_QUOTA = 1_000;

export function containerSpec(plan: ContainerPlan): ContainerSpec {
  const { request, facts, sandbox } = plan;
  return {
    Image: request.imageId ?? request.image,
    ...command(request),
    Env: request.env.map(({ name, value }) => `${name}=${value}`),
    ...(request.workingDir === undefined ? {} : { WorkingDir: request.workingDir }),
    ...user(request.security),
    // Docker gives a joined container the name of the sandbox and refuses one of its own; Podman gives it none.
    ...(facts.kind === 'podman' ? { Hostname: plan.kept.hostname } : {}),
    Tty: request.tty,
    OpenStdin: request.stdin,
    StdinOnce: request.stdin && request.spec.stdinOnce === true,
    ...stopSignal(request),
    Labels: {
      ...podLabels(plan.node, plan.pod),
      [LABEL.role]: 'container',
      [LABEL.container]: request.name,
      [LABEL.attempt]: String(plan.attempt),
      [LABEL.message]: request.terminationMessage.fallbackToLogsOnError ? 'logs' : 'file',
    },
    HostConfig: {
      NetworkMode: `container:${sandbox}`,
      IpcMode: `container:${sandbox}`,
      ...(plan.kept.sharesProcesses ? { PidMode: `container:${sandbox}` } : {}),
      Mounts: plan.mounts,
      ...limits(request),
      ...oomScore(plan),
      ...security(plan),
      LogConfig: {
        Type: facts.kind === 'podman' ? 'k8s-file' : 'json-file',
        Config: { 'max-size': LOG.size, ...(facts.kind === 'podman' ? {} : { 'max-file': LOG.files }) },
      },
      RestartPolicy: { Name: '' },
    },
  };
}

function command({ command: words, args }: ContainerRequest): Pick<ContainerSpec, 'Entrypoint' | 'Cmd'> {
  return {
    ...(words === undefined || words.length === 0 ? {} : { Entrypoint: words }),
    ...(args !== undefined ? { Cmd: args } : words === undefined || words.length === 0 ? {} : { Cmd: [] }),
  };
}

function user({ runAsUser, runAsGroup }: SecurityRequest): Pick<ContainerSpec, 'User'> {
  if (runAsUser === undefined) return {};
  return { User: runAsGroup === undefined ? String(runAsUser) : `${String(runAsUser)}:${String(runAsGroup)}` };
}

function stopSignal({ spec }: ContainerRequest): Pick<ContainerSpec, 'StopSignal'> {
  const signal = (spec.lifecycle as { readonly stopSignal?: string } | undefined)?.stopSignal;
  return signal === undefined ? {} : { StopSignal: signal };
}

/** pkg/kubelet/kuberuntime/kuberuntime_container_linux.go, calculateLinuxResources. */
function limits({ spec }: ContainerRequest): Partial<HostConfig> {
  const amount = (of: Readonly<Record<string, string>> | undefined, name: string): number | undefined => {
    const text = of?.[name];
    return text === undefined ? undefined : Number(parseQuantity(text).nano) / 1e9;
  };
  const { limits: most, requests } = spec.resources ?? {};
  const [cpuLimit, memory] = [amount(most, 'cpu'), amount(most, 'memory')];
  const cpuRequest = amount(requests, 'cpu') ?? cpuLimit;
  return {
    CpuShares: cpuRequest === undefined || cpuRequest === 0 ? 2 : Math.max(2, Math.min(262_144, Math.floor(cpuRequest * 1024))),
    ...(cpuLimit === undefined || cpuLimit === 0 ? {} : { CpuPeriod: CPU_PERIOD, CpuQuota: Math.max(MINIMUM_QUOTA, Math.floor(cpuLimit * CPU_PERIOD)) }),
    // No swap beyond the limit: what Kubernetes promises is memory.
    ...(memory === undefined || memory === 0 ? {} : { Memory: Math.ceil(memory), MemorySwap: Math.ceil(memory) }),
  };
}

function security({ request, kept }: ContainerPlan): Partial<HostConfig> {
  const wanted = request.security;
  const groups = [...wanted.supplementalGroups, ...(wanted.fsGroup === undefined ? [] : [wanted.fsGroup])];
  const seccomp = request.spec.securityContext?.seccompProfile?.type ?? kept.seccomp;
  return {
    Privileged: wanted.privileged,
    ReadonlyRootfs: wanted.readOnlyRootFilesystem,
    CapAdd: wanted.addCapabilities,
    CapDrop: wanted.dropCapabilities,
    GroupAdd: [...new Set(groups)].map(String),
    SecurityOpt: [
      ...(wanted.allowPrivilegeEscalation || wanted.privileged ? [] : ['no-new-privileges']),
      ...(seccomp === 'Unconfined' ? ['seccomp=unconfined'] : []),
    ],
  };
}

/**
 * pkg/kubelet/qos/policy.go, GetContainerOOMScoreAdjust, as far as it makes a container an earlier victim. To protect one
 * takes a right that engines often run without, and then nothing starts.
 */
function oomScore({ request, kept, facts }: ContainerPlan): Partial<HostConfig> {
  if (kept.qosClass === 'Guaranteed') return {};
  if (kept.qosClass === 'BestEffort') return { OomScoreAdj: 1000 };
  const asked = request.spec.resources?.requests?.['memory'];
  const share = asked === undefined ? 0 : Number(parseQuantity(asked).nano) / 1e9 / Math.max(1, facts.info.MemTotal ?? 1);
  return { OomScoreAdj: Math.max(3, Math.min(999, Math.floor(1000 - 1000 * share))) };
}
