import { VickError } from '../../errors/vick-error.ts';
import { KUBELET_FLAGS, type KubeletFlag, type KubeletFlags } from './settings.ts';

const BOOLEANS: ReadonlySet<string> = new Set(['disable-taint', 'persona-tls-insecure', 'engine-tls-insecure']);
const REPEATABLE: ReadonlySet<string> = new Set(['taint', 'label', 'capacity', 'mock']);
/** Given once as a rule. */
const MAY_REPEAT: ReadonlySet<string> = new Set(['nodename']);

/** Switches of virtual-kubelet that have no meaning here: a lease is always kept. */
const IGNORED_SWITCHES: ReadonlySet<string> = new Set(['enable-node-lease']);

/** Options of virtual-kubelet that have no meaning here and a value that must be skipped. */
const IGNORED: ReadonlySet<string> = new Set([
  'metrics-addr',
  'pod-sync-workers',
  'full-resync-period',
  'startup-timeout',
  'trace-exporter',
  'trace-sample-rate',
  'trace-service-name',
  'trace-tag',
  'klog.v',
]);

/** Go's flag syntax as virtual-kubelet reads it: `--name value`, `--name=value`, one dash or two, switches alone. USAGE for anything else. */
export function parseKubeletArgv(argv: readonly string[]): KubeletFlags {
  const flags: Partial<Record<KubeletFlag, string | boolean | readonly string[]>> = {};
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const match = /^--?([a-z][a-z0-9.-]*)(?:=(.*))?$/s.exec(word);
    if (match === null) throw usage(`unexpected argument "${word}"`);
    const [, name = '', inline] = match;
    if (IGNORED_SWITCHES.has(name)) continue;
    if (BOOLEANS.has(name)) {
      flags[name as KubeletFlag] = inline === undefined || ['1', 't', 'true'].includes(inline.toLowerCase());
      continue;
    }
    const known = KUBELET_FLAGS.find((flag) => flag === name);
    if (known === undefined && !IGNORED.has(name)) throw usage(`unknown flag --${name}`);
    const value = inline ?? words.shift();
    if (value === undefined) throw usage(`--${name} needs a value`);
    if (known === undefined) continue;
    const before = flags[known];
    const earlier = typeof before === 'object' ? before : typeof before === 'string' ? [before] : [];
    const list = REPEATABLE.has(known) || (MAY_REPEAT.has(known) && earlier.length > 0);
    flags[known] = list ? [...earlier, value] : value;
  }
  return flags;
}

function usage(message: string): VickError {
  return new VickError('USAGE', `virtual-kubelet: ${message}`, {
    hint: 'The least is: virtual-kubelet --provider vic --kubeconfig FILE --nodename NAME, with PERSONA_ADDR and PORTLAYER_ADDR set.',
  });
}
