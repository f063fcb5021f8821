/** Files of disks: `docker cp` of a real VCH, and how files get into pod VMs (vmware/vic storage_handlers.go, portlayer/storage/container). */
import { buffer } from 'node:stream/consumers';
import { messageOf } from '../../../../errors/vick-error.ts';
import type { Log } from '../../../../platform/log.ts';
import { decodeFilterSpec, type FilterSpec } from '../archive/filter-spec.ts';
import type { Call, Operation, Query } from '../operation.ts';
import { DroppedConnection, empty, notImplemented, PortLayerError, type Reply } from '../replies.ts';
import type { PortLayerState } from '../state.ts';

const DEVICE = [
  { name: 'deviceID', type: 'string', required: true },
  { name: 'filterSpec', type: 'string' },
  { name: 'store', type: 'string', required: true },
] as const;

interface ArchiveOptions {
  readonly log: Log;
  /** Of a simulated vSphere, which cannot be mounted. */
  readonly blankDisks: boolean;
}

/** Refusals have no body. Disks are written to; reading them, and volumes and layers, is declared only. */
export function archiveOperations(state: PortLayerState, options: ArchiveOptions): readonly Operation[] {
  return [
    {
      id: 'ExportArchive',
      method: 'GET',
      path: '/archive',
      query: [...DEVICE, { name: 'ancestor', type: 'string' }, { name: 'ancestorStore', type: 'string' }, { name: 'data', type: 'bool', required: true }],
      handle: ({ query }) => {
        filterOf(query);
        needStore(state, query);
        needDevice(state, query);
        throw options.blankDisks ? new PortLayerError(500) : notImplemented('ExportArchive');
      },
    },
    {
      id: 'ImportArchive',
      method: 'POST',
      path: '/archive',
      query: DEVICE,
      body: { name: 'Archive', type: 'stream' },
      consumes: ['application/x-tar'],
      handle: (call) => importArchive(state, options, call),
    },
    {
      id: 'StatPath',
      method: 'HEAD',
      path: '/archive',
      query: DEVICE,
      handle: ({ query }) => {
        if (filterOf(query).inclusions.length !== 1) throw new PortLayerError(422);
        if (!hasStore(state, query)) throw new DroppedConnection('stat in an unknown store');
        needDevice(state, query);
        throw options.blankDisks ? new PortLayerError(500) : notImplemented('StatPath');
      },
    },
  ];
}

async function importArchive(state: PortLayerState, { log, blankDisks }: ArchiveOptions, { query, stream, signal }: Call): Promise<Reply> {
  const filter = filterOf(query);
  needStore(state, query);
  // Of all devices it is only a volume whose absence is told from other failures.
  if (query.string('store') === 'volume' && !hasDevice(state, query)) throw new PortLayerError(404);
  needDevice(state, query);
  if (blankDisks) throw new PortLayerError(500);
  if (query.string('store') !== 'container') throw notImplemented('ImportArchive');
  const { vm, index } = needDisk(state, query);
  const { files } = vm.context.engine;
  const refusal = files === undefined ? 'the engine has no file systems' : await files.refusal(signal);
  if (files === undefined || refusal !== undefined) {
    log.warn('files cannot be written to a disk', { disk: query.string('deviceID'), why: refusal });
    throw notImplemented('ImportArchive');
  }
  refuseRunning(vm);
  const archive = await buffer(stream);
  // It may have been switched on, or removed, while the archive came.
  if (needDisk(state, query).vm !== vm) throw new PortLayerError(500);
  refuseRunning(vm);
  try {
    await vm.disks.unpack(vm.config.disks, index, { files, archive, filter, signal });
  } catch (error) {
    log.error('import failed', { disk: query.string('deviceID'), why: messageOf(error) });
    throw new PortLayerError(500);
  }
  return empty();
}

/** A disk in use is written to through the guest, which pod VMs have no part for. */
function refuseRunning(vm: { readonly poweredOn: boolean }): void {
  if (vm.poweredOn) throw new PortLayerError(500);
}

function filterOf(query: Query): FilterSpec {
  const filter = decodeFilterSpec(query.string('filterSpec'));
  if (filter === undefined) throw new PortLayerError(422);
  return filter;
}

function needStore(state: PortLayerState, query: Query): void {
  if (!hasStore(state, query)) throw new PortLayerError(404);
}

/** Besides what can be written to here there are the volumes, and the layers, which a VCH names by its own UUID. */
function hasStore({ facts }: PortLayerState, query: Query): boolean {
  return ['container', 'volume', facts.biosUuid].includes(query.string('store') ?? '');
}

function hasDevice({ containers, images, volumes }: PortLayerState, query: Query): boolean {
  const id = query.string('deviceID') ?? '';
  const store = query.string('store');
  if (store === 'container') return containers.findDisk(id) !== undefined;
  return store === 'volume' ? volumes.find(id) !== undefined : images.has(id);
}

function needDevice(state: PortLayerState, query: Query): void {
  if (!hasDevice(state, query)) throw new PortLayerError(500);
}

function needDisk({ containers }: PortLayerState, query: Query): NonNullable<ReturnType<typeof containers.findDisk>> {
  const found = containers.findDisk(query.string('deviceID') ?? '');
  if (found === undefined) throw new PortLayerError(500);
  return found;
}
