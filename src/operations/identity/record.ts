/** What vick remembers of an identity: no secret, the key is the VCH's alone. */
import { join } from 'node:path';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { stateDirectory } from '../../config/state-dir.ts';

export interface IdentityRecord {
  readonly apiVersion: 'vick.dev/v1alpha1';
  readonly kind: 'NodeIdentity';
  readonly vch: string;
  readonly nodeName: string;
  readonly user: string;
  readonly server: string;
  readonly context: string;
  readonly csr: string;
  /** RFC 3339. */
  readonly issuedAt: string;
  readonly certificatePem: string;
}

export interface RecordPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly fs: FileSystem;
}

export async function writeRecord(place: RecordPlace, record: IdentityRecord): Promise<void> {
  try {
    await place.fs.makeDirectory(folderOf(place), { mode: 0o700 });
    await place.fs.writeFile(fileOf(place, record.vch), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new VickError('IO', `the identity of ${record.nodeName} cannot be noted in ${folderOf(place)}: ${messageOf(error)}`, {
      hint: 'Choose another place with VICK_STATE_DIR.',
      cause: error,
    });
  }
}

/** Undefined when there is none; one that cannot be read counts as none. */
export async function readRecord(place: RecordPlace, vch: string): Promise<IdentityRecord | undefined> {
  const text = await place.fs.readTextIfExists(fileOf(place, vch));
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<IdentityRecord> | null;
    return value?.kind === 'NodeIdentity' && typeof value.certificatePem === 'string' ? (value as IdentityRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** True when there was one. */
export async function removeRecord(place: RecordPlace, vch: string): Promise<boolean> {
  const existed = (await place.fs.info(fileOf(place, vch))) !== undefined;
  await place.fs.remove(fileOf(place, vch));
  return existed;
}

function folderOf(place: RecordPlace): string {
  return join(stateDirectory(place), 'identity');
}

/** Names come checked, but a record is never sought outside its folder. */
function fileOf(place: RecordPlace, vch: string): string {
  return join(folderOf(place), `${encodeURIComponent(vch)}.json`);
}
