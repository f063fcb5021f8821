/** Opens what an operator calls "the appliance": an ISO, a root file system, a build bundle of VIC, or a folder with ISOs. */
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { readCpio } from './cpio.ts';
import { readIso, type IsoImage } from './iso9660.ts';
import { isLookedInto, treeOfArchive, treeOfFolder, type RootTree } from './root-tree.ts';

export interface OpenImage {
  readonly path: string;
  readonly kind: 'iso' | 'folder';
  /** Of VIC, as the image states it: the last word of the publisher field. */
  readonly version: string | undefined;
  /** Where in an ISO the root file system is. */
  readonly initramfs: string | undefined;
  readonly root: RootTree;
}

/** Where VIC puts it (vmware/vic isos/base/utils.sh, generate_iso). */
const INITRAMFS = '/boot/core.gz';
const BOOT_MENUS = ['/boot/isolinux/isolinux.cfg', '/isolinux/isolinux.cfg', '/isolinux.cfg'];
/** An image of this size is none of VIC's, and would not fit into memory. */
const MAX_BYTES = 2 ** 31 - 1;

/** IO when there is nothing to read, APPLIANCE_INVALID for what is no such image, USAGE for a folder in which it is not clear which. */
export async function openImage(path: string, fs: FileSystem, signal: AbortSignal): Promise<OpenImage> {
  const info = await fs.info(path);
  if (info === undefined) {
    throw new VickError('IO', `there is no file or folder ${path}`, { hint: 'Name an appliance image (.iso) or a folder with its root file system.' });
  }
  if (info.kind === 'directory') return openFolder(path, fs, signal);
  if (info.kind !== 'file') throw new VickError('IO', `${path} is neither a file nor a folder`);
  if (info.size > MAX_BYTES) throw new VickError('APPLIANCE_INVALID', `${path} is no appliance image: it is larger than 2 GiB`);
  return openIso(path, fs, signal);
}

async function openFolder(path: string, fs: FileSystem, signal: AbortSignal): Promise<OpenImage> {
  const names = await fs.list(path).catch(unreadable(path));
  const folder = { path, kind: 'folder', version: undefined, initramfs: undefined } as const;
  if (names.includes('rootfs')) return { ...folder, root: treeOfFolder(join(path, 'rootfs'), fs) };
  if (['sbin', 'usr', 'etc', 'bin'].some((name) => names.includes(name))) return { ...folder, root: treeOfFolder(path, fs) };
  const images = names.filter((name) => /^appliance.*\.iso$/i.test(name)).sort();
  const chosen = images.find((name) => name === 'appliance-vkubelet.iso') ?? (images.length === 1 ? images[0] : undefined);
  if (chosen !== undefined) return openIso(join(path, chosen), fs, signal);
  if (images.length > 1) throw new VickError('USAGE', `there are several appliance images in ${path}: ${images.join(', ')}`, { hint: 'Name one of them.' });
  throw new VickError('APPLIANCE_INVALID', `${path} holds no root file system and no appliance image`, {
    hint: 'Name an .iso, or a folder with sbin, usr or rootfs in it.',
  });
}

async function openIso(path: string, fs: FileSystem, signal: AbortSignal): Promise<OpenImage> {
  const iso = readIso(await fs.readBytes(path).catch(unreadable(path)));
  const version = iso.publisher.split(/\s+/).at(-1);
  for (const place of initramfsPlaces(iso)) {
    const packed = iso.file(place);
    if (packed === undefined) continue;
    return { path, kind: 'iso', version, initramfs: place, root: await treeOfArchive(readCpio(unpacked(packed, signal), isLookedInto)) };
  }
  throw new VickError('APPLIANCE_INVALID', `${path} is no appliance image: there is no root file system in it`, {
    hint: `An appliance of VIC has it as ${INITRAMFS}.`,
  });
}

/** What the boot menu names, then where VIC always has it. */
function initramfsPlaces(iso: IsoImage): readonly string[] {
  const menu = BOOT_MENUS.map((place) => iso.file(place)?.toString('latin1')).find((text) => text !== undefined) ?? '';
  const named = [...menu.matchAll(/\binitrd[=\s]+([^\s,]+)/gi)].map(([, place = '']) => (place.startsWith('/') ? place : `/boot/isolinux/${place}`));
  return [...new Set([...named, INITRAMFS])];
}

/** The kernel takes it packed or not. */
async function* unpacked(bytes: Buffer, signal: AbortSignal): AsyncIterable<Buffer> {
  if (bytes.readUInt16BE(0) !== 0x1f8b) {
    yield bytes;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 1 << 20 });
  try {
    for await (const chunk of Readable.from(chunksOf(bytes)).pipe(gunzip)) {
      signal.throwIfAborted();
      yield chunk as Buffer;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VickError) throw error;
    throw new VickError('APPLIANCE_INVALID', `this is no appliance image: its root file system cannot be unpacked: ${messageOf(error)}`, { cause: error });
  } finally {
    gunzip.destroy();
  }
}

function* chunksOf(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
}

function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    throw new VickError('IO', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  };
}
