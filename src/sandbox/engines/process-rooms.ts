/** The rooms of one machine, one for each disk that something was written to: made when the first program needs it. */
import { posix } from 'node:path';
import { messageOf } from '../../errors/vick-error.ts';
import { DiskError, DiskView, namesOf } from './disk-view.ts';
import { readDiskIndex, type DiskFolder } from './disk-folder.ts';
import { findExecutable } from './executable.ts';
import { hostImage } from './host-files.ts';
import { LaunchError } from './port.ts';
import { openRoom, type Room, type RoomOptions } from './room.ts';
import type { Rooms } from './room-way.ts';

export interface RoomProgram {
  /** As it is named by the task. */
  readonly path: string;
  readonly args: readonly string[];
  readonly searchPaths: readonly string[];
  readonly cwd: string;
}

/** Longer files are no scripts. */
const SCRIPT_BYTES = 1024 * 1024;

export class ProcessRooms {
  private readonly options: RoomOptions;
  private readonly ways: () => Promise<Rooms>;
  private readonly env: Readonly<Record<string, string>>;
  private readonly rooms = new Map<string, Promise<Room>>();

  /** `env`: by which the processes of the machine are found. */
  constructor(options: RoomOptions, ways: () => Promise<Rooms>, env: Readonly<Record<string, string>>) {
    this.options = options;
    this.ways = ways;
    this.env = env;
  }

  /** Makes the room of a disk. Why that fails, `command` tells. */
  async prepare(disk: DiskFolder): Promise<void> {
    await this.room(disk).catch(() => undefined);
  }

  /** What to start so that a program runs over a disk. Rejects with a LaunchError where there is no such program. */
  async command(disk: DiskFolder, program: RoomProgram): Promise<{ readonly file: string; readonly args: readonly string[] }> {
    const { path, args, searchPaths, cwd } = program;
    const room = await this.room(disk);
    const file = await this.find(disk, room, path, searchPaths, cwd);
    return room.command(file, args, cwd);
  }

  /** Once no program is left. */
  async close(): Promise<void> {
    const rooms = [...this.rooms.values()];
    this.rooms.clear();
    await Promise.all(rooms.map(async (opening) => (await opening.catch(() => undefined))?.close()));
  }

  private async room(disk: DiskFolder): Promise<Room> {
    const opening = this.rooms.get(disk.directory) ?? this.open(disk);
    this.rooms.set(disk.directory, opening);
    try {
      return await opening;
    } catch (error) {
      // Another time it may be possible.
      if (this.rooms.get(disk.directory) === opening) this.rooms.delete(disk.directory);
      throw error;
    }
  }

  private async open(disk: DiskFolder): Promise<Room> {
    const found = await this.ways();
    if ('refusal' in found) throw new LaunchError(`the files of the disk cannot be shown: ${found.refusal}`);
    try {
      return await openRoom(this.options, found.tools, found.way, disk, this.env);
    } catch (error) {
      throw new LaunchError(`the files of the disk cannot be shown: ${messageOf(error)}`, { cause: error });
    }
  }

  /** As outside of a room, by what is in it. */
  private async find(disk: DiskFolder, room: Room, path: string, searchPaths: readonly string[], cwd: string): Promise<string> {
    const { fs } = this.options;
    const { signal } = new AbortController();
    const view = new DiskView({ fs, disk, index: await readDiskIndex(fs, disk), image: hostImage(fs), signal, mountPoints: room.mountPoints });
    const placeOf = async (seen: string): Promise<string | undefined> => {
      try {
        const { at, entry } = await view.resolve(namesOf(seen), true);
        return entry === undefined ? undefined : ((await view.ownPlace(at)) ?? `/${at.join('/')}`);
      } catch (error) {
        if (error instanceof DiskError) return undefined;
        throw error;
      }
    };
    const seen = {
      info: async (at: string) => {
        const place = await placeOf(at);
        return place === undefined ? undefined : fs.info(place);
      },
      isExecutable: async (at: string) => {
        const place = await placeOf(at);
        return place !== undefined && (await fs.isExecutable(place));
      },
    };
    const file = await findExecutable(seen, path, searchPaths, cwd);
    const place = await placeOf(file);
    // What starts it in the room has no words for this.
    const interpreter = place?.startsWith(posix.join(disk.directory, '/')) === true ? await this.interpreterOf(place) : undefined;
    if (interpreter !== undefined) await findExecutable(seen, posix.resolve(cwd, interpreter), [], cwd);
    return file;
  }

  /** Of a script's first line. */
  private async interpreterOf(place: string): Promise<string | undefined> {
    const { fs } = this.options;
    if (((await fs.info(place))?.size ?? 0) > SCRIPT_BYTES) return undefined;
    return /^#![ \t]*([^ \t\n]+)/.exec((await fs.readBytes(place)).toString('latin1'))?.[1];
  }
}
