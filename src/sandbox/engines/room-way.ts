/** How this computer lets this user make rooms. */
import { basename } from 'node:path';
import { messageOf } from '../../errors/vick-error.ts';
import { findExecutable } from './executable.ts';
import { diskRoot, writeDiskIndex } from './disk-folder.ts';
import { openRoom, type RoomOptions } from './room.ts';

/** Paths of the programs of util-linux that rooms are made with. */
export interface RoomTools {
  readonly unshare: string;
  readonly nsenter: string;
  readonly sh: string;
  /** Where the others are found. */
  readonly path: string;
}

/** Options of unshare(1) and nsenter(1). */
export interface RoomWay {
  readonly make: readonly string[];
  readonly enter: readonly string[];
  /** For a program in the room, which is to be the user that it would be outside. */
  readonly leave: readonly string[];
}

export type Rooms = { readonly tools: RoomTools; readonly way: RoomWay } | { readonly refusal: string };

/** Makes a room, runs a program in it and ends it: nothing less tells whether the kernel, and who guards it, allow it. */
export async function findRoomWay(options: RoomOptions, hostPath: string): Promise<Rooms> {
  const { fs } = options;
  const status = await fs.readTextIfExists('/proc/self/status').catch(() => undefined);
  if (status === undefined) return { refusal: 'mount namespaces are a matter of Linux' };
  const path = [...new Set([...hostPath.split(':').filter((folder) => folder !== ''), '/usr/sbin', '/sbin', '/usr/bin', '/bin'])];
  let tools: RoomTools;
  try {
    const [unshare, nsenter, sh] = await Promise.all([tool(options, path, 'unshare'), tool(options, path, 'nsenter'), tool(options, path, 'sh')]);
    tools = { unshare, nsenter, sh, path: path.join(':') };
    await Promise.all([tool(options, path, 'mount'), tool(options, path, 'umount'), tool(options, path, 'pivot_root')]);
  } catch (error) {
    return { refusal: messageOf(error) };
  }
  let refusal = '';
  for (const way of ways(idOf(status, 'Uid'), idOf(status, 'Gid'))) {
    try {
      await tryWay(options, tools, way);
      return { tools, way };
    } catch (error) {
      refusal = messageOf(error);
    }
  }
  return { refusal };
}

function ways(uid: string, gid: string): readonly RoomWay[] {
  // What the computer unmounts goes in rooms too, and nothing the other way. Older programs have no such option, and no such wall.
  const apart = ['--mount', '--propagation', 'slave'];
  const asRoot = { make: ['--user', '--map-root-user', ...apart], enter: ['--user', '--preserve-credentials', '--mount'] };
  return [
    { make: apart, enter: ['--mount'], leave: [] },
    { ...asRoot, leave: ['--user', `--map-user=${uid}`, `--map-group=${gid}`] },
    // Before util-linux 2.36 there is no way back: programs are called root, and can do what this user can.
    { ...asRoot, leave: [] },
  ];
}

async function tryWay(options: RoomOptions, tools: RoomTools, way: RoomWay): Promise<void> {
  const { fs, spawner } = options;
  const disk = { directory: await fs.makeTempDirectory('vick-room-') };
  try {
    await fs.makeDirectory(diskRoot(disk));
    await writeDiskIndex(fs, disk, { shared: new Set(), modes: new Map() });
    const room = await openRoom(options, tools, way, disk, {});
    try {
      if ((await fs.readText('/proc/self/mountinfo')).includes(basename(disk.directory))) throw new Error('what is mounted in a room is seen outside of it');
      const program = await spawner.spawn({ ...room.command(tools.sh, ['-c', 'exit 0'], '/'), env: {}, cwd: '/' });
      program.stdout?.resume();
      let said = '';
      program.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      if ((await program.exited).exitCode !== 0) throw new Error(said.trim());
    } finally {
      await room.close();
    }
  } finally {
    await fs.remove(disk.directory);
  }
}

async function tool({ fs }: RoomOptions, path: readonly string[], name: string): Promise<string> {
  return findExecutable(fs, name, path, '/');
}

/** The effective id. */
function idOf(status: string, name: string): string {
  return new RegExp(`^${name}:\\s+\\d+\\s+(\\d+)`, 'm').exec(status)?.[1] ?? '0';
}
