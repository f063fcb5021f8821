/** Files of disks: `docker cp` of a real VCH, and how files get into pod VMs (vmware/vic storage_handlers.go, portlayer/storage/container). */
import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { messageOf } from '../../../../errors/vick-error.ts';
import type { Log } from '../../../../platform/log.ts';
import { ARCHIVE_END, packMember } from '../../../../platform/tar.ts';
import { DiskError } from '../../../engines/disk-view.ts';
import type { DiskStat } from '../archive/disk-reader.ts';
import { decodeFilterSpec, type FilterSpec } from '../archive/filter-spec.ts';
import { goMode, gobTime } from '../archive/go-values.ts';
import type { Call, Operation, Query } from '../operation.ts';
import { DroppedConnection, empty, notImplemented, PortLayerError, stream, type Reply } from '../replies.ts';
import type { PortLayerState } from '../state.ts';
import type { OpenedDisk } from '../vm-disks.ts';
import type { Vm } from '../vm.ts';

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

/** Refusals have no body. Volumes and layers are declared only. */
export function archiveOperations(state: PortLayerState, options: ArchiveOptions): readonly Operation[] {
  return [
    {
      id: 'ExportArchive',
      method: 'GET',
      path: '/archive',
      query: [...DEVICE, { name: 'ancestor', type: 'string' }, { name: 'ancestorStore', type: 'string' }, { name: 'data', type: 'bool', required: true }],
      handle: (call) => exportArchive(state, options, call),
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
      handle: (call) => statPath(state, options, call),
    },
  ];
}

async function importArchive(state: PortLayerState, { log, blankDisks }: ArchiveOptions, { query, stream: body, signal }: Call): Promise<Reply> {
  const filter = filterOf(query);
  needStore(state, query);
  // Of all devices it is only a volume whose absence is told from other failures.
  if (query.string('store') === 'volume' && !hasDevice(state, query)) throw new PortLayerError(404);
  needDevice(state, query);
  if (blankDisks) throw new PortLayerError(500);
  if (query.string('store') !== 'container') throw notImplemented('ImportArchive');
  const { vm, index, files } = await needFiles(state, log, { query, signal }, 'ImportArchive');
  const archive = await buffer(body);
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

/** Of what was deleted or changed against an image, nothing is told. */
async function exportArchive(state: PortLayerState, { log, blankDisks }: ArchiveOptions, { query, signal }: Call): Promise<Reply> {
  const filter = filterOf(query);
  needStore(state, query);
  needDevice(state, query);
  if (blankDisks) throw new PortLayerError(500);
  if (query.string('store') !== 'container' || (query.string('ancestor') ?? '') !== '') throw notImplemented('ExportArchive');
  const { vm, opened } = await openDisk(state, log, { query, signal }, 'ExportArchive');
  const data = query.bool('data') === true;
  return stream(async function* () {
    try {
      for await (const member of opened.reader.members(filter, { data })) {
        // What its programs do from now on is none of what was asked for.
        if (vm.poweredOn) throw new Error('the VM was switched on');
        yield packMember(member, vm.context.clock.now());
      }
      yield ARCHIVE_END;
    } finally {
      await opened.close();
    }
  });
}

async function statPath(state: PortLayerState, { log, blankDisks }: ArchiveOptions, { query, signal }: Call): Promise<Reply> {
  const [path, ...others] = filterOf(query).inclusions;
  if (path === undefined || others.length > 0) throw new PortLayerError(422);
  if (!hasStore(state, query)) throw new DroppedConnection('stat in an unknown store');
  needDevice(state, query);
  if (blankDisks) throw new PortLayerError(500);
  if (query.string('store') !== 'container') throw notImplemented('StatPath');
  const { opened } = await openDisk(state, log, { query, signal }, 'StatPath');
  let found: DiskStat | undefined;
  try {
    found = await opened.reader.stat(posix.join('/', path));
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') throw new PortLayerError(404);
    log.error('stat failed', { disk: query.string('deviceID'), why: messageOf(error) });
    throw new PortLayerError(500);
  } finally {
    await opened.close();
  }
  if (found === undefined) throw new PortLayerError(404);
  const { name, size, target, modifiedAt = 0 } = found;
  const link = target === '' ? {} : { Linktarget: target };
  return { kind: 'head', headers: { ...link, Modtime: gobTime(modifiedAt), Mode: String(goMode(found)), Name: name, Size: String(size) } };
}

interface Request {
  readonly query: Query;
  readonly signal: AbortSignal;
}

async function openDisk(state: PortLayerState, log: Log, request: Request, operation: string): Promise<{ readonly vm: Vm; readonly opened: OpenedDisk }> {
  const { vm, index, files } = await needFiles(state, log, request, operation);
  const tasks = vm.config.tasks.filter(({ namespace }) => namespace === vm.config.disks[index]?.layerId).map(({ id }) => id);
  try {
    return { vm, opened: await vm.disks.open(vm.config.disks, index, { files, tasks, signal: request.signal }) };
  } catch (error) {
    log.error('a disk cannot be read', { disk: request.query.string('deviceID'), why: messageOf(error) });
    throw new PortLayerError(500);
  }
}

/** A disk of a VM that is off. */
async function needFiles(state: PortLayerState, log: Log, { query, signal }: Request, operation: string) {
  const { vm, index } = needDisk(state, query);
  const { files } = vm.context.engine;
  const refusal = files === undefined ? 'the engine has no file systems' : await files.refusal(signal);
  if (files === undefined || refusal !== undefined) {
    log.warn('the VM has no disk with files of its own', { disk: query.string('deviceID'), why: refusal });
    throw notImplemented(operation);
  }
  refuseRunning(vm);
  return { vm, index, files };
}

/** A disk in use is written to and read through the guest, which pod VMs have no part for. */
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
