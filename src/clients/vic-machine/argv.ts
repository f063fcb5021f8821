/**
 * Command lines of vic-machine, as pure data. The password and the thumbprint go by environment, where vic-machine reads
 * them (vmware/vic cmd/vic-machine/common/target.go); arguments can be seen in the process list.
 */
import type { VchReference, VicTarget } from './port.ts';

export interface CreateFlags {
  readonly name: string;
  readonly computeResource?: string | undefined;
  readonly imageStore?: string | undefined;
  readonly bridgeNetwork?: string | undefined;
  readonly publicNetwork?: string | undefined;
  readonly clientNetwork?: string | undefined;
  readonly managementNetwork?: string | undefined;
  readonly volumeStores?: readonly string[];
  readonly tls?: CreateTls | undefined;
  readonly memoryMiB?: number | undefined;
  readonly cpuMHz?: number | undefined;
  readonly applianceIso?: string | undefined;
  readonly bootstrapIso?: string | undefined;
  readonly kubernetes?: { readonly serverAddress: string; readonly configFile: string } | undefined;
  /** Limit of the wait after power-on, milliseconds. */
  readonly timeoutMs: number;
  /** Further flags, word by word. */
  readonly extra?: readonly string[];
}

export type CreateTls = { readonly mode: 'verify'; readonly cname: string | undefined } | { readonly mode: 'no-verify' } | { readonly mode: 'none' };

export function createArgv(target: VicTarget, flags: CreateFlags): readonly string[] {
  return [
    'create',
    ...targetFlags(target),
    ...flag('--name', flags.name),
    ...flag('--compute-resource', flags.computeResource),
    ...flag('--image-store', flags.imageStore),
    ...flag('--bridge-network', flags.bridgeNetwork),
    ...flag('--public-network', flags.publicNetwork),
    ...flag('--client-network', flags.clientNetwork),
    ...flag('--management-network', flags.managementNetwork),
    ...(flags.volumeStores ?? []).flatMap((store) => flag('--volume-store', store)),
    ...tlsFlags(flags.tls),
    ...flag('--memory', flags.memoryMiB),
    ...flag('--cpu', flags.cpuMHz),
    ...flag('--appliance-iso', flags.applianceIso),
    ...flag('--bootstrap-iso', flags.bootstrapIso),
    ...flag('--k8s-server-address', flags.kubernetes?.serverAddress),
    ...flag('--k8s-config', flags.kubernetes?.configFile),
    ...flag('--timeout', goDuration(flags.timeoutMs)),
    // Last: a word that is no flag ends vic-machine's flag parsing, and everything after it is lost.
    ...(flags.extra ?? []),
  ];
}

export function listArgv(
  target: VicTarget,
  options: { readonly computeResource?: string | undefined; readonly timeoutMs?: number | undefined; readonly extra?: readonly string[] },
): readonly string[] {
  return ['ls', ...targetFlags(target), ...flag('--compute-resource', options.computeResource), ...timeout(options.timeoutMs), ...(options.extra ?? [])];
}

export function inspectArgv(target: VicTarget, vch: VchReference, options: InspectFlags = {}): readonly string[] {
  return ['inspect', ...targetFlags(target), ...referenceFlags(vch), ...inspectFlags(options)];
}

export function inspectConfigArgv(target: VicTarget, vch: VchReference, options: InspectFlags = {}): readonly string[] {
  return ['inspect', 'config', ...targetFlags(target), ...referenceFlags(vch), ...inspectFlags(options)];
}

/** configure, upgrade and debug: which VCH, the limit, then the flags in `words`. */
export function vchCommandArgv(
  command: 'configure' | 'upgrade' | 'debug',
  target: VicTarget,
  vch: VchReference,
  options: { readonly timeoutMs: number; readonly words: readonly string[] },
): readonly string[] {
  return [command, ...targetFlags(target), ...referenceFlags(vch), ...timeout(options.timeoutMs), ...options.words];
}

export function updateFirewallArgv(target: VicTarget, options: FirewallFlags): readonly string[] {
  return [
    ...['update', 'firewall', ...targetFlags(target)],
    ...flag('--compute-resource', options.computeResource),
    options.allow ? '--allow' : '--deny',
    ...timeout(options.timeoutMs),
    ...(options.extra ?? []),
  ];
}

export interface InspectFlags {
  readonly certificateFolder?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly extra?: readonly string[];
}

export interface FirewallFlags {
  readonly computeResource?: string | undefined;
  readonly allow: boolean;
  readonly timeoutMs: number;
  readonly extra?: readonly string[];
}

export function deleteArgv(target: VicTarget, vch: VchReference, options: { readonly force: boolean; readonly timeoutMs: number }): readonly string[] {
  return ['delete', ...targetFlags(target), ...referenceFlags(vch), ...(options.force ? ['--force'] : []), '--timeout', goDuration(options.timeoutMs)];
}

/** What the child gets by environment besides its own: the only four variables vic-machine reads are decided here. */
export function targetEnvironment(target: VicTarget): Readonly<Record<string, string>> {
  return {
    // An empty password is a password; a missing one would make vic-machine prompt and then go on with an empty one.
    VIC_MACHINE_PASSWORD: target.password ?? '',
    ...(target.thumbprint === undefined ? {} : { VIC_MACHINE_THUMBPRINT: target.thumbprint }),
  };
}

/** Milliseconds as Go's time.ParseDuration reads them; it refuses a number without a unit. */
export function goDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return (
    parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join('') || '0s'
  );
}

function inspectFlags({ certificateFolder, timeoutMs, extra = [] }: InspectFlags): readonly string[] {
  return [...flag('--tls-cert-path', certificateFolder), ...timeout(timeoutMs), ...extra];
}

function timeout(ms: number | undefined): readonly string[] {
  return ms === undefined ? [] : ['--timeout', goDuration(ms)];
}

function targetFlags(target: VicTarget): readonly string[] {
  return [...flag('--target', target.target), ...flag('--user', target.user)];
}

function referenceFlags(vch: VchReference): readonly string[] {
  if (vch.id !== undefined) return flag('--id', vch.id);
  return [...flag('--name', vch.name), ...flag('--compute-resource', vch.computeResource)];
}

function tlsFlags(tls: CreateTls | undefined): readonly string[] {
  if (tls === undefined) return [];
  if (tls.mode === 'none') return ['--no-tls'];
  return tls.mode === 'no-verify' ? ['--no-tlsverify'] : flag('--tls-cname', tls.cname);
}

/** Empty values are left out: some of them pass vic-machine's checks and then mean something else. */
function flag(name: string, value: string | number | undefined): readonly string[] {
  return value === undefined || value === '' ? [] : [name, String(value)];
}
