import { dirname, isAbsolute, join } from 'node:path';
import type { FileSystem } from '../../../platform/fs.ts';
import { type Build, WOLFPACK, formatBuild, withoutCommit } from './build.ts';
import { quote } from './go-text.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { goFileError } from './log.ts';

/** A version is the last word of the publisher field in the primary volume descriptor (ISO 9660, sector 16, offset 318). */
const PUBLISHER_AT = 16 * 2048 + 318;
const PUBLISHER_LENGTH = 128;
const ISO_BYTES = 40_960;
/** Stands for /sbin/kubelet-starter and /sbin/virtual-kubelet in an image of the sandbox. */
const KUBELET_MARK = Buffer.from('/sbin/kubelet-starter /sbin/virtual-kubelet');
const KUBELET_MARK_AT = 1024;

export interface IsoImage {
  readonly role: 'appliance' | 'bootstrap';
  /** Name of the file that is uploaded. */
  readonly file: string;
  /** Name on the datastore. */
  readonly as: string;
  readonly hasKubelet: boolean;
}

/** Bytes of an image that carries nothing but its version, and the mark of the kubelet programs. */
export function isoContent(version: string, options: { readonly kubelet: boolean }): Buffer {
  const content = Buffer.alloc(ISO_BYTES);
  content.write(`VMware, Inc. ${version}`.padEnd(PUBLISHER_LENGTH), PUBLISHER_AT, 'latin1');
  if (options.kubelet) KUBELET_MARK.copy(content, KUBELET_MARK_AT);
  return content;
}

/** Writes appliance.iso, appliance-vkubelet.iso (the only one with the kubelet) and bootstrap.iso; what is there is replaced. */
export async function writeIsoFiles(fs: FileSystem, folder: string, build: Build = WOLFPACK): Promise<void> {
  const version = formatBuild(build);
  await fs.makeDirectory(folder);
  await fs.writeFile(join(folder, 'appliance.iso'), isoContent(version, { kubelet: false }));
  await fs.writeFile(join(folder, 'appliance-vkubelet.iso'), isoContent(version, { kubelet: true }));
  await fs.writeFile(join(folder, 'bootstrap.iso'), isoContent(version, { kubelet: false }));
}

/**
 * Finds both images (current folder, then the installer's), checks their versions against the binary's and names them for the datastore.
 * The order between the two is left to chance, as in the real one. Throws CommandFailure.
 */
export async function findImages(run: Invocation): Promise<readonly IsoImage[]> {
  const appliance = { role: 'appliance', name: run.flags.text('appliance-iso') || 'appliance.iso' } as const;
  const bootstrap = { role: 'bootstrap', name: run.flags.text('bootstrap-iso') || 'bootstrap.iso' } as const;
  const order = run.io.random.fraction() < 0.5 ? [appliance, bootstrap] : [bootstrap, appliance];
  const images: IsoImage[] = [];
  for (const { role, name } of order) {
    const path = await locate(run, name);
    if (path === undefined) {
      run.log.warn(`\t\tUnable to locate ${name} in the current or installer directory.`);
      throw new CommandFailure(`stat ${name}: no such file or directory`);
    }
    const { version, hasKubelet } = await examine(run, path, name);
    images.push({ role, file: path.split('/').pop() ?? path, as: `${version}-${role}.iso`, hasKubelet });
  }
  return images;
}

async function locate({ io }: Invocation, name: string): Promise<string | undefined> {
  const candidates = isAbsolute(name) ? [name] : [join(io.cwd, name), join(dirname(io.program), name)];
  for (const candidate of candidates) if ((await io.fs.info(candidate)) !== undefined) return candidate;
  return undefined;
}

async function examine(run: Invocation, path: string, name: string): Promise<{ readonly version: string; readonly hasKubelet: boolean }> {
  const refuse = (message: string) => {
    run.log.error(message);
    return new CommandFailure(message);
  };
  let content: Buffer;
  try {
    content = await run.io.fs.readBytes(path);
  } catch (error) {
    throw refuse(`failed to open iso file ${quote(name)}: open ${name}: ${goFileError(error)}`);
  }
  const field = content.subarray(PUBLISHER_AT, PUBLISHER_AT + PUBLISHER_LENGTH);
  if (field.length === 0) throw refuse(`failed to read iso version in file ${quote(name)}: EOF`);
  const words = field
    .toString('latin1')
    .replaceAll('\u0000', ' ')
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = words.at(-1) ?? 'version-unknown';
  const version = withoutCommit(found) === '' ? '' : found;
  const own = formatBuild(run.build);
  if (withoutCommit(own).toLowerCase() !== withoutCommit(found).toLowerCase()) {
    const message = `iso file ${quote(name)} version ${quote(version.toLowerCase())} inconsistent with installer version ${quote(own)}`;
    if (!run.flags.bool('force')) throw refuse(`${message}. Specify --force to force create. `);
    run.log.warn(message);
  }
  const hasKubelet = content.subarray(KUBELET_MARK_AT, KUBELET_MARK_AT + KUBELET_MARK.length).equals(KUBELET_MARK);
  return { version, hasKubelet };
}
