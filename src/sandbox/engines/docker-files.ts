/** The file systems of images of a container engine, as a container shows them that never runs. */
import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import { firstFile, namesInFolder, readArchive } from '../../platform/tar.ts';
import { keptMembers } from './docker-kept.ts';
import { SITE_LABEL } from './docker-labels.ts';
import { READ_LIMIT_BYTES, type EngineFiles, type ImageEntry } from './port.ts';

/** Enough for the first member, with records of a long name. */
const HEAD_BYTES = 16 * 1024;

/** `site`: names the sandbox, so that a container which it cannot remove any more is removed at its next start. */
export function dockerFiles(engine: ContainerEngine, site: string): EngineFiles {
  let opened = 0;
  return {
    refusal: () => Promise.resolve(undefined),
    left: keptMembers,
    openImage: async (image, signal) => {
      signal.throwIfAborted();
      const never = new AbortController().signal;
      opened += 1;
      const spec = { Image: `sha256:${image}`, Entrypoint: ['/'], Cmd: [], Labels: { [SITE_LABEL]: site }, HostConfig: { NetworkMode: 'none' } };
      const container = await engine.createContainer(`vick-${site}-look-${String(opened)}`, spec, never);
      return {
        look: async (path, wanted) => entryOf(await engine.getArchive(container, path, HEAD_BYTES, wanted)),
        list: async (path, wanted) => namesIn(path, await whole(engine, container, path, wanted)),
        read: async (path, wanted) => firstFile(await whole(engine, container, path, wanted)),
        close: async () => {
          await engine.removeContainer(container, never);
        },
      };
    },
  };
}

async function whole(engine: ContainerEngine, container: string, path: string, signal: AbortSignal): Promise<Buffer> {
  const archive = (await engine.getArchive(container, path, READ_LIMIT_BYTES, signal)) ?? Buffer.alloc(0);
  if (archive.length >= READ_LIMIT_BYTES) throw new Error(`${path} is too large to be read out of a container`);
  return archive;
}

/** Of the root there is no name that its archive could begin with. */
function namesIn(path: string, archive: Buffer): readonly string[] {
  if (path !== '/') return namesInFolder(archive);
  const names = [...readArchive(archive)].map((member) => member.path.split('/').find((name) => name !== '' && name !== '.'));
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** Some engines follow a link and tell of what it leads to, which is as good; some write the kind of a file into its mode. */
function entryOf(archive: Buffer | undefined): ImageEntry | undefined {
  for (const { kind, mode, target, modifiedAt } of archive === undefined ? [] : readArchive(archive)) return { kind, mode: mode & 0o7777, target, modifiedAt };
  return undefined;
}
