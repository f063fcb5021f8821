import { createHash } from 'node:crypto';
import type { NetworkConfig } from '../../../clients/port-layer/port.ts';
import { ProviderFailure, type ContainerRequest } from '../../../kubelet/provider.ts';
import type { Pod, PodSpec } from '../../../platform/kubernetes-objects.ts';
import { firstGroup, primaryOf, type PodContainer, type PodIdentity, type PodPart } from '../vm/identity.ts';
import type { VchImage } from '../images/image-cache.ts';
import { messageFile } from './message-file.ts';
import { planFiles, type Placement } from './plan-files.ts';
import type { PodVolumes } from './pod-volumes.ts';
import { processConfig, type ProcessConfig } from '../vm/process-config.ts';
import { vmSize, type VmSize } from './size.ts';

/** A pod with its containers defined, in spec order. */
export interface DefinedPod {
  readonly pod: Pod;
  readonly containers: readonly ContainerRequest[];
  readonly volumes?: PodVolumes;
  /** Set for one container of a pod whose containers have VMs of their own; `pod` and `containers` know of it alone then. */
  readonly part?: PodPart;
}

/** Everything that goes into a pod's VM, decided before the port layer is asked for anything. */
export interface PodPlan {
  readonly identity: PodIdentity;
  readonly vmName: string;
  readonly domainname: string | undefined;
  readonly size: VmSize;
  readonly network: NetworkConfig;
  /** Those of all containers: a VM cannot be given a disk later. */
  readonly disks: readonly DiskPlan[];
  /** That of the container which is the first to start. */
  readonly tasks: readonly TaskPlan[];
}

interface DiskPlan {
  readonly layerId: string;
  readonly imageId: string;
  readonly repoName: string;
  /** What is written onto it before the first start. */
  readonly files: readonly Placement[];
}

export interface TaskPlan {
  readonly container: string;
  readonly primary: boolean;
  readonly namespace: string;
  readonly process: ProcessConfig;
  readonly tty: boolean;
  readonly openStdin: boolean;
  /** Fingerprint: the same for the same task. */
  readonly definition: string;
}

export interface PlanOptions {
  readonly scope: string;
  /** For the domain name of pods with a `subdomain`. */
  readonly clusterDomain: string;
}

/** vSphere names are cut to 80 characters, 13 of which are the id's. */
const MAX_VM_NAME = 66;
const MAX_HOSTNAME = 63;
const MAX_CONTAINER_IN_NAME = 20;

/** Pure. `images` by container name. ProviderFailure for what a pod VM cannot do. */
export function planCreate(request: DefinedPod, images: ReadonlyMap<string, VchImage>, options: PlanOptions): PodPlan {
  const { uid = '', namespace = '', name = '' } = request.pod.metadata ?? {};
  const spec = request.pod.spec;
  if (uid === '' || spec === undefined) throw new ProviderFailure('CreatePodSandboxError', 'the pod has no uid or no spec');
  const hostname = podHostname(request.pod);
  const containers = request.containers.map((container) => rememberedAs(container, imageOf(container, images)));
  const { part } = request;
  const unstarted: PodIdentity = { uid, namespace, name, hostname, containers, ...(part === undefined ? {} : { part }) };
  const first = firstGroup(unstarted);
  // What is wrong with any of them is found now; the others get their tasks when they start.
  const tasks = containers
    .flatMap((container) => planTasks(unstarted, [container.name], request.containers, images))
    .filter((task) => first.includes(task.container));
  const definitions = new Map(tasks.map(({ container, definition }) => [container, definition]));
  return {
    identity: {
      ...unstarted,
      containers: containers.map((container) => {
        const definition = definitions.get(container.name);
        return definition === undefined ? container : { ...container, definition };
      }),
    },
    vmName: vmName(namespace, name, uid, part),
    domainname: spec.subdomain === undefined ? undefined : `${spec.subdomain}.${namespace}.svc.${options.clusterDomain}`,
    size: vmSize(spec),
    network: networkOf(spec, options.scope),
    disks: disksOf(request, images),
    tasks,
  };
}

/** The tasks of a group, the primary first. The file systems are those that the VM was made with. */
export function planTasks(
  identity: PodIdentity,
  group: readonly string[],
  requests: readonly ContainerRequest[],
  images: ReadonlyMap<string, Pick<VchImage, 'config'>>,
): readonly TaskPlan[] {
  const primary = primaryOf(identity, group)?.name;
  const tasks = group.map((name): TaskPlan => {
    const request = requests.find((candidate) => candidate.name === name);
    const container = identity.containers.find((candidate) => candidate.name === name);
    const image = images.get(name);
    if (request === undefined || container === undefined || image === undefined) {
      throw new ProviderFailure('CreateContainerError', `the pod VM was made without a container ${name}`, { container: name });
    }
    const plan = {
      ...{ container: name, primary: name === primary, namespace: container.layerId },
      process: processConfig(request, image.config, identity.hostname),
      ...{ tty: request.tty, openStdin: request.stdin },
    };
    return { ...plan, definition: createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16) };
  });
  return tasks.sort((a, b) => Number(b.primary) - Number(a.primary));
}

/** `spec.hostname`, else the pod's name, cut to what a host name may be (pkg/kubelet GeneratePodHostNameAndDomain). */
function podHostname(pod: Pod): string {
  const name = pod.spec?.hostname ?? pod.metadata?.name ?? '';
  return name.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '');
}

function rememberedAs(container: ContainerRequest, image: VchImage): PodContainer {
  const { path, fallbackToLogsOnError } = container.terminationMessage;
  const file = messageFile(path);
  return {
    ...{ name: container.name, role: container.role, layerId: image.layerId, imageId: image.imageId },
    imageRef: image.repoDigests[0] ?? `sha256:${image.imageId}`,
    stopSignal: container.spec.lifecycle?.stopSignal ?? image.config.stopSignal,
    ...{ tty: container.tty, stdin: container.stdin, stdinOnce: container.spec.stdinOnce === true },
    ...(fallbackToLogsOnError ? { logMessage: true } : {}),
    ...(file === undefined ? {} : { messageFile: file }),
  };
}

/**
 * One disk for every distinct layer: a VM with two disks of one layer never finishes booting, because its boot script
 * counts distinct labels. Containers of one image therefore share its file system.
 */
function disksOf({ containers, volumes }: DefinedPod, images: ReadonlyMap<string, VchImage>): readonly DiskPlan[] {
  const mounting = containers.map((request) => {
    const image = imageOf(request, images);
    return { request, disk: image.layerId, root: runsAsRoot(request, image) };
  });
  const files = planFiles(mounting, volumes);
  const disks = new Map<string, DiskPlan>();
  for (const container of containers) {
    const { layerId, imageId, repoName } = imageOf(container, images);
    if (!disks.has(layerId)) disks.set(layerId, { layerId, imageId, repoName, files: files.get(layerId) ?? [] });
  }
  return [...disks.values()];
}

function runsAsRoot({ security }: ContainerRequest, { config }: VchImage): boolean {
  const user = security.runAsUser === undefined ? (config.user.split(':')[0] ?? '') : String(security.runAsUser);
  return ['', '0', 'root'].includes(user);
}

function networkOf(spec: PodSpec, scope: string): NetworkConfig {
  const ports = spec.containers
    .flatMap((container) => container.ports ?? [])
    .map((port) => `${String(port.containerPort)}/${(port.protocol ?? 'TCP').toLowerCase()}`);
  // A bridge forwards nothing for pods; on a mapped network the ports open the guest's firewall.
  const bridge = scope === 'default' || scope === 'bridge';
  return { networkName: scope, ...(bridge || ports.length === 0 ? {} : { ports: [...new Set(ports)] }) };
}

function imageOf(container: ContainerRequest, images: ReadonlyMap<string, VchImage>): VchImage {
  const image = images.get(container.name);
  if (image === undefined) throw new ProviderFailure('ErrImagePull', `no image was found for "${container.image}"`, { container: container.name });
  return image;
}

/** Unique through the uid: two pods of one name may exist while the older one terminates. Legal for docker users as well. */
function vmName(namespace: string, name: string, uid: string, part: PodPart | undefined): string {
  const own = part === undefined ? '' : `-${String(part.order.indexOf(part.container))}-${part.container.slice(0, MAX_CONTAINER_IN_NAME)}`;
  const tail = `-${uid.slice(0, 8)}${own}`;
  return `${namespace}-${name}`.slice(0, MAX_VM_NAME - tail.length) + tail;
}
