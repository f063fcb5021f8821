import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';

export interface LocateInput {
  /** `--vic-machine`; the command table reads VICK_VIC_MACHINE into it as well. */
  readonly explicit?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly fs: Pick<FileSystem, 'info' | 'isExecutable'>;
}

/** Names of the binary in a release, and the plain one of packages. */
const NAMES = ['vic-machine-linux', 'vic-machine', 'vic-machine-darwin', 'vic-machine-windows.exe', 'vic-machine.exe'] as const;

/** Absolute path of the vic-machine to run: `--vic-machine`, else VICK_VIC_MACHINE, else the first in PATH. VIC_MACHINE_NOT_FOUND. */
export async function locateVicMachine(input: LocateInput): Promise<string> {
  const named = input.explicit ?? nonEmpty(input.env['VICK_VIC_MACHINE']);
  if (named !== undefined) return await namedBinary(named, input);
  const folders = (input.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of folders) {
    for (const name of NAMES) {
      const path = resolve(input.cwd, folder, name);
      if (await isProgram(path, input.fs)) return path;
    }
  }
  throw new VickError('VIC_MACHINE_NOT_FOUND', `no vic-machine was found in PATH (looked for ${NAMES.slice(0, 3).join(', ')})`, {
    hint: 'Name the binary with --vic-machine FILE or VICK_VIC_MACHINE.',
  });
}

async function namedBinary(named: string, input: LocateInput): Promise<string> {
  const path = isAbsolute(named) ? named : join(input.cwd, named);
  const found = await input.fs.info(path);
  const hint = 'Check the path in --vic-machine or VICK_VIC_MACHINE.';
  if (found === undefined) throw new VickError('VIC_MACHINE_NOT_FOUND', `there is no vic-machine at ${path}`, { hint });
  if (found.kind !== 'file') throw new VickError('VIC_MACHINE_NOT_FOUND', `${path} is not a file`, { hint: 'Name the binary itself, not its folder.' });
  if (!(await input.fs.isExecutable(path))) {
    throw new VickError('VIC_MACHINE_NOT_FOUND', `${path} may not be executed by this user`, { hint: `Make it executable with: chmod +x ${path}` });
  }
  return path;
}

async function isProgram(path: string, fs: LocateInput['fs']): Promise<boolean> {
  return (await fs.info(path))?.kind === 'file' && (await fs.isExecutable(path));
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
