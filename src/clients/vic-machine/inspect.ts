/** What `vic-machine inspect` and `inspect config` print (vmware/vic cmd/vic-machine/inspect). */
import type { OutputLine } from './log-line.ts';
import { parseAddresses, type VchAddresses } from './result-block.ts';
import { parseVersion, type VicVersion } from './version.ts';

export interface Inspection {
  readonly addresses: VchAddresses;
  readonly version: VicVersion | undefined;
  readonly installerVersion: VicVersion | undefined;
  readonly upgradeStatus: readonly string[];
}

const STATUS =
  /^(?:Installer has (?:same|older) version (?:as|than) VCH|No upgrade available with this installer version|Upgrade available|Upgrade\/configure in progress)/;

export function parseInspection(lines: readonly OutputLine[]): Inspection {
  const messages = lines.flatMap((line) => (line.kind === 'log' ? [line.message.trim()] : []));
  const value = (label: RegExp): VicVersion | undefined => {
    const text = messages.map((message) => label.exec(message)?.[1]).find((found) => found !== undefined);
    return text === undefined ? undefined : parseVersion(text);
  };
  return {
    addresses: parseAddresses(lines),
    version: value(/^VCH version: (\S+)/),
    installerVersion: value(/^Installer version: (\S+)/),
    upgradeStatus: messages.filter((message) => STATUS.test(message)),
  };
}

/** The options of `inspect config`: exact in its verbose form, which lists one per line; in the raw form as far as it can be taken apart. */
export function parseConfiguration(lines: readonly OutputLine[]): Readonly<Record<string, readonly string[]>> {
  const options: Record<string, string[]> = {};
  for (const line of lines) {
    const text = line.kind === 'log' ? line.message : line.text;
    // Raw: one line without quotes, where the next flag is all that ends a value.
    for (const option of text.split(/\n| (?=--[a-z][a-z0-9-]*=)/)) {
      const found = /^\s*--([a-z][a-z0-9-]*)=(.*)$/.exec(option);
      if (found?.[1] === undefined) continue;
      options[found[1]] = [...(options[found[1]] ?? []), found[2]?.trim() ?? ''];
    }
  }
  return options;
}
