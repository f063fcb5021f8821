/** Where the volumes of a new container are mounted; those that do not exist are made. */
import type { PortLayerState } from '../port-layer/state.ts';
import { DockerError } from './errors.ts';
import { createVolume } from './volume-create.ts';

export interface NamedMount {
  readonly volume: string;
  readonly path: string;
  readonly mode: string;
}

/** Binds, and volumes with made-up names for the paths that no bind is for. */
export function mountsOf(binds: readonly string[], volumePaths: readonly string[], makeName: () => string): readonly NamedMount[] {
  const named = binds.map(readBind);
  const free = volumePaths.filter((path) => !named.some((mount) => mount.path === path));
  return [...named, ...free.map((path) => ({ volume: makeName(), path, mode: 'rw' }))];
}

/** Makes the mount's volume in the default store, unless there is one of its name. */
export function makeVolume(
  state: Pick<PortLayerState, 'volumes'>,
  { volume, mode }: NamedMount,
  { container, image }: { readonly container: string; readonly image: string },
): void {
  if (state.volumes.find(volume) !== undefined) return;
  createVolume(state, { name: volume, driver: 'vsphere', options: { flags: mode, container, image }, labels: null });
}

/** `name:/path[:mode]`. Folders of a host are refused, and so is a path that is not absolute. */
function readBind(bind: string): NamedMount {
  const [source = '', path = '', mode = 'rw'] = bind.split(':');
  if (!path.startsWith('/')) {
    const why = `invalid mount config for type "volume": invalid mount path: '${path}' mount path must be absolute`;
    throw new DockerError(500, `invalid bind mount spec ${JSON.stringify(bind)}: invalid volume specification: '${bind}': ${why}`);
  }
  if (source.startsWith('/')) throw new DockerError(400, 'Bad request error from portlayer: mounting directories as a data volume is not supported.');
  return { volume: source, path, mode };
}
