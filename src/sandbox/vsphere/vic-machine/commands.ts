import type { Build } from './build.ts';
import { isReleased } from './build.ts';

import type { FlagSpec } from './flag-spec.ts';
import { FLAGS, FLAGS_1_5 } from './flags.ts';

export interface CommandSpec {
  readonly name: string;
  readonly usage: string;
  /** Offers -x; and then, and where there are subcommands, lists --help among the options. */
  readonly extendedHelp?: boolean;
  readonly subcommands?: readonly CommandSpec[];
  /** Takes no flags: its help has no options. */
  readonly plain?: boolean;
}

/** The commands of vic-machine (vmware/vic cmd/vic-machine/main.go). */
export const COMMANDS: readonly CommandSpec[] = [
  { name: 'create', usage: 'Deploy VCH', extendedHelp: true },
  { name: 'configure', usage: 'Update VCH configuration', extendedHelp: true },
  { name: 'delete', usage: 'Delete VCH and associated resources' },
  { name: 'ls', usage: 'List VCHs' },
  { name: 'inspect', usage: 'Inspect VCH', subcommands: [{ name: 'inspect config', usage: 'Show VCH configuration options' }] },
  { name: 'upgrade', usage: 'Upgrade VCH to latest version' },
  { name: 'version', usage: 'Show VIC version information', plain: true },
  { name: 'debug', usage: 'Debug VCH' },
  { name: 'update', usage: 'Modify infrastructure configuration', subcommands: [{ name: 'update firewall', usage: 'Modify host firewall' }] },
];

/** Flags of a command in this binary's line. */
export function flagsOf(command: string, build: Build): readonly FlagSpec[] {
  return (isReleased(build) ? FLAGS_1_5[command] : undefined) ?? FLAGS[command] ?? [];
}
