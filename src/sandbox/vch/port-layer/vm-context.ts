/** What a container VM is given, and what its port layer does when it changes. */
import type { Clock } from '../../../platform/clock.ts';
import type { FileSystem } from '../../../platform/fs.ts';
import type { Engine } from '../../engines/port.ts';
import type { VmLog } from './vm-log.ts';
import type { Vm } from './vm.ts';

export type VmState = 'Created' | 'Starting' | 'Running' | 'Stopping' | 'Stopped';

export interface VmContext {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly fs: FileSystem;
  readonly directory: string;
  readonly log: VmLog;
  /** How long this VM boots, ms. */
  readonly bootMs: number;
  /** How long a guest takes to switch off once everything in it has ended, ms. */
  readonly haltMs: number;
  /** The VM switched itself off, or was switched off hard. `requested`: by a stop. */
  readonly poweredOff: (vm: Vm, requested: boolean) => void;
  readonly poweredOn: (vm: Vm) => void;
  /** The guest is up and reports its addresses: `address`, where the engine has one for it. */
  readonly booted: (vm: Vm, address: string | undefined) => void;
  /** The change version moved. */
  readonly changed: () => void;
  /** Whether exec tasks are still known after a power-off. A real VM forgets them. */
  readonly keepExecs: boolean;
}
