/** Which file has the termination message of a container, and whether what is in it was written by the run that is asked for. Pure. */
import { deltaId } from '../vm/disk-id.ts';
import type { PodContainer } from '../vm/identity.ts';
import type { Look } from '../vm/look.ts';
import { isCurrent } from '../vm/runs.ts';
import type { ObservedState } from '../../../kubelet/provider.ts';
import { diskPath, isOffDisk } from './pod-volumes.ts';

type Exit = Extract<ObservedState, { kind: 'exited' }>;

export interface MessageFile {
  /** As the disk was joined. */
  readonly deviceId: string;
  readonly path: string;
  /** When the run may have written it, by the clock of the guest, which has the time of files in whole seconds. */
  readonly from: number;
  readonly to: number;
}

/** Path of the file from the root of the disk; undefined: none that could be read when the VM is off. */
export function messageFile(terminationMessagePath: string): string | undefined {
  const path = diskPath(terminationMessagePath);
  return path === '' || isOffDisk(path) ? undefined : path;
}

/** Undefined: there is none, or whose it is cannot be told. */
export function fileOfRun({ vm, runs }: Look, { name, layerId, messageFile: path, ...container }: PodContainer, exit: Exit): MessageFile | undefined {
  const { containers } = vm.identity;
  const sharing = containers.filter((other) => other.name !== name && other.layerId === layerId && other.messageFile === path);
  if (path === undefined || sharing.some((other) => runTogether(container.role, other.role))) return undefined;
  const window = windowOf({ vm, runs }, name, exit);
  // The disks were joined in this order.
  const layers = [...new Set(containers.map((other) => other.layerId))];
  return window === undefined ? undefined : { deviceId: deltaId(vm.info.id, layers.indexOf(layerId)), path, ...window };
}

function windowOf({ vm: { info }, runs }: Pick<Look, 'vm' | 'runs'>, name: string, exit: Exit): Pick<MessageFile, 'from' | 'to'> | undefined {
  const task = runs.tasks[name];
  // Of tasks the guest's times are not known. The first run of a container can only be mistaken for what the disk had before.
  if (task !== undefined) return task.before === undefined && task.boot === info.process.startedAt ? { from: task.boot, to: Infinity } : undefined;
  const startedWithVm = isCurrent(runs, info) && runs.group.includes(name);
  if (!startedWithVm && runs.past.findLast(({ group }) => group.includes(name))?.task !== undefined) return undefined;
  return exit.startedAt === undefined ? undefined : { from: exit.startedAt, to: exit.finishedAt };
}

/** Init containers run one after the other, and before the others; sidecars beside all that follow them. */
function runTogether(one: PodContainer['role'], other: PodContainer['role']): boolean {
  return one === 'sidecar' || other === 'sidecar' || (one !== 'init' && other !== 'init');
}
