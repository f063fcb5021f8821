import { finished } from 'node:stream/promises';
import { modify } from '../handles.ts';
import type { Operation } from '../operation.ts';
import { DroppedConnection, empty, failed, json, notImplemented, storageFailed } from '../replies.ts';
import { MODELS } from '../schema.ts';
import type { PortLayerState } from '../state.ts';
import { addMount, joinImage } from '../vm-config.ts';

/** Image layers and volumes. */
export function storageOperations(state: PortLayerState): readonly Operation[] {
  return [...imageOperations(state), ...volumeOperations(state)];
}

function imageOperations({ handles, images }: PortLayerState): readonly Operation[] {
  return [
    {
      id: 'CreateImageStore',
      method: 'POST',
      path: '/storage',
      body: { name: 'body', type: MODELS.ImageStore, required: false },
      handle: ({ body, hasBody }) => {
        if (!hasBody) throw new DroppedConnection('create image store without a body');
        return json({ code: 201, url: images.create(body['name'] as string) }, 201);
      },
    },
    {
      id: 'ListImages',
      method: 'GET',
      path: '/storage/{store_name}',
      query: [{ name: 'ids', type: 'csv' }],
      handle: ({ path, query }) => json(images.list(path['store_name'] ?? '', query.list('ids'))),
    },
    {
      id: 'WriteImage',
      method: 'POST',
      path: '/storage/{store_name}',
      query: [
        { name: 'image_id', type: 'string', required: true },
        { name: 'metadatakey', type: 'string' },
        { name: 'metadataval', type: 'string' },
        { name: 'parent_id', type: 'string', required: true },
        { name: 'sum', type: 'string', required: true },
      ],
      body: { name: 'image_file', type: 'stream', required: false },
      consumes: ['application/octet-stream'],
      handle: async ({ path, query, stream }) => {
        // The bytes of a layer are of no use to an engine that runs processes of this computer.
        await finished(stream.resume());
        const store = path['store_name'] ?? '';
        const parent = images.need(store, query.string('parent_id') ?? '');
        const key = query.string('metadatakey');
        const id = query.string('image_id') ?? '';
        images.put({ id, parent: parent.id, metadata: key === undefined ? {} : { [key]: query.string('metadataval') ?? '' } });
        return json(images.get(store, id), 201);
      },
    },
    {
      id: 'GetImage',
      method: 'GET',
      path: '/storage/{store_name}/info/{id}',
      handle: ({ path }) => json(images.get(path['store_name'] ?? '', path['id'] ?? '')),
    },
    {
      id: 'ImageJoin',
      method: 'POST',
      path: '/storage/{store_name}/info/{id}',
      body: { name: 'config', type: MODELS.ImageJoinConfig },
      handle: ({ path, body }) => {
        const handle = handles.need(body['handle']);
        const layer = images.need(path['store_name'] ?? '', path['id'] ?? '');
        if (handle.base !== undefined) throw new DroppedConnection('image join on an existing container');
        modify(
          handle,
          joinImage({
            deltaId: body['deltaID'] as string,
            layerId: layer.id,
            imageId: (body['imageID'] as string | undefined) ?? '',
            repoName: (body['repoName'] as string | undefined) ?? '',
          }),
        );
        return json({ handle: handle.key });
      },
    },
    {
      id: 'DeleteImage',
      method: 'DELETE',
      path: '/storage/{store_name}/info/{id}',
      query: [{ name: 'keepNodes', type: 'csv', required: true }],
      handle: ({ path }) => json([images.delete(path['store_name'] ?? '', path['id'] ?? '')]),
    },
    {
      id: 'GetImageTar',
      method: 'GET',
      path: '/storage/{store_name}/tar/{id}',
      handle: () => {
        throw notImplemented('StorageGetImageTar');
      },
    },
  ];
}

function volumeOperations(state: PortLayerState): readonly Operation[] {
  const { handles, volumes, containers } = state;
  return [
    { id: 'VolumeStoresList', method: 'GET', path: '/storage/volumestores', handle: () => json({ Stores: volumes.stores }) },
    {
      id: 'ListVolumes',
      method: 'GET',
      path: '/storage/volumes',
      query: [{ name: 'filterString', type: 'string' }],
      handle: () => json(volumes.list()),
    },
    {
      id: 'CreateVolume',
      method: 'POST',
      path: '/storage/volumes',
      body: { name: 'VolumeRequest', type: MODELS.VolumeRequest },
      handle: ({ body }) => {
        const metadata = (body['Metadata'] as Readonly<Record<string, string>> | undefined) ?? {};
        return json(volumes.create({ name: body['Name'] as string, driver: body['Driver'] as string, store: body['Store'] as string, metadata }), 201);
      },
    },
    { id: 'GetVolume', method: 'GET', path: '/storage/volumes/{name}', handle: ({ path }) => json(volumes.get(path['name'] ?? '')) },
    {
      id: 'RemoveVolume',
      method: 'DELETE',
      path: '/storage/volumes/{name}',
      handle: ({ path }) => {
        const name = path['name'] ?? '';
        if (volumes.find(name) === undefined) throw failed(404, 'file does not exist');
        const user = containers.list().find((vm) => vm.config.mounts.some((mount) => mount.volume === name));
        if (user !== undefined) throw failed(409, `volume ${name} in use by ${user.id}`);
        volumes.remove(name);
        return empty();
      },
    },
    {
      id: 'VolumeJoin',
      method: 'POST',
      path: '/storage/volumes/{name}',
      body: { name: 'JoinArgs', type: MODELS.VolumeJoinConfig },
      handle: ({ path, body }) => {
        const handle = handles.find(body['Handle']);
        if (handle === undefined || handle.base !== undefined) throw new DroppedConnection('volume join without the handle of a new container');
        const name = path['name'] ?? '';
        if (volumes.find(name) === undefined) throw storageFailed(500, 'file does not exist');
        if (handle.config.mounts.some((mount) => mount.volume === name)) {
          throw storageFailed(500, `Volume with ID ${name} is already in container ${handle.id}'s mountspec config`);
        }
        const flags = (body['Flags'] as Readonly<Record<string, string>> | undefined) ?? {};
        modify(handle, addMount({ volume: name, path: body['MountPath'] as string, mode: flags['Mode'] ?? '' }));
        return json(handle.key);
      },
    },
  ];
}
