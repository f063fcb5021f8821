/** The calls of the Docker API on volumes (vmware/vic lib/apiservers/engine/backends/volume.go). */
import type { PortLayerState } from '../port-layer/state.ts';
import type { Route } from './api.ts';
import { typedBody, type BodyType } from './body-types.ts';
import { DockerError } from './errors.ts';
import { Filters } from './filters.ts';
import { createVolume, type StoredVolume } from './volume-create.ts';
import { readVolumeMetadata } from './volume-metadata.ts';

interface CreateBody {
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>> | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

const CREATE_BODY: BodyType = {
  package: 'volume',
  name: 'VolumesCreateBody',
  fields: { Name: 'string', Driver: 'string', DriverOpts: 'map', Labels: 'map' },
};
const FILTERS = new Set(['dangling', 'name', 'driver', 'label']);

export const volumeHandlers: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/volumes$/,
    handle: ({ state }, call) => {
      const shown = listVolumes(state, call.query.get('filters'));
      return { kind: 'json', status: 200, value: { Volumes: shown.length === 0 ? null : shown, Warnings: null } };
    },
  },
  {
    method: 'POST',
    path: /^\/volumes\/create$/,
    handle: async ({ state }, call) => {
      const body = typedBody(CREATE_BODY, await call.body()) as CreateBody;
      const { Name: name = '', Driver: driver = '', DriverOpts: options, Labels: labels = null } = body;
      const made = createVolume(state, { name: name === '' ? state.random.uuid() : name, driver, options: options ?? {}, labels });
      return { kind: 'json', status: 201, value: render(made, labels) };
    },
  },
  {
    method: 'GET',
    path: /^\/volumes\/([^/]+)$/,
    handle: ({ state }, _call, match) => {
      const name = match[1] ?? '';
      const volume = storedVolumes(state).find((one) => one.Name === name);
      if (volume === undefined) throw new DockerError(404, `No such volume: ${name}`);
      return { kind: 'json', status: 200, value: render(volume, labelsOf(volume)) };
    },
  },
  {
    method: 'DELETE',
    path: /^\/volumes\/([^/]+)$/,
    handle: ({ state }, _call, match) => {
      const name = match[1] ?? '';
      if (state.volumes.find(name) === undefined) throw new DockerError(404, `Get ${name}: no such volume`);
      const user = userOf(state, name);
      if (user !== undefined) throw new DockerError(409, `volume ${name} in use by ${user}`);
      state.volumes.remove(name);
      return { kind: 'empty', status: 204 };
    },
  },
];

/** The id of a container that has the volume. */
export function userOf({ containers }: Pick<PortLayerState, 'containers'>, name: string): string | undefined {
  return containers.list().find((vm) => vm.config.mounts.some(({ volume }) => volume === name))?.id;
}

function listVolumes(state: PortLayerState, text: string | null): readonly unknown[] {
  const filters = Filters.parse(text);
  filters.allowOnly(FILTERS);
  const dangling = danglingFilter(filters);
  return storedVolumes(state)
    .map((volume) => ({ volume, labels: labelsOf(volume) }))
    .filter(({ volume, labels }) => filters.labels('label', labels ?? {}) && filters.pattern('name', volume.Name))
    .filter(({ volume }) => dangling === undefined || dangling === (userOf(state, volume.Name) === undefined))
    .filter(({ volume }) => filters.exact('driver', volume.Driver))
    .map(({ volume, labels }) => render(volume, labels));
}

function danglingFilter(filters: Filters): boolean | undefined {
  if (!filters.has('dangling')) return undefined;
  if (filters.exact('dangling', 'true') || filters.exact('dangling', '1')) return true;
  if (filters.exact('dangling', 'false') || filters.exact('dangling', '0')) return false;
  throw new DockerError(500, `invalid filter 'dangling=[${filters.values('dangling').join(' ')}]'`);
}

function storedVolumes({ volumes }: PortLayerState): readonly StoredVolume[] {
  return volumes.list() as readonly StoredVolume[];
}

function labelsOf({ Metadata: metadata }: StoredVolume): Readonly<Record<string, string>> | null {
  return readVolumeMetadata(metadata).Labels ?? null;
}

function render({ Driver, Label, Name }: StoredVolume, labels: Readonly<Record<string, string>> | null): unknown {
  return { Driver, Labels: labels, Mountpoint: Label, Name, Options: null, Scope: '' };
}
