/** What a vic-machine binary knows, remembered by its path, size and time of change: asking starts it, which takes seconds on slow disks. */
import { join } from 'node:path';
import { VickError } from '../../errors/vick-error.ts';
import type { BinaryCommand, RunContext, VicMachine } from '../../clients/vic-machine/port.ts';
import type { FileSystem } from '../../platform/fs.ts';

interface Remembered {
  readonly binary: string;
  readonly stamp: string;
  readonly flags: Readonly<Record<string, readonly string[]>>;
}

const KUBERNETES = ['--k8s-server-address', '--k8s-config'];

/** `vic` with answers about flags kept in `folder`. A flag that is missing there is asked for again: a wrapper may start another binary by now. */
export function rememberingFlags(vic: VicMachine, folder: string, fs: FileSystem): VicMachine {
  const path = join(folder, 'flags.json');
  const flags = async (command: BinaryCommand, context: RunContext): Promise<ReadonlySet<string>> => {
    const stamp = await stampOf(vic.binary, fs);
    const known = (await read(path, fs)).find((entry) => entry.binary === vic.binary && entry.stamp === stamp)?.flags[command];
    const complete = known !== undefined && (command !== 'create' || KUBERNETES.every((flag) => known.includes(flag)));
    return complete ? new Set(known) : await ask(command, context, stamp);
  };
  const ask = async (command: BinaryCommand, context: RunContext, stamp: string): Promise<ReadonlySet<string>> => {
    const found = await vic.flags(command, context);
    if (found.size > 0) await remember(path, { binary: vic.binary, stamp, flags: { [command]: [...found] } }, fs);
    return found;
  };
  return { ...vic, flags, createFlags: (context) => flags('create', context) };
}

/** USAGE, before anything is started, for flags that the binary does not know; says which build has them. */
export async function refuseUnknownFlags(vic: VicMachine, command: BinaryCommand, given: Iterable<string>, context: RunContext): Promise<void> {
  const wanted = [...given];
  if (wanted.length === 0) return;
  const known = await vic.flags(command, { ...context, onLine: undefined });
  // A binary that does not tell is given the benefit of the doubt: it refuses by itself, and that is understood.
  if (!credible(command, known)) return;
  const unknown = wanted.filter((flag) => !known.has(flag));
  if (unknown.length === 0) return;
  const version = (await vic.version({ ...context, onLine: undefined }))?.text ?? 'unknown version';
  const hints = [...new Set(unknown.map((flag) => buildWith(flag, command)).filter((hint) => hint !== undefined))];
  throw new VickError('USAGE', `${vic.binary} (${version}) has no ${unknown.join(', ')} for ${command}`, {
    hint: hints.length > 0 ? hints.join(' ') : `See what it knows with: ${vic.binary} ${command} --help`,
  });
}

/** A list that is none of this command's says nothing: every command takes a target, and only create makes networks. */
function credible(command: BinaryCommand, known: ReadonlySet<string>): boolean {
  return known.has('--target') && (command === 'create' || !known.has('--bridge-network'));
}

/** Which builds have a flag that not all have (vmware/vic releases 1.5.x and branch feature/wolfpack). */
function buildWith(flag: string, command: BinaryCommand): string | undefined {
  if (KUBERNETES.includes(flag)) {
    return command === 'create'
      ? 'The Kubernetes options need a build of the branch feature/wolfpack (v1.5.0-dev).'
      : 'The Kubernetes settings of a VCH are made by create and cannot be changed afterwards: delete it and create it again.';
  }
  const released = [
    '--containers',
    '--storage-quota',
    '--sq',
    '--no-proxy',
    ...(command === 'create' ? ['--bridge-network-width', '--bnw'] : ['--syslog-address']),
  ];
  return released.includes(flag) ? `${flag} needs a release of vic-machine 1.5 (v1.5.1 or later), which has no Kubernetes options.` : undefined;
}

async function stampOf(binary: string, fs: FileSystem): Promise<string> {
  const info = await fs.info(binary);
  return info === undefined ? '' : `${info.size}/${info.modifiedAt}`;
}

async function remember(path: string, entry: Remembered, fs: FileSystem): Promise<void> {
  const before = await read(path, fs);
  const same = before.find((other) => other.binary === entry.binary && other.stamp === entry.stamp);
  const others = before.filter((other) => other.binary !== entry.binary).slice(-9);
  const merged = { ...entry, flags: { ...same?.flags, ...entry.flags } };
  try {
    await fs.writeFile(path, `${JSON.stringify([...others, merged])}\n`, { mode: 0o600 });
  } catch {
    // It is only asked again next time.
  }
}

/** What is remembered; nothing for a file that is absent or holds something else. */
async function read(path: string, fs: FileSystem): Promise<readonly Remembered[]> {
  try {
    const parsed: unknown = JSON.parse((await fs.readTextIfExists(path)) ?? '[]');
    return Array.isArray(parsed) ? parsed.filter(isRemembered) : [];
  } catch {
    return [];
  }
}

function isRemembered(value: unknown): value is Remembered {
  const entry = value as Partial<Remembered> | null;
  if (typeof entry !== 'object' || entry === null || typeof entry.binary !== 'string' || typeof entry.stamp !== 'string') return false;
  const lists: readonly unknown[] = Object.values(entry.flags ?? {});
  return lists.every((flags) => Array.isArray(flags) && flags.every((flag) => typeof flag === 'string'));
}
