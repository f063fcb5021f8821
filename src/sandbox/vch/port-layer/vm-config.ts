/** The configuration of a container VM as pure data, and the changes that a handle can stack on it. */

export interface TaskConfig {
  readonly id: string;
  readonly path: string;
  /** argv with the program first. */
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly attach: boolean;
  readonly openStdin: boolean;
  readonly tty: boolean;
  readonly stopSignal: string;
  /** Layer id of the image whose file system the task sees. */
  readonly namespace: string;
  /** Bound tasks are launched, others never. */
  readonly active: boolean;
  /** Held by the guest until the first stream is opened (interaction bind before the launch). */
  readonly held: boolean;
}

export interface EndpointConfig {
  readonly scope: string;
  readonly ports: readonly string[];
  readonly aliases: readonly string[];
  /** A static address, if one was asked for. */
  readonly address?: string;
}

export interface MountConfig {
  readonly volume: string;
  readonly path: string;
  readonly mode: string;
}

/** The read-write disk that an image join adds: a delta over the image's own. */
export interface DiskConfig {
  /** Name of its file, without `.vmdk`, in the folder of the VM. */
  readonly deltaId: string;
  readonly layerId: string;
}

export interface VmConfig {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly numCPUs: number;
  readonly memoryMB: number;
  /** Of the image joined last. */
  readonly layerId: string;
  readonly imageId: string;
  readonly repoName: string;
  /** One of each image join, in their order. */
  readonly disks: readonly DiskConfig[];
  /** Tasks that start at every power-on. */
  readonly tasks: readonly TaskConfig[];
  /** Tasks of a running VM; lost at power-off. */
  readonly execs: readonly TaskConfig[];
  readonly endpoints: readonly EndpointConfig[];
  readonly mounts: readonly MountConfig[];
  /** Serial port for streams: present, and connected. */
  readonly interaction: 'none' | 'joined' | 'bound';
  readonly logging: boolean;
}

export type Change = (config: VmConfig) => VmConfig;

export function newVm(id: string, given: Partial<Pick<VmConfig, 'name' | 'hostname' | 'annotations' | 'numCPUs' | 'memoryMB'>>): VmConfig {
  return {
    id,
    name: given.name ?? '',
    hostname: given.hostname ?? '',
    annotations: storableAnnotations(given.annotations ?? {}),
    numCPUs: given.numCPUs ?? 0,
    memoryMB: given.memoryMB ?? 0,
    layerId: '',
    imageId: '',
    repoName: '',
    disks: [],
    tasks: [],
    execs: [],
    endpoints: [],
    mounts: [],
    interaction: 'none',
    logging: false,
  };
}

/** Without a `deltaId` the disk is named as the VM, as the Docker personality names it. */
export const joinImage =
  ({
    deltaId,
    layerId,
    ...image
  }: Partial<Pick<DiskConfig, 'deltaId'>> & { readonly layerId: string; readonly imageId: string; readonly repoName: string }): Change =>
  (config) => ({ ...config, ...image, layerId, disks: [...config.disks, { deltaId: deltaId ?? config.id, layerId }] });

export const joinTask =
  (kind: 'tasks' | 'execs', task: TaskConfig): Change =>
  (config) => ({ ...config, [kind]: [...config[kind], { ...task, argv: storedList(task.argv), env: storedList(task.env) }] });

export const changeTask =
  (id: string, change: Partial<Pick<TaskConfig, 'active' | 'held'>>): Change =>
  (config) => {
    // An exec may carry the id of a persistent task; binding then means the exec.
    const kind = config.execs.some((task) => task.id === id) ? 'execs' : 'tasks';
    return { ...config, [kind]: config[kind].map((task) => (task.id === id ? { ...task, ...change } : task)) };
  };

export const removeTask =
  (id: string): Change =>
  (config) => ({ ...config, tasks: config.tasks.filter((task) => task.id !== id), execs: config.execs.filter((task) => task.id !== id) });

/** Joining a scope a second time changes nothing, whatever else it asks for. */
export const addEndpoint =
  (endpoint: EndpointConfig): Change =>
  (config) =>
    config.endpoints.some((other) => other.scope === endpoint.scope) ? config : { ...config, endpoints: [...config.endpoints, endpoint] };

export const removeEndpoint =
  (scope: string): Change =>
  (config) => ({ ...config, endpoints: config.endpoints.filter((endpoint) => endpoint.scope !== scope) });

export const addMount =
  (mount: MountConfig): Change =>
  (config) => ({ ...config, mounts: [...config.mounts, mount] });

export const setInteraction =
  (interaction: VmConfig['interaction']): Change =>
  (config) => ({ ...config, interaction });

export const joinLogging: Change = (config) => ({ ...config, logging: true });

export const rename =
  (name: string): Change =>
  (config) => ({ ...config, name });

/**
 * A string list as it comes back from the VM's settings (vmware/vic pkg/vsphere/extraconfig): kept joined with `|`,
 * split again when read, and cut to the original number of elements. An element holding `|` costs later ones.
 */
export function storedList(list: readonly string[]): readonly string[] {
  return list.length === 0 ? [] : list.join('|').split('|').slice(0, list.length);
}

/** Annotations likewise: a key with `|` is lost, and the value `<nil>` reads back as empty. */
function storableAnnotations(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.entries(annotations).filter(([key]) => !key.includes('|'));
  return Object.fromEntries(kept.map(([key, value]) => [key, value === '<nil>' ? '' : value]));
}
