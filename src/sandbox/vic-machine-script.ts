import { join } from 'node:path';
import type { FileSystem } from '../platform/fs.ts';
import { writeIsoFiles } from './vsphere/vic-machine/iso.ts';

/** Writes the program `vic-machine-linux` and, beside it as in a release, the ISO files that it looks for. Returns its path. */
export async function writeVicMachine(options: { readonly directory: string; readonly argv: readonly string[]; readonly fs: FileSystem }): Promise<string> {
  const { directory, argv, fs } = options;
  await fs.makeDirectory(directory);
  await writeIsoFiles(fs, directory);
  const path = join(directory, 'vic-machine-linux');
  const quoted = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  await fs.writeFile(
    path,
    `#!/bin/sh\n# The real one is a single binary; messages carry the name it was started by.\nVICK_SANDBOX_PROGRAM="$0" exec ${quoted} "$@"\n`,
    { mode: 0o755 },
  );
  return path;
}
