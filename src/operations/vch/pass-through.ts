/** Words for vic-machine, from flags that are handed on and from behind `--`. */
import { isAbsolute, resolve } from 'node:path';
import { registerSecret } from '../../errors/redact.ts';
import { VickError } from '../../errors/vick-error.ts';

export interface PassThrough {
  /** The words, with relative paths made absolute: vic-machine runs in another folder. */
  readonly words: readonly string[];
  /** Flags that occur, with two dashes, whatever was typed. */
  readonly flags: ReadonlySet<string>;
  /** Values by long name, aliases resolved; `true` for a switch. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** Short names of vic-machine's flags (vmware/vic cmd/vic-machine). */
const ALIASES: Readonly<Record<string, string>> = {
  ...{ '-i': '--image-store', '--vs': '--volume-store', '--cnc': '--container-name-convention', '-b': '--bridge-network', '--bnr': '--bridge-network-range' },
  ...{ '--pn': '--public-network', '--cln': '--client-network', '--mn': '--management-network', '--cn': '--container-network' },
  ...{ '--cng': '--container-network-gateway', '--cnr': '--container-network-ip-range', '--cnd': '--container-network-dns' },
  ...{ '--cnf': '--container-network-firewall', '--mem': '--memory', '--memr': '--memory-reservation', '--mems': '--memory-shares' },
  ...{ '--cpur': '--cpu-reservation', '--cpus': '--cpu-shares', '--kv': '--no-tlsverify', '-k': '--no-tls', '--ca': '--tls-ca' },
  ...{ '--ksz': '--certificate-key-size', '--rc': '--registry-ca', '--dir': '--insecure-registry', '--wr': '--whitelist-registry' },
  ...{ '-f': '--force', '--ar': '--asymmetric-routes', '-v': '--debug', '--bnw': '--bridge-network-width', '--sq': '--storage-quota' },
  ...{ '--ssh': '--enable-ssh', '--key': '--authorized-key', '--pw': '--rootpw' },
};

const BOOLEANS = new Set([
  ...['--force', '-f', '--ops-grant-perms', '--affinity-vm-group', '--no-tls', '-k', '--no-tlsverify', '--kv', '--asymmetric-routes', '--ar'],
  ...['--enable-ssh', '--ssh', '--rollback', '--reset-progress', '--allow', '--deny'],
]);
const PATHS = new Set(['--tls-server-cert', '--tls-server-key', '--tls-cert-path', '--tls-ca', '--ca', '--registry-ca', '--rc', '--authorized-key', '--key']);

/** Flags that vick decides, and what to use instead. */
const OWN: Readonly<Record<string, string>> = {
  '--target': '--target',
  '-t': '--target',
  '--user': '--user',
  '-u': '--user',
  '--password': 'VICK_PASSWORD',
  '-p': 'VICK_PASSWORD',
  '--thumbprint': '--thumbprint',
  '--name': 'the name after "create vch"',
  '-n': 'the name after "create vch"',
  '--compute-resource': '--compute-resource',
  '-r': '--compute-resource',
  '--k8s-server-address': '--k8s-server-address',
  '--k8s-config': '--kubeconfig',
  '--timeout': '--vic-timeout',
  '--appliance-iso': '--appliance-iso',
  '--ai': '--appliance-iso',
  '--bootstrap-iso': '--bootstrap-iso',
  '--bi': '--bootstrap-iso',
};
/** The same for commands on a VCH that is there; what such a command does not know at all is told by its binary. */
const OWN_ELSEWHERE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(OWN).filter(([flag]) => !flag.startsWith('--k8s-'))),
  ...{ '--name': 'the name after the command', '-n': 'the name after the command', '--id': '--id', '--timeout': '--timeout' },
  ...{ '--reset-progress': '--reset-progress', '--rollback': '--rollback', '--allow': '--allow', '--deny': '--deny' },
};
const NO_WORK = new Set(['--help', '-h', '--extended-help', '-x', '--generate-bash-completion', '--version']);

export interface PassThroughOptions {
  /** False: a password may be missing still. Default true. */
  readonly complete?: boolean;
  /** Of vic-machine. Default `create`. */
  readonly command?: string;
}

/** USAGE for words that vic-machine would misread: a stray word makes it drop every flag after it. */
export function readPassThrough(words: readonly string[], cwd: string, options: PassThroughOptions = {}): PassThrough {
  const result: string[] = [];
  const flags = new Set<string>();
  const values = new Map<string, readonly string[]>();
  const note = (flag: string, value: string): void => {
    const name = ALIASES[flag] ?? flag;
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!/^--?[A-Za-z]/.test(word)) {
      throw usage(
        `${JSON.stringify(word)} after -- is no flag; vic-machine would stop reading there`,
        'Write every word after -- as --flag value or --flag=value.',
      );
    }
    const [typed = '', ...rest] = word.split('=');
    const flag = spelling(typed);
    const inline = rest.length > 0 ? rest.join('=') : undefined;
    refuseOwn(flag, options.command ?? 'create');
    flags.add(flag);
    if (inline === undefined && BOOLEANS.has(flag)) {
      result.push(flag);
      note(flag, 'true');
      continue;
    }
    const value = inline ?? words[(index += 1)];
    if (value === undefined) throw usage(`${flag} after -- has no value`, `Write ${flag} VALUE.`);
    if (flag === '--ops-password' || flag === '--rootpw' || flag === '--pw') registerSecret(value);
    const settled = PATHS.has(flag) && value !== '' && !isAbsolute(value) ? resolve(cwd, value) : value;
    note(flag, settled);
    if (BOOLEANS.has(flag)) result.push(`${flag}=${value}`);
    else result.push(flag, settled);
  }
  if (options.complete !== false && flags.has('--ops-user') && !flags.has('--ops-password')) {
    throw usage('--ops-user comes without a password, and vic-machine could not ask for it', 'Give it in $VICK_OPS_PASSWORD or by --ops-password-file FILE.');
  }
  return { words: result, flags, values };
}

/** Both `-name` and `--name` mean the same to vic-machine. */
function spelling(typed: string): string {
  const name = typed.replace(/^--?/, '');
  return name.length === 1 ? `-${name}` : `--${name}`;
}

function refuseOwn(flag: string, command: string): void {
  if (NO_WORK.has(flag)) {
    throw usage(`${flag} after -- would make vic-machine ${command} do nothing`, `Run vic-machine ${command} --help by hand to see its flags.`);
  }
  const instead = command === 'create' ? OWN[flag] : OWN_ELSEWHERE[flag];
  if (instead !== undefined) throw usage(`${flag} after -- is set by vick itself`, `Use ${instead}.`);
}

function usage(message: string, hint: string): VickError {
  return new VickError('USAGE', message, { hint });
}
