import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { PortLayer } from '../../clients/port-layer/port.ts';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { sandboxPaths } from './facts.ts';
import type { VchAddress } from './port.ts';

export interface SandboxLogsInput {
  readonly stateDirectory: string;
  readonly namespace: string;
  readonly pod: string;
  /** Wait for the pod to start, and go on until it ends. */
  readonly follow: boolean;
}

export interface SandboxLogsDeps {
  readonly api: KubernetesApi;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly portLayer: (address: { readonly host: string; readonly port: number }) => Promise<PortLayer>;
  /** Gets the bytes as they come. */
  readonly write: (chunk: string) => void;
}

const LOOK_EVERY_MS = 200;

/**
 * Prints what the processes of a pod wrote, read from the port layer of its VCH: the whole pod VM has one log, in which
 * stdout and stderr of one of its containers are merged.
 */
export async function sandboxLogs(input: SandboxLogsInput, deps: SandboxLogsDeps, signal: AbortSignal): Promise<void> {
  const place = await findVm(input, deps, signal);
  const text = await deps.fs.readTextIfExists(join(sandboxPaths(input.stateDirectory).vchs, `${place.vch}.json`));
  if (text === undefined) {
    throw new VickError('VCH_NOT_FOUND', `node kubelet-${place.vch} is no VCH of this sandbox`, { hint: 'See what there is with: vick list vch' });
  }
  const portLayer = await deps.portLayer((JSON.parse(text) as VchAddress).portLayer);
  try {
    // Asking to follow a pod VM that has not finished booting would end at once.
    if (input.follow) await untilBooted(portLayer, place.vm, deps.clock, signal);
    const stream = await portLayer.logs(place.vm, { follow: input.follow }, signal);
    if (stream === undefined) throw new VickError('KUBE_NOT_FOUND', `the pod VM of ${input.namespace}/${input.pod} is gone`);
    await copy(stream, deps.write);
  } finally {
    portLayer.close();
  }
}

/** The pod's VCH and VM; with `follow`, waits until the kubelet has made one. */
async function findVm(input: SandboxLogsInput, deps: SandboxLogsDeps, signal: AbortSignal): Promise<{ vch: string; vm: string }> {
  for (;;) {
    const pod = await getPod(input, deps.api, signal);
    const vm = pod.status?.containerStatuses?.map((status) => /^vic:\/\/([0-9a-f]+)/.exec(status.containerID ?? '')?.[1]).find((id) => id !== undefined);
    const vch = /^kubelet-(.+)$/.exec(pod.spec?.nodeName ?? '')?.[1];
    if (vm !== undefined && vch !== undefined) return { vch, vm };
    const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? pod.status?.reason ?? pod.status?.phase ?? 'Pending';
    if (!input.follow || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') {
      throw new VickError('KUBE_NOT_FOUND', `pod ${input.namespace}/${input.pod} has no pod VM (${waiting})`, {
        hint: `Wait for it with --follow, or see why: kubectl describe pod ${input.pod}`,
      });
    }
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function getPod(input: SandboxLogsInput, api: KubernetesApi, signal: AbortSignal): Promise<Pod> {
  try {
    return await api.request<Pod>({ method: 'GET', path: paths.pod(input.namespace, input.pod) }, signal);
  } catch (error) {
    if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') {
      throw new VickError('KUBE_NOT_FOUND', `there is no pod ${input.namespace}/${input.pod}`, {
        cause: error,
        hint: 'Name another namespace with --namespace.',
      });
    }
    throw error;
  }
}

async function untilBooted(portLayer: PortLayer, vm: string, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const info = await portLayer.containerInfo(vm, signal);
    if (info === undefined || !['Created', 'Starting'].includes(info.state)) return;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function copy(stream: Readable, write: (chunk: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) write(decoder.decode(chunk as Uint8Array, { stream: true }));
  write(decoder.decode());
}
