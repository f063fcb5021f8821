import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { packArchive, type ArchiveEntry } from '../../../src/platform/tar.ts';
import type { ContainerEngine } from '../../../src/clients/docker-engine/containers-port.ts';
import type { Unavailable } from './engine.ts';

/** Debian's busybox-static. */
const PROGRAM = '/bin/busybox';

export const BUSYBOX = { repository: 'docker.io/library/busybox', tag: 'vick', image: 'busybox:vick' };

/** Makes an image of this machine's static busybox in the engine: no registry is asked. */
export async function importBusybox(
  engine: ContainerEngine,
  target: { readonly repository: string; readonly tag: string } = BUSYBOX,
): Promise<Unavailable | undefined> {
  if (!existsSync(PROGRAM)) return { unavailable: `${PROGRAM} is not installed` };
  const { stdout, stderr } = spawnSync(PROGRAM, ['--list'], { encoding: 'utf8' });
  if (spawnSync('sh', ['-c', `ldd ${PROGRAM}`], { encoding: 'utf8' }).status === 0) return { unavailable: `${PROGRAM} is not static` };
  if (stdout === '') return { unavailable: `${PROGRAM} lists no applets: ${stderr}` };
  const applets = stdout
    .trim()
    .split('\n')
    .filter((name) => name !== 'busybox');
  const text = (path: string, content: string): ArchiveEntry => ({ path, kind: 'file', mode: 0o644, content: Buffer.from(content) });
  const files: readonly ArchiveEntry[] = [
    ...['bin', 'etc', 'root', 'var'].map((path): ArchiveEntry => ({ path, kind: 'folder', mode: 0o755 })),
    { path: 'tmp', kind: 'folder', mode: 0o1777 },
    { path: 'bin/busybox', kind: 'file', mode: 0o755, content: await readFile(PROGRAM) },
    ...applets.map((name): ArchiveEntry => ({ path: `bin/${name}`, kind: 'link', mode: 0o777, target: 'busybox' })),
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
    text('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
  ];
  await engine.importImage(
    packArchive(files, 0),
    { repository: target.repository, tag: target.tag, changes: ['ENV PATH=/bin', 'CMD ["sh"]'] },
    new AbortController().signal,
  );
  return undefined;
}
