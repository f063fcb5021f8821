import type { NetworkConfig } from '../../clients/port-layer/port.ts';
import { ProviderFailure, type ContainerRequest } from '../../kubelet/provider.ts';
import type { Pod, PodSpec } from '../../platform/kubernetes-objects.ts';
import type { VchImage } from './image-cache.ts';
import type { PodContainer } from './identity.ts';
import { processConfig, type ProcessConfig } from './process-config.ts';
import { vmSize, type VmSize } from './size.ts';

/** A pod with its containers defined, in spec order. */
export interface DefinedPod {
  readonly pod: Pod;
  readonly containers: readonly ContainerRequest[];
}

/** Everything that goes into a pod's VM, decided before the port layer is asked for anything. */
export interface PodPlan {
  readonly uid: string;
  readonly namespace: string;
  readonly podName: string;
  readonly vmName: string;
  readonly hostname: string;
  readonly domainname: string | undefined;
  readonly size: VmSize;
  readonly network: NetworkConfig;
  readonly disks: readonly DiskPlan[];
  /** In spec order; the first one is the VM's primary process. */
  readonly tasks: readonly TaskPlan[];
}

interface DiskPlan {
  readonly layerId: string;
  readonly imageId: string;
  readonly repoName: string;
  readonly deltaId: string;
}

interface TaskPlan {
  readonly container: string;
  readonly role: ContainerRequest['role'];
  /** Undefined for the primary: it takes the VM's id. */
  readonly taskId: string | undefined;
  readonly namespace: string;
  readonly imageId: string;
  readonly imageRef: string;
  readonly process: ProcessConfig;
  readonly tty: boolean;
  readonly openStdin: boolean;
}

export interface PlanOptions {
  readonly scope: string;
  /** For the domain name of pods with a `subdomain`. */
  readonly clusterDomain: string;
}

/** vSphere names are cut to 80 characters, 13 of which are the id's. */
const MAX_VM_NAME = 66;
const MAX_HOSTNAME = 63;

/** Pure. `images` by container name. ProviderFailure for what a pod VM cannot do. */
export function planCreate(request: DefinedPod, images: ReadonlyMap<string, VchImage>, options: PlanOptions): PodPlan {
  const { uid = '', namespace = '', name = '' } = request.pod.metadata ?? {};
  const spec = request.pod.spec;
  if (uid === '' || spec === undefined) throw new ProviderFailure('CreatePodSandboxError', 'the pod has no uid or no spec');
  refuseInitContainers(request);
  const hostname = podHostname(request.pod);
  return {
    uid,
    namespace,
    podName: name,
    vmName: vmName(namespace, name, uid),
    hostname,
    domainname: spec.subdomain === undefined ? undefined : `${spec.subdomain}.${namespace}.svc.${options.clusterDomain}`,
    size: vmSize(spec),
    network: networkOf(spec, options.scope),
    disks: disksOf(request.containers, images),
    tasks: request.containers.map((container, index) => taskOf(container, index, imageOf(container, images), spec, hostname)),
  };
}

/** The containers as the VM's annotations remember them. */
export function plannedContainers(plan: PodPlan, vmId: string): readonly PodContainer[] {
  return plan.tasks.map((task) => ({
    name: task.container,
    role: task.role,
    task: task.taskId ?? vmId,
    layerId: task.namespace,
    imageId: task.imageId,
    imageRef: task.imageRef,
    stopSignal: task.process.stopSignal,
  }));
}

function taskOf(container: ContainerRequest, index: number, image: VchImage, spec: PodSpec, hostname: string): TaskPlan {
  return {
    container: container.name,
    role: container.role,
    taskId: index === 0 ? undefined : container.name,
    namespace: image.layerId,
    imageId: image.imageId,
    imageRef: image.repoDigests[0] ?? `sha256:${image.imageId}`,
    process: processConfig(container, image.config, spec, hostname),
    tty: container.tty,
    openStdin: container.stdin,
  };
}

/**
 * One disk for every distinct layer: a VM with two disks of one layer never finishes booting, because its boot script
 * counts distinct labels. Containers of one image therefore share its file system.
 */
function disksOf(containers: readonly ContainerRequest[], images: ReadonlyMap<string, VchImage>): readonly DiskPlan[] {
  const disks = new Map<string, DiskPlan>();
  for (const container of containers) {
    const { layerId, imageId, repoName } = imageOf(container, images);
    if (!disks.has(layerId)) disks.set(layerId, { layerId, imageId, repoName, deltaId: container.name });
  }
  return [...disks.values()];
}

function networkOf(spec: PodSpec, scope: string): NetworkConfig {
  const ports = spec.containers
    .flatMap((container) => container.ports ?? [])
    .map((port) => `${String(port.containerPort)}/${(port.protocol ?? 'TCP').toLowerCase()}`);
  // A bridge forwards nothing for pods; on a mapped network the ports open the guest's firewall.
  const bridge = scope === 'default' || scope === 'bridge';
  return { networkName: scope, ...(bridge || ports.length === 0 ? {} : { ports: [...new Set(ports)] }) };
}

function refuseInitContainers(request: DefinedPod): void {
  const init = request.containers.find((container) => container.role !== 'main');
  if (init === undefined) return;
  throw new ProviderFailure('CreateContainerConfigError', 'a pod VM starts all its containers at once, so init containers cannot run before the others', {
    container: init.name,
  });
}

function imageOf(container: ContainerRequest, images: ReadonlyMap<string, VchImage>): VchImage {
  const image = images.get(container.name);
  if (image === undefined) throw new ProviderFailure('ImageInspectError', `no image was found for "${container.image}"`, { container: container.name });
  return image;
}

/** `spec.hostname`, else the pod's name, cut to what a host name may be (pkg/kubelet GeneratePodHostNameAndDomain). */
function podHostname(pod: Pod): string {
  const name = pod.spec?.hostname ?? pod.metadata?.name ?? '';
  return name.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '');
}

/** Unique through the uid: two pods of one name may exist while the older one terminates. Legal for docker users as well. */
function vmName(namespace: string, name: string, uid: string): string {
  const tail = `-${uid.slice(0, 8)}`;
  return `${namespace}-${name}`.slice(0, MAX_VM_NAME - tail.length) + tail;
}
