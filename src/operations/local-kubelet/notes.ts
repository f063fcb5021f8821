/** What vick notes of a kubelet that it has started on this machine: `<state>/kubelet/<node>/`. No secrets: files are named, not copied. */
import { join } from 'node:path';
import { stateDirectory, type StateDirectoryInput } from '../../config/state-dir.ts';
import { VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ProcessTable } from '../../platform/runner.ts';
import { isRunning, type ProcessMark } from '../vch/process-mark.ts';

export interface KubeletNotes {
  readonly apiVersion: 'vick.dev/v1alpha1';
  readonly kind: 'LocalKubelet';
  readonly nodeName: string;
  readonly process: ProcessMark;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly version: string;
  readonly argv: readonly string[];
  readonly logFile: string;
  /** As the kubelet was told. */
  readonly cluster: { readonly path: string | undefined; readonly context: string | undefined };
  /** `host:port`; for vick status. */
  readonly services: { readonly portLayer?: string; readonly personality?: string; readonly certificateFolder?: string };
}

export interface KubeletPlace extends StateDirectoryInput {
  readonly fs: FileSystem;
}

export interface KubeletPaths {
  readonly directory: string;
  readonly notes: string;
  readonly pid: string;
  readonly log: string;
  /** What it writes to stdout and stderr: nothing, as a rule. */
  readonly output: string;
}

export function kubeletPaths(place: StateDirectoryInput, nodeName: string): KubeletPaths {
  const directory = join(kubeletsFolder(place), encodeURIComponent(nodeName));
  const at = (name: string): string => join(directory, name);
  return { directory, notes: at('kubelet.json'), pid: at('kubelet.pid'), log: at('kubelet.log'), output: at('kubelet.out') };
}

/** Undefined when vick has started none, or has stopped it. */
export async function readNotes(place: KubeletPlace, nodeName: string): Promise<KubeletNotes | undefined> {
  return parse(await place.fs.readTextIfExists(kubeletPaths(place, nodeName).notes));
}

export async function everyNotes(place: KubeletPlace): Promise<readonly KubeletNotes[]> {
  const folder = kubeletsFolder(place);
  if ((await place.fs.info(folder)) === undefined) return [];
  const names = (await place.fs.list(folder)).toSorted();
  const found = await Promise.all(names.map(async (name) => parse(await place.fs.readTextIfExists(join(folder, name, 'kubelet.json')))));
  return found.filter((notes) => notes !== undefined);
}

export async function writeNotes(place: KubeletPlace, notes: KubeletNotes): Promise<void> {
  const paths = kubeletPaths(place, notes.nodeName);
  await place.fs.writeFile(paths.pid, `${notes.process.pid}\n`, { mode: 0o600 });
  await place.fs.writeFile(paths.notes, `${JSON.stringify(notes, null, 2)}\n`, { mode: 0o600, durable: true });
}

/** Its log stays, for who wants to know why it ended. */
export async function removeNotes(place: KubeletPlace, nodeName: string): Promise<void> {
  const paths = kubeletPaths(place, nodeName);
  await place.fs.remove(paths.notes);
  await place.fs.remove(paths.pid);
}

export function isAlive(notes: KubeletNotes, deps: { readonly fs: FileSystem; readonly processes: ProcessTable }): Promise<boolean> {
  return isRunning(notes.process, deps.processes, deps.fs);
}

/** The kubelet of a node or VCH by name; without a name the only one there is. KUBELET_NOT_RUNNING, or USAGE where it is not clear which. */
export async function chooseKubelet(name: string | undefined, place: KubeletPlace): Promise<KubeletNotes> {
  const all = await everyNotes(place);
  if (name === undefined) {
    const [only, ...others] = all;
    if (only === undefined) throw notRunning('no kubelet that vick has started runs on this machine');
    if (others.length === 0) return only;
    throw new VickError('USAGE', `there are several kubelets: ${all.map(({ nodeName }) => nodeName).join(', ')}`, { hint: 'Name one of them, or give --all.' });
  }
  const bare = name.replace(/^(?:node|vch)\//, '');
  const found = all.find(({ nodeName }) => nodeName === bare) ?? all.find(({ nodeName }) => nodeName === `kubelet-${bare}`);
  if (found !== undefined) return found;
  throw notRunning(`vick has started no kubelet for ${bare} on this machine`);
}

function notRunning(message: string): VickError {
  return new VickError('KUBELET_NOT_RUNNING', message, { hint: 'See what runs with: vick kubelet status' });
}

function kubeletsFolder(place: StateDirectoryInput): string {
  return join(stateDirectory(place), 'kubelet');
}

/** A file that was cut short or written by hand says nothing. */
function parse(text: string | undefined): KubeletNotes | undefined {
  try {
    const notes = JSON.parse(text ?? 'null') as Partial<KubeletNotes> | null;
    return notes?.kind === 'LocalKubelet' && typeof notes.nodeName === 'string' && typeof notes.process?.pid === 'number' ? (notes as KubeletNotes) : undefined;
  } catch {
    return undefined;
  }
}
