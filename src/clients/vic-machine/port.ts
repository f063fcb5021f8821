/** vic-machine as the rest of vick sees it: typed requests, typed results, failures as VickErrors with `VicFailureDetails`. */
import type { FirewallFlags, InspectFlags } from './argv.ts';
import type { CreatePhase, Remains } from './create-phase.ts';
import type { VchListing } from './ls-table.ts';
import type { VchAddresses } from './result-block.ts';
import type { UpdatePhase, UpdateState } from './update-phase.ts';
import type { VicCommand } from './verdict.ts';
import type { VicVersion } from './version.ts';

/** Where vSphere is and who asks. */
export interface VicTarget {
  /** `[scheme://]host[:port][/datacenter]`, without user and password. */
  readonly target: string;
  readonly user: string | undefined;
  /** Goes to the child by environment only. */
  readonly password: string | undefined;
  /** Upper-case hex pairs with colons; undefined: the certificate must verify. */
  readonly thumbprint: string | undefined;
}

/** Which VCH of a target. `id` wins over `name`. */
export interface VchReference {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly computeResource?: string | undefined;
}

export interface RunContext {
  /** The child's working folder: its log and its certificates are made there. Exists. */
  readonly workingDirectory: string;
  readonly signal?: AbortSignal | undefined;
  /** Outer limit in milliseconds; vic-machine's own --timeout does not cover the whole run. */
  readonly limitMs: number;
  /** The process id of the run, as soon as there is one. */
  readonly onStart?: ((pid: number) => void) | undefined;
  /** Every raw line as it arrives. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** create only: a new phase began. */
  readonly onPhase?: ((phase: CreatePhase) => void) | undefined;
  /** configure and upgrade only: a new phase began. */
  readonly onUpdatePhase?: ((phase: UpdatePhase) => void) | undefined;
  /** A warning or error that vic-machine logged. */
  readonly onMessage?: ((message: string, level: 'warning' | 'error') => void) | undefined;
}

export interface CreateResult {
  readonly addresses: VchAddresses;
  /** What did not come up although the run succeeded. */
  readonly problems: readonly string[];
}

export interface UpdateResult {
  readonly id: string | undefined;
  readonly problems: readonly string[];
}

export interface DebugResult {
  readonly addresses: VchAddresses;
  /** `ssh root@192.0.2.10`. */
  readonly ssh: string | undefined;
  readonly problems: readonly string[];
}

export interface FirewallResult {
  /** Inventory paths of the hosts whose rule set was switched. */
  readonly hosts: readonly string[];
  readonly problems: readonly string[];
}

export interface InspectResult {
  readonly addresses: VchAddresses;
  readonly version: VicVersion | undefined;
  readonly installerVersion: VicVersion | undefined;
  /** `Installer has same version as VCH`, `Upgrade available` … */
  readonly upgradeStatus: readonly string[];
  readonly problems: readonly string[];
}

export interface DeleteResult {
  readonly id: string | undefined;
  readonly problems: readonly string[];
  /** Volume stores that vic-machine says it kept. */
  readonly keptVolumeStores: readonly string[];
}

/** `details` of a failure of vic-machine. */
export interface VicFailureDetails extends Record<string, unknown> {
  /** The command line, redacted. */
  readonly command: string;
  readonly exitCode: number | undefined;
  readonly issues: readonly string[];
  readonly suggestions: Readonly<Record<string, readonly string[]>>;
  readonly log: string;
  /** Thumbprint that vic-machine saw, when it did not trust the certificate. */
  readonly thumbprint?: string;
  /** create only. */
  readonly phase?: CreatePhase;
  readonly remains?: Remains;
  /** configure and upgrade only: how the VCH was left. */
  readonly state?: UpdateState;
}

export interface VicMachine {
  /** Absolute path of the binary. */
  readonly binary: string;
  version(context: RunContext): Promise<VicVersion | undefined>;
  /** Every flag and alias of `create` with its dashes, hidden ones included. */
  createFlags(context: RunContext): Promise<ReadonlySet<string>>;
  /** Runs `create` with words of `createArgv`. */
  create(argv: readonly string[], target: VicTarget, context: RunContext): Promise<CreateResult>;
  /** Every flag and alias of a command with its dashes; hidden ones as far as the binary tells. Empty: it does not tell. */
  flags(command: BinaryCommand, context: RunContext): Promise<ReadonlySet<string>>;
  list(
    target: VicTarget,
    options: { readonly computeResource?: string | undefined; readonly timeoutMs?: number | undefined; readonly extra?: readonly string[] },
    context: RunContext,
  ): Promise<readonly VchListing[]>;
  inspect(target: VicTarget, vch: VchReference, context: RunContext, options?: InspectFlags): Promise<InspectResult>;
  /** Values of the create flags that would rebuild the VCH: `volume-store` → ["ds://…:default"]. */
  inspectConfig(target: VicTarget, vch: VchReference, context: RunContext, options?: InspectFlags): Promise<Readonly<Record<string, readonly string[]>>>;
  delete(target: VicTarget, vch: VchReference, options: { readonly force: boolean; readonly timeoutMs: number }, context: RunContext): Promise<DeleteResult>;
  /** `words`: flags of configure. The VCH restarts even when nothing changes. */
  configure(target: VicTarget, vch: VchReference, options: UpdateOptions, context: RunContext): Promise<UpdateResult>;
  upgrade(target: VicTarget, vch: VchReference, options: UpdateOptions, context: RunContext): Promise<UpdateResult>;
  /** Switches SSH on in the endpoint VM, whatever `words` say. */
  debug(target: VicTarget, vch: VchReference, options: Omit<UpdateOptions, 'resetProgress'>, context: RunContext): Promise<DebugResult>;
  updateFirewall(target: VicTarget, options: FirewallFlags, context: RunContext): Promise<FirewallResult>;
}

/** Commands whose flags can be asked for. */
export type BinaryCommand = Exclude<VicCommand, 'reset progress'>;

export interface UpdateOptions {
  readonly words: readonly string[];
  /** vic-machine's own limit. */
  readonly timeoutMs: number;
  /** `words` hold --reset-progress: the flag is cleared and nothing else is done. */
  readonly resetProgress?: boolean;
}
