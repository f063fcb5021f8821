/**
 * What was written onto the disks of a VM for its pod's volumes, kept in the VCH's key-value store with one key for each VM:
 * from it is known which files have changed, also while no kubelet ran, and which are to be removed. Of contents it has
 * salted hashes; whoever can read them there can read the disks by the same API.
 */
import { createHash } from 'node:crypto';
import type { PortLayer } from '../../../clients/port-layer/port.ts';
import type { MountPlace, Placement } from '../plan/plan-files.ts';
import type { DiskToWrite } from './write-files.ts';

export interface FileRecord {
  readonly salt: string;
  readonly disks: readonly DiskRecord[];
}

export interface DiskRecord {
  readonly deltaId: string;
  readonly layerId: string;
  readonly places: readonly MountPlace[];
  /** By path from the disk's root; only what this provider has put there. */
  readonly files: Readonly<Record<string, WrittenFile>>;
}

export interface WrittenFile {
  readonly volume: string;
  readonly mode: number;
  /** Of the content; empty while that is not certain. */
  readonly hash: string;
  /** Of a mount of a part of the volume, which stays as it is. */
  readonly part?: true;
}

export interface FileRecords {
  /** Undefined: nothing was written for the VM that could be kept up to date. */
  read(vmId: string, signal: AbortSignal): Promise<FileRecord | undefined>;
  write(vmId: string, record: FileRecord, signal: AbortSignal): Promise<void>;
  /** The VM has no files. */
  none(vmId: string): void;
  /** After the VM is gone. */
  forget(vmId: string, signal: AbortSignal): Promise<void>;
}

const VERSION = 1;
const HASH_CHARACTERS = 16;

const key = (vmId: string): string => `vick.files.${vmId}`;

export function createFileRecords(portLayer: PortLayer): FileRecords {
  const known = new Map<string, FileRecord | undefined>();
  return {
    read: async (vmId, signal) => {
      if (!known.has(vmId)) known.set(vmId, decode(await portLayer.getValue(key(vmId), signal)));
      return known.get(vmId);
    },
    write: async (vmId, record, signal) => {
      // Unknown until it is certain which of both the VCH has.
      known.delete(vmId);
      await portLayer.putValue(key(vmId), JSON.stringify({ version: VERSION, ...record }), signal);
      known.set(vmId, record);
    },
    none: (vmId) => {
      known.set(vmId, undefined);
    },
    forget: async (vmId, signal) => {
      if (!known.has(vmId) || known.get(vmId) !== undefined) await portLayer.deleteValue(key(vmId), signal);
      known.delete(vmId);
    },
  };
}

/** Of files that were just written; undefined where no volume as a whole is among them. */
export function recordOf(disks: readonly DiskToWrite[], salt: string): FileRecord | undefined {
  const kept = disks.filter(({ placements }) => placements.some(({ holds }) => holds === 'files'));
  if (kept.length === 0) return undefined;
  return {
    salt,
    disks: kept.map(({ deltaId, layerId, placements }) => ({
      ...{ deltaId, layerId },
      places: placements.map(placeOf),
      files: Object.fromEntries(wholeLast(placements).flatMap((placement) => filesOf(placement, salt))),
    })),
  };
}

export function hashOf(content: Uint8Array, salt: string): string {
  return createHash('sha256').update(salt).update(content).digest('base64url').slice(0, HASH_CHARACTERS);
}

function placeOf({ volume, injectedToken, container, path, holds, fsGroup }: Placement): MountPlace {
  return { volume, injectedToken, container, path, holds, ...(fsGroup === undefined ? {} : { fsGroup }) };
}

/** What a mount of the whole volume has as well is the whole volume's. */
function wholeLast(placements: readonly Placement[]): readonly Placement[] {
  return [...placements.filter(({ holds }) => holds === 'part'), ...placements.filter(({ holds }) => holds !== 'part')];
}

function filesOf({ volume, holds, entries }: Placement, salt: string): readonly (readonly [string, WrittenFile])[] {
  const part = holds === 'part' ? { part: true as const } : {};
  return entries
    .filter(({ kind }) => kind === 'file')
    .map(({ path, mode, content }) => [path, { volume, mode, hash: hashOf(content ?? new Uint8Array(), salt), ...part }] as const);
}

/** A record that cannot be read is as none: its files stay as they are. */
function decode(text: string | undefined): FileRecord | undefined {
  try {
    const stored = JSON.parse(text ?? '') as Partial<FileRecord> & { readonly version?: unknown };
    if (stored.version !== VERSION || typeof stored.salt !== 'string' || !Array.isArray(stored.disks)) return undefined;
    return { salt: stored.salt, disks: stored.disks };
  } catch {
    return undefined;
  }
}
