/** The sessions of a container VM: those of its tasks, made anew at each power-on, and those of commands in the running VM. */
import { constants } from 'node:os';
import type { Clock } from '../../../platform/clock.ts';
import { Session } from './session.ts';
import type { TaskState } from './task-state.ts';
import type { TaskConfig } from './vm-config.ts';
import type { VmLog } from './vm-log.ts';
import type { LastLife } from './vm-store.ts';

export interface VmSessionsOptions {
  readonly clock: Clock;
  readonly log: VmLog;
  /** Something about one of them has changed. */
  readonly changed: () => void;
}

export class VmSessions {
  /** By task id. */
  readonly tasks = new Map<string, Session>();
  readonly execs = new Map<string, Session>();
  private readonly options: VmSessionsOptions;

  constructor(options: VmSessionsOptions) {
    this.options = options;
  }

  get allLaunched(): boolean {
    return [...this.tasks.values()].every((session) => session.status !== '');
  }

  /** Every task has ended and no command runs: a VM without tasks never gets there. */
  get allEnded(): boolean {
    if (this.tasks.size === 0 || [...this.execs.values()].some((session) => session.running)) return false;
    return [...this.tasks.values()].every((session) => session.ended);
  }

  /** For a new life of the VM, with tasks that are to be launched. */
  begin(tasks: readonly TaskConfig[]): void {
    this.tasks.clear();
    // Only one of the tasks is logged: the first that the guest initialises.
    for (const [index, task] of tasks.filter(({ active }) => active).entries()) {
      this.tasks.set(task.id, this.session(task, index === 0 ? this.options.log.sink() : undefined));
    }
  }

  /** What a running VM's configuration brings: the guest ends what is no longer to run. Returns what is to be launched. */
  reconcile(execs: readonly TaskConfig[]): readonly Session[] {
    for (const [id, session] of this.execs) {
      const task = execs.find((one) => one.id === id);
      if (task?.active !== true) session.signal(constants.signals.SIGKILL);
      if (task === undefined) this.execs.delete(id);
    }
    const fresh = execs.filter((task) => task.active && !this.execs.has(task.id) && !this.tasks.has(task.id));
    return fresh.map((task) => {
      const session = this.session(task, undefined, true);
      this.execs.set(task.id, session);
      return session;
    });
  }

  /** Commands that were asked for before the guest was up. */
  unlaunchedExecs(): readonly Session[] {
    return [...this.execs.values()].filter((session) => session.status === '');
  }

  states(): ReadonlyMap<string, TaskState> {
    return new Map([...this.execs, ...this.tasks].map(([id, session]) => [id, session.state] as const));
  }

  stateOf(id: string): TaskState | undefined {
    return (this.execs.get(id) ?? this.tasks.get(id))?.state;
  }

  /** The machine is gone. */
  abandon(options: { readonly keepExecs: boolean }): void {
    for (const session of [...this.tasks.values(), ...this.execs.values()]) session.abandon();
    if (!options.keepExecs) this.execs.clear();
  }

  /** The primary as it ended in a life that was not this process's. */
  recover(task: TaskConfig, { status, exitCode, stopTime }: NonNullable<LastLife['primary']>): void {
    this.tasks.set(task.id, Object.assign(this.session(task, undefined), { status, exitCode, stopTime }));
  }

  private session(task: TaskConfig, log: ((text: Buffer | undefined) => void) | undefined, joins = false): Session {
    return new Session({ task, log, joins, clock: this.options.clock, changed: this.options.changed });
  }
}
