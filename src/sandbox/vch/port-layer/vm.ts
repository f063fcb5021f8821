/** A container VM: its power, its sessions, and the rules by which it starts, stops and switches itself off. */
import { constants } from 'node:os';
import type { Machine } from '../../engines/port.ts';
import { signalNumber } from '../signal-number.ts';
import { failed } from './replies.ts';
import type { Snapshot } from './handles.ts';
import type { Session } from './session.ts';
import type { VmConfig } from './vm-config.ts';
import { VmDisks } from './vm-disks.ts';
import { VmSessions } from './vm-sessions.ts';
import type { VmContext, VmState } from './vm-context.ts';
import type { LastLife } from './vm-store.ts';

/** How long a start waits for the primary's launch, and signal 9 for the power-off, ms. */
const LAUNCH_WAIT_MS = 180_000;
const KILL_WAIT_MS = 10_000;
const DEFAULT_STOP_WAIT_S = 10;

interface Life {
  readonly end: AbortController;
  readonly machine: Machine;
  readonly off: Promise<void>;
  readonly setOff: () => void;
  ending: boolean;
}

export class Vm {
  config: VmConfig;
  readonly createTime: number;
  /** Moves with every change that a handle could miss. */
  version = 1;
  /** Addresses that the guest reported, by scope. */
  readonly addresses = new Map<string, string>();
  readonly sessions: VmSessions;
  readonly disks: VmDisks;
  everStarted = false;
  /** Whether a commit ever carried a network bind. */
  everBound = false;
  /** Set by a requested stop: when it was asked for (ms). */
  stopRequestedAt: number | undefined;
  startedAt = 0;
  readonly context: VmContext;
  private life: Life | undefined;
  private stopping = false;
  private changes: (() => void)[] = [];
  private claimedStop: number | undefined;

  constructor(context: VmContext, config: VmConfig, createTime: number) {
    this.context = context;
    this.config = config;
    this.createTime = createTime;
    const { clock, log } = context;
    this.disks = new VmDisks(context.fs, context.directory);
    const changed = (): void => {
      this.touch();
      if (this.life !== undefined) this.settle(this.life);
    };
    this.sessions = new VmSessions({ clock, log, changed });
  }

  get id(): string {
    return this.config.id;
  }

  get poweredOn(): boolean {
    return this.life !== undefined;
  }

  get primary(): Session | undefined {
    return this.sessions.tasks.get(this.id);
  }

  get machine(): Machine | undefined {
    return this.life?.machine;
  }

  get state(): VmState {
    if (this.life === undefined) return this.everStarted ? 'Stopped' : 'Created';
    if (this.stopping) return 'Stopping';
    return this.sessions.allLaunched ? 'Running' : 'Starting';
  }

  snapshot(): Snapshot {
    return { config: this.config, version: this.version, state: this.state, poweredOn: this.poweredOn, taskStates: this.sessions.states() };
  }

  /** Takes over a committed configuration and launches the exec tasks that it brings. */
  reconfigure(config: VmConfig): void {
    this.config = config;
    this.touch();
    const life = this.life;
    if (life === undefined) return;
    const fresh = this.sessions.reconcile(config.execs);
    if (this.state === 'Running') for (const session of fresh) void this.run(life, session);
  }

  /** Switches on and waits for the primary's launch. Throws the 503 of a failed start; the reason is its message. */
  async start(): Promise<void> {
    if (this.life !== undefined) return;
    const life = this.powerOn();
    const launched = this.boot(life);
    await Promise.race([launched, life.off, this.context.clock.sleep(LAUNCH_WAIT_MS, life.end.signal).catch(() => undefined)]);
    const status = this.primary?.status ?? 'true';
    if (status === '') {
      throw failed(
        503,
        `unable to wait for process launch status: ${life.end.signal.aborted ? 'container VM has unexpectedly powered off' : 'context deadline exceeded'}`,
      );
    }
    if (status !== 'true') {
      await life.off;
      throw failed(503, status);
    }
  }

  /** Stop signal to the primary, patience, KILL, patience, then off hard. `waitSeconds` ≤ 0 or absent: 10. */
  async stop(waitSeconds: number | undefined): Promise<void> {
    const life = this.life;
    if (life === undefined) return;
    this.stopping = true;
    this.stopRequestedAt = this.context.clock.now();
    const patience = (waitSeconds === undefined || waitSeconds <= 0 ? DEFAULT_STOP_WAIT_S : waitSeconds) * 1000;
    const { stopSignal = '' } = this.primary?.task ?? {};
    for (const signal of [signalNumber(stopSignal === '' ? 'TERM' : stopSignal), constants.signals.SIGKILL]) {
      if (signal !== undefined && this.primary?.running === true) this.primary.signal(signal);
      await Promise.race([life.off, this.context.clock.sleep(patience, life.end.signal).catch(() => undefined)]);
      if (this.life !== life || life.ending) break;
    }
    await this.powerOff(life, true);
  }

  /** A signal for the primary. 9 is special: the VM is off when it returns. Throws what the port layer answers. */
  async signal(number: number): Promise<void> {
    const life = this.life;
    if (number === 0 || (number === 9 && life === undefined)) return;
    if (number < 0 || number > 64) throw failed(500, 'invalid argument');
    if (life === undefined) throw failed(500, 'guest operations agent could not be contacted');
    this.primary?.signal(number);
    if (number !== 9) return;
    await Promise.race([life.off, this.context.clock.sleep(KILL_WAIT_MS, life.end.signal).catch(() => undefined)]);
    await this.powerOff(life, false);
  }

  /** Resolves when the VM is off; at once if it is. */
  async waitOff(): Promise<void> {
    await this.life?.off;
  }

  /** Power cut: everything ends now, whatever it was doing. */
  async cut(): Promise<void> {
    if (this.life !== undefined) await this.powerOff(this.life, false);
  }

  /** The version that a stopping handle has after its refresh; of two stops at the same moment only the first gets the newest. */
  stopConflict(version: number): number {
    if (this.claimedStop === this.version) return version;
    this.claimedStop = this.version;
    return this.version;
  }

  /** The state of a VM that was off, or lost its power, when its VCH went down. */
  recover(last: LastLife): void {
    this.everStarted = last.everStarted;
    this.everBound = last.everBound;
    this.startedAt = last.startedAt;
    this.stopRequestedAt = last.stopRequestedAt;
    const task = this.config.tasks.find((one) => one.id === this.id);
    if (last.primary === undefined || task === undefined) return;
    this.sessions.recover(task, last.primary);
  }

  /** Resolves at the next change of anything about this VM. */
  async nextChange(): Promise<void> {
    await new Promise<void>((resolve) => this.changes.push(resolve));
  }

  /** Calls back when the VM begins to switch off; at once when it has begun, or is off. */
  onceEnding(callback: () => void): void {
    if (this.life === undefined || this.life.end.signal.aborted) callback();
    else this.life.end.signal.addEventListener('abort', callback, { once: true });
  }

  touch(): void {
    this.version += 1;
    for (const resolve of this.changes.splice(0)) resolve();
    this.context.changed();
  }

  private powerOn(): Life {
    let setOff: () => void = () => undefined;
    const off = new Promise<void>((resolve) => {
      setOff = resolve;
    });
    const machine = this.context.engine.openMachine({ id: this.id, directory: this.context.directory, hostname: this.config.hostname });
    const life: Life = { end: new AbortController(), machine, off, setOff, ending: false };
    this.life = life;
    this.everStarted = true;
    this.stopping = false;
    this.stopRequestedAt = undefined;
    this.startedAt = this.context.clock.now();
    this.sessions.begin(this.config.tasks);
    this.touch();
    this.context.poweredOn(this);
    return life;
  }

  private async boot(life: Life): Promise<void> {
    let address: string | undefined;
    try {
      await this.disks.mount(this.config.disks);
      life.end.signal.throwIfAborted();
      const [found] = await Promise.all([life.machine.boot?.(this.disks.allWritten), this.context.clock.sleep(this.context.bootMs, life.end.signal)]);
      address = found;
    } catch {
      // Switched off meanwhile, or the engine cannot have it.
      await this.powerOff(life, this.stopping);
      return;
    }
    if (this.life !== life || life.ending) return;
    this.context.booted(this, address);
    // What was asked for while booting goes first: a task that ends at once must not take the VM away before it.
    await Promise.all(
      this.sessions.unlaunchedExecs().map(async (session) => {
        const launched = this.run(life, session);
        if (!session.task.held) await launched;
      }),
    );
    if (life.end.signal.aborted) return;
    const runs = new Map([...this.sessions.tasks].map(([id, session]) => [id, this.run(life, session)] as const));
    await runs.get(this.id);
  }

  private async run(life: Life, session: Session): Promise<void> {
    try {
      await session.launch(life.machine, life.end.signal, (layer) => this.disks.written(layer));
    } finally {
      this.settle(life);
    }
  }

  /** The guest switches off when every session has ended and no exec runs. */
  private settle(life: Life): void {
    if (this.life !== life || life.ending || !this.sessions.allEnded) return;
    if (this.stopping) void this.powerOff(life, true);
    else void this.halt(life);
  }

  /** What has ended can still be seen while the guest goes down. */
  private async halt(life: Life): Promise<void> {
    await this.context.clock.sleep(this.context.haltMs, life.end.signal).catch(() => undefined);
    if (this.life === life && !life.ending && this.sessions.allEnded) await this.powerOff(life, this.stopping);
  }

  private async powerOff(life: Life, requested: boolean): Promise<void> {
    if (life.ending) {
      await life.off;
      return;
    }
    life.ending = true;
    life.end.abort(new Error('powered off'));
    await life.machine.destroy();
    const { keepExecs } = this.context;
    this.sessions.abandon({ keepExecs });
    if (!keepExecs) this.config = { ...this.config, execs: [] };
    this.life = undefined;
    this.stopping = false;
    this.touch();
    life.setOff();
    this.context.poweredOff(this, requested);
  }
}
