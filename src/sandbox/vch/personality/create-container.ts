/** `POST /containers/create`: one container is one VM with one image and one task (vmware/vic lib/apiservers/engine/backends). */
import { DockerError } from './errors.ts';
import type { CachedImage, ImageCache } from './images.ts';
import { parseReference } from './reference.ts';
import { modify } from '../port-layer/handles.ts';
import { PortLayerError } from '../port-layer/replies.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { addEndpoint, addMount, changeTask, joinImage, joinLogging, joinTask, newVm, setInteraction } from '../port-layer/vm-config.ts';
import { aliasesOf, type EndpointSettings } from './endpoint-settings.ts';
import { memoryMiB, cpuCount } from './container-size.ts';
import { makeVolume, mountsOf } from './container-mounts.ts';

/** What the personality alone knows of a container, for as long as it runs. */
export interface CreatedContainer {
  readonly image: string;
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>> | null;
  readonly binds: readonly string[] | null;
}

export interface CreateBody {
  readonly Image?: string;
  readonly Cmd?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Env?: readonly string[] | null;
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly StopSignal?: string;
  readonly Hostname?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  /** Paths for which volumes without a name of their own are made. */
  readonly Volumes?: Readonly<Record<string, unknown>> | null;
  readonly HostConfig?: HostConfig | null;
  readonly NetworkingConfig?: { readonly EndpointsConfig?: Readonly<Record<string, EndpointSettings | null>> | null } | null;
}

export interface HostConfig {
  readonly NetworkMode?: string;
  readonly Binds?: readonly string[] | null;
  readonly AutoRemove?: boolean;
  readonly CPUCount?: number;
  readonly CpusetCpus?: string;
  readonly Memory?: number;
  readonly PortBindings?: Readonly<Record<string, readonly { readonly HostIp?: string; readonly HostPort?: string }[] | null>> | null;
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Makes the container, powered off, and returns its id. Throws the refusals of a VCH, in its words. */
export async function createContainer(
  { state, cache, created }: { readonly state: PortLayerState; readonly cache: ImageCache; readonly created: Map<string, CreatedContainer> },
  body: CreateBody | undefined,
  name: string | undefined,
): Promise<string> {
  if (body === undefined) throw new DockerError(500, 'EOF');
  const image = imageOf(cache, body.Image ?? '');
  const host = body.HostConfig ?? undefined;
  // Without it no scope is named, and the port layer has no such path.
  if (host === undefined) throw new DockerError(500, 'Server error from portlayer: unknown error (status 405): {resp:0xc000a1b2c0} ');
  const { entrypoint, command } = commandOf(body, image);
  if (entrypoint.length + command.length === 0) throw new DockerError(404, 'No command specified');
  refuseTakenName(state, name);
  const endpoints = Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {});
  if (endpoints.length > 1) throw new DockerError(500, 'NetworkMode error: Container can be connected to one vicnetwork endpoint only');
  const volumePaths = Object.keys({ ...(image.config['Volumes'] as object | null | undefined), ...body.Volumes });
  const mounts = mountsOf(host.Binds ?? [], volumePaths, () => state.random.uuid());
  const ports = portsOf(host);
  const id = state.random.hex(32);
  const labels = body.Labels ?? null;
  const annotations = {
    ...(labels === null || Object.keys(labels).length === 0 ? {} : { 'docker.labels': base64(JSON.stringify(labels)) }),
    ...(host.AutoRemove === true ? { 'docker.autoremove': base64('true') } : {}),
  };
  const handle = state.handles.create(
    newVm(id, {
      name: name ?? `vch_${id.slice(0, 8)}`,
      hostname: body.Hostname === undefined || body.Hostname === '' ? id.slice(0, 12) : body.Hostname,
      annotations,
      numCPUs: cpuCount(host),
      memoryMB: memoryMiB(host.Memory ?? 0),
    }),
    undefined,
  );
  modify(handle, joinImage({ layerId: image.id, imageId: image.image_id, repoName: body.Image ?? '' }));
  const argv = [...entrypoint, ...command];
  modify(
    handle,
    joinTask('tasks', {
      ...{ id, path: argv[0] ?? '', argv, env: environment(body.Env ?? [], image, body.Tty === true) },
      workingDir: text(body.WorkingDir, image.config['WorkingDir']),
      user: text(body.User, image.config['User']),
      stopSignal: text(body.StopSignal, image.config['StopSignal']),
      ...{ attach: true, openStdin: body.OpenStdin === true, tty: body.Tty === true, namespace: image.id, active: false, held: false },
    }),
  );
  modify(handle, changeTask(id, { active: true }));
  const [network, settings] = endpoints[0] ?? [host.NetworkMode ?? ''];
  const address = settings?.IPAMConfig?.IPv4Address ?? '';
  modify(handle, addEndpoint({ scope: scopeOf(state, network), ports, aliases: aliasesOf(settings), ...(address === '' ? {} : { address }) }));
  for (const mount of mounts) {
    makeVolume(state, mount, { container: name ?? '', image: body.Image ?? '' });
    modify(handle, addMount(mount));
  }
  modify(handle, setInteraction('joined'));
  modify(handle, joinLogging);
  await state.containers.commit(handle, undefined);
  created.set(id, { image: body.Image ?? '', entrypoint: entrypoint.length === 0 ? null : entrypoint, command, labels, binds: host.Binds ?? null });
  return id;
}

export function refuseTakenName(state: PortLayerState, name: string | undefined): void {
  const taken = name === undefined ? undefined : state.containers.list().find((vm) => vm.config.name === name);
  if (taken === undefined) return;
  throw new DockerError(
    409,
    `conflict. The name "${taken.config.name}" is already in use by container ${taken.id}. You have to remove (or rename) that container to be able to re use that name.`,
  );
}

function imageOf(cache: ImageCache, wanted: string): CachedImage {
  if (wanted === '') throw new DockerError(404, 'Error parsing reference: "" is not a valid repository/tag: repository name must have at least one component');
  const found = cache.find(wanted);
  if (found !== undefined) return found;
  const parsed = parseReference(wanted);
  const tagged = parsed.ok && parsed.reference.tag === undefined && parsed.reference.digest === undefined ? `${wanted}:latest` : wanted;
  throw new DockerError(404, parsed.ok ? `No such image: ${tagged}` : parsed.why);
}

/** Image values fill what is empty; an entrypoint of the body does not clear the image's command. */
function commandOf(body: CreateBody, { config }: CachedImage): { readonly entrypoint: readonly string[]; readonly command: readonly string[] } {
  const given = (own: readonly string[] | null | undefined, ofImage: unknown): readonly string[] =>
    own === null || own === undefined || own.length === 0 ? ((ofImage ?? []) as readonly string[]) : own;
  return { entrypoint: given(body.Entrypoint, config['Entrypoint']), command: given(body.Cmd, config['Cmd']) };
}

function environment(own: readonly string[], { config }: CachedImage, tty: boolean): readonly string[] {
  const entries = [...own];
  const has = (name: string): boolean => entries.some((entry) => entry.startsWith(`${name}=`));
  for (const entry of (config['Env'] ?? []) as readonly string[]) if (!has(entry.split('=')[0] ?? '')) entries.push(entry);
  if (!has('PATH')) entries.push(DEFAULT_PATH);
  if (tty && !has('TERM')) entries.push('TERM=xterm');
  return entries;
}

function scopeOf({ networks }: PortLayerState, mode: string): string {
  const name = mode === '' || mode === 'default' ? 'bridge' : (mode.split(':')[0] ?? '');
  try {
    return networks.resolve(name);
  } catch (error) {
    if (!(error instanceof PortLayerError)) throw error;
    const message = `[POST /scopes/{scope}/containers][500] addContainerInternalServerError  &{Code:0 Message:${error.message}}`;
    throw new DockerError(500, `Server error from portlayer: ${message}`);
  }
}

function portsOf({ PortBindings: bindings }: HostConfig): readonly string[] {
  return Object.entries(bindings ?? {}).flatMap(([port, hosts]) =>
    (hosts ?? []).map(({ HostIp: ip = '', HostPort: hostPort = '' }) => {
      if (ip !== '' && ip !== '0.0.0.0') {
        throw new DockerError(500, 'Server error from portlayer: host IP for port bindings is only supported for 0.0.0.0 and the public interface IP address');
      }
      if (hostPort.includes('-')) throw new DockerError(500, 'Server error from portlayer: host port ranges are not supported for port bindings');
      return `${hostPort}:${port}`;
    }),
  );
}

function text(own: string | undefined, ofImage: unknown): string {
  return own === undefined || own === '' ? (typeof ofImage === 'string' ? ofImage : '') : own;
}

function base64(value: string): string {
  return Buffer.from(value).toString('base64');
}
