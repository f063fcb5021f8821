/** The block of addresses that create, inspect and debug print at their end (vmware/vic lib/install/management/inspect.go). */
import { messagesAt, type OutputLine } from './log-line.ts';

export interface VchAddresses {
  /** Managed object id without its type: `vm-29`. */
  readonly id: string | undefined;
  readonly adminPortal: string | undefined;
  readonly publishedAddress: string | undefined;
  readonly managementAddress: string | undefined;
  /** DOCKER_HOST and, by TLS mode, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH. */
  readonly dockerEnv: Readonly<Record<string, string>>;
  readonly dockerCommand: string | undefined;
}

/** Reads the block by its labels: a value is the next message that is not empty. */
export function parseAddresses(lines: readonly OutputLine[]): VchAddresses {
  const messages = lines.flatMap((line) => (line.kind === 'log' && line.level === 'info' ? [line.message.trim()] : []));
  const after = (label: string): string | undefined => {
    const at = messages.lastIndexOf(label);
    return at < 0 ? undefined : messages.slice(at + 1).find((message) => message !== '');
  };
  return {
    id: vchId(messages),
    adminPortal: after('VCH Admin Portal:'),
    publishedAddress: after('Published ports can be reached at:'),
    managementAddress: after('Management traffic will use:'),
    dockerEnv: parseEnvironment(after('Docker environment variables:') ?? ''),
    dockerCommand: after('Connect to docker:'),
  };
}

/** How debug says to log in. */
export function parseSsh(lines: readonly OutputLine[]): string | undefined {
  return messagesAt(lines, ['info'])
    .map((message) => message.trim())
    .findLast((message) => /^ssh \S+@\S+$/.test(message));
}

/** `VCH ID: vm-29` (create, inspect) and `VCH ID: VirtualMachine:vm-29` (delete, debug, configure, upgrade). */
function vchId(messages: readonly string[]): string | undefined {
  const ids = messages.flatMap((message) => /^VCH ID: (?:VirtualMachine:)?(\S+)$/.exec(message)?.[1] ?? []);
  return ids.at(-1);
}

/** `A=1 B=/a folder/x C=2`: values are not quoted, so a variable ends where the next one begins. */
function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const parts = text.split(/ (?=[A-Z][A-Z0-9_]*=)/);
  return Object.fromEntries(
    parts.flatMap((part): [string, string][] => {
      const found = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(part);
      return found?.[1] === undefined ? [] : [[found[1], found[2] ?? '']];
    }),
  );
}
