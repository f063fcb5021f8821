/** Handles: snapshots of a container VM's configuration with changes stacked on them, committed once. */
import type { Random } from '../../../platform/random.ts';
import { failed } from './replies.ts';
import type { Change, VmConfig } from './vm-config.ts';
import type { TaskState } from './task-state.ts';

/** A port layer keeps no more. */
export const HANDLE_LIMIT = 1000;

/** What is known of the VM at the moment the handle was taken; absent for a VM that does not exist yet. */
export interface Snapshot {
  readonly config: VmConfig;
  /** The VM's change version: a commit of a handle with another one is a conflict. */
  readonly version: number;
  readonly state: string;
  readonly poweredOn: boolean;
  readonly taskStates: ReadonlyMap<string, TaskState>;
}

export interface Handle {
  readonly key: string;
  readonly id: string;
  readonly base: Snapshot | undefined;
  /** Configuration with the changes applied. */
  config: VmConfig;
  changes: Change[];
  target: 'RUNNING' | 'STOPPED' | 'CREATED' | undefined;
}

/** Least recently used handles fall out when there are more than HANDLE_LIMIT. */
export class Handles {
  private readonly random: Random;
  private readonly entries = new Map<string, Handle>();

  constructor(random: Random) {
    this.random = random;
  }

  create(config: VmConfig, base: Snapshot | undefined): Handle {
    const handle: Handle = { key: this.random.hex(16), id: config.id, base, config, changes: [], target: undefined };
    this.entries.set(handle.key, handle);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= HANDLE_LIMIT) break;
      this.entries.delete(oldest);
    }
    return handle;
  }

  find(key: unknown): Handle | undefined {
    const handle = typeof key === 'string' ? this.entries.get(key) : undefined;
    if (handle !== undefined) {
      this.entries.delete(handle.key);
      this.entries.set(handle.key, handle);
    }
    return handle;
  }

  drop(key: string): void {
    this.entries.delete(key);
  }

  /** For task, image, interaction and logging operations: unknown handles are 500 there. */
  need(key: unknown): Handle {
    const handle = this.find(key);
    if (handle === undefined) throw failed(500, 'Failed to get the Handle');
    return handle;
  }

  /** For container and scope operations: 404. */
  needContainer(key: unknown): Handle {
    const handle = this.find(key);
    if (handle === undefined) throw failed(404, 'container not found');
    return handle;
  }
}

/** Stacks a change on a handle. */
export function modify(handle: Handle, change: Change): void {
  handle.changes.push(change);
  handle.config = change(handle.config);
}
