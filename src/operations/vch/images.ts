import { dirname, join, resolve } from 'node:path';
import { failed, passed, warned, type Check } from '../preflight/check.ts';
import type { FileSystem } from '../../platform/fs.ts';

export interface ImageSearch {
  readonly binary: string | undefined;
  readonly cwd: string;
  readonly applianceIso?: string | undefined;
  readonly bootstrapIso?: string | undefined;
  readonly fs: Pick<FileSystem, 'info'>;
}

export interface FoundImages {
  readonly applianceIso: string | undefined;
  readonly bootstrapIso: string | undefined;
  readonly checks: readonly Check[];
}

/** Only this variant of the appliance image has kubelet-starter and virtual-kubelet (vmware/vic feature/wolfpack isos/). */
const KUBELET_IMAGE = 'appliance-vkubelet.iso';
const APPLIANCE = { name: 'appliance-image', title: 'appliance image with the kubelet' } as const;
const BOOTSTRAP = { name: 'bootstrap-image', title: 'bootstrap image' } as const;

/** Finds the images as vic-machine would (the operator's folder, then beside the binary), as absolute paths: it runs in another folder. */
export async function findImages(search: ImageSearch): Promise<FoundImages> {
  const places = [...new Set([search.cwd, ...(search.binary === undefined ? [] : [dirname(search.binary)])])];
  const applianceIso = search.applianceIso === undefined ? await firstFile(places, KUBELET_IMAGE, search.fs) : resolve(search.cwd, search.applianceIso);
  const bootstrapIso = search.bootstrapIso === undefined ? await firstFile(places, 'bootstrap.iso', search.fs) : resolve(search.cwd, search.bootstrapIso);
  return { applianceIso, bootstrapIso, checks: [await checkAppliance(applianceIso, places, search.fs), await checkBootstrap(bootstrapIso, search.fs)] };
}

async function checkAppliance(path: string | undefined, places: readonly string[], fs: ImageSearch['fs']): Promise<Check> {
  if (path === undefined) {
    return failed(
      APPLIANCE,
      'PREFLIGHT',
      `there is no ${KUBELET_IMAGE} in ${places.join(' or ')}, and the plain appliance image has no kubelet`,
      'Name the image with --appliance-iso FILE.',
    );
  }
  if ((await fs.info(path))?.kind !== 'file') return failed(APPLIANCE, 'PREFLIGHT', `there is no appliance image at ${path}`, 'Check --appliance-iso.');
  if (/(?:^|[\\/])appliance\.iso$/.test(path)) {
    return warned(APPLIANCE, `${path} looks like the plain appliance image, which has no kubelet; ${KUBELET_IMAGE} has one`);
  }
  return passed(APPLIANCE, path);
}

async function checkBootstrap(path: string | undefined, fs: ImageSearch['fs']): Promise<Check> {
  if (path === undefined) {
    return warned(BOOTSTRAP, 'no bootstrap.iso was found; vic-machine looks for it once more', 'Name the image with --bootstrap-iso FILE.');
  }
  if ((await fs.info(path))?.kind !== 'file') return failed(BOOTSTRAP, 'PREFLIGHT', `there is no bootstrap image at ${path}`, 'Check --bootstrap-iso.');
  return passed(BOOTSTRAP, path);
}

async function firstFile(places: readonly string[], name: string, fs: ImageSearch['fs']): Promise<string | undefined> {
  for (const place of places) {
    const path = join(place, name);
    if ((await fs.info(path))?.kind === 'file') return path;
  }
  return undefined;
}
