/** Everything about the options of create and configure that can be judged without vSphere, before vic-machine starts. */
import { VickError } from '../../../errors/vick-error.ts';
import { containerNetworkProblems } from './container-network-rules.ts';
import { networkProblems } from './network-rules.ts';
import { isOn, valueOf, valuesOf, type VicOptions } from './options.ts';
import { storageProblems } from './storage-rules.ts';

/** USAGE with every problem at once. `command`: `create vch web`. */
export function checkOptions(options: VicOptions, command: string, settings: { readonly strictProxies: boolean } = { strictProxies: true }): void {
  const problems = optionProblems(options, settings);
  const [first] = problems;
  if (first === undefined) return;
  const hint = `See 'vick ${command.split(' ').slice(0, 2).join(' ')} --help'.`;
  if (problems.length === 1) throw new VickError('USAGE', first, { hint, details: { problems } });
  throw new VickError('USAGE', ['several options are not valid', ...problems.map((problem) => `  ${problem}`)].join('\n'), { hint, details: { problems } });
}

/** What vic-machine would refuse, or notice too late, in our words. */
export function optionProblems(options: VicOptions, { strictProxies }: { readonly strictProxies: boolean }): readonly string[] {
  return [
    ...storageProblems(options),
    ...networkProblems(options),
    ...containerNetworkProblems(options),
    ...resourceProblems(options),
    ...identityProblems(options),
    ...proxyProblems(options, strictProxies),
    ...registryProblems(options),
    ...syslogProblems(options),
    ...nameProblems(options),
  ];
}

const WHOLE = [
  ...['--memory', '--memory-reservation', '--cpu', '--cpu-reservation', '--endpoint-memory', '--endpoint-cpu', '--certificate-key-size'],
  ...['--debug', '--containers', '--storage-quota', '--bridge-network-width'],
];

function resourceProblems(options: VicOptions): readonly string[] {
  const whole = WHOLE.flatMap((flag) => {
    const value = valueOf(options, flag);
    if (value === undefined || /^\d+$/.test(value)) return [];
    const unit = flag.includes('memory') ? ' of MB, without a unit' : flag.startsWith('--cpu') ? ' of MHz, without a unit' : '';
    return [`${flag} ${JSON.stringify(value)} is no whole number${unit}`];
  });
  const shares = ['--memory-shares', '--cpu-shares'].flatMap((flag) => {
    const value = valueOf(options, flag);
    return value === undefined || /^(?:high|normal|low|\d+)$/i.test(value) ? [] : [`${flag} ${JSON.stringify(value)} is none of high, normal, low or a number`];
  });
  const above = (['memory', 'cpu'] as const).flatMap((kind) => {
    const [limit, reserved] = [Number(valueOf(options, `--${kind}`)), Number(valueOf(options, `--${kind}-reservation`))];
    return limit > 0 && reserved > limit ? [`--${kind}-reservation ${reserved} is above --${kind} ${limit}`] : [];
  });
  return [...whole, ...shares, ...above];
}

function identityProblems(options: VicOptions): readonly string[] {
  const user = valueOf(options, '--ops-user');
  const missing = (flag: string): readonly string[] => (user === undefined && options.has(flag) && isOn(options, flag) ? [`${flag} needs --ops-user`] : []);
  const [certificate, key] = [valueOf(options, '--tls-server-cert'), valueOf(options, '--tls-server-key')];
  return [
    ...missing('--ops-password'),
    ...missing('--ops-grant-perms'),
    ...((certificate === undefined) === (key === undefined) ? [] : ['--tls-server-cert and --tls-server-key go together']),
    ...(isOn(options, '--no-tls') && certificate !== undefined ? ['--no-tls excludes --tls-server-cert'] : []),
  ];
}

function proxyProblems(options: VicOptions, strict: boolean): readonly string[] {
  return (['http', 'https'] as const).flatMap((scheme) => {
    const value = valueOf(options, `--${scheme}-proxy`);
    if (value === undefined || value === '') return [];
    const pattern = strict ? new RegExp(`^${scheme}://[^/:\\s]+(?::\\d+)?/?$`) : /^https?:\/\/[^/:\s]+(?::\d+)?\/?$/;
    const form = strict ? `${scheme}://host:port` : 'http://host:port or https://host:port';
    return pattern.test(value.replace(/^(https?:\/\/)[^@/]*@/, '$1')) ? [] : [`--${scheme}-proxy is not of the form ${form}`];
  });
}

function registryProblems(options: VicOptions): readonly string[] {
  return valuesOf(options, '--insecure-registry').flatMap((entry) => {
    if (/^[\d.]+\/\d+$|^[\da-f:]+\/\d+$/i.test(entry)) return [`--insecure-registry ${JSON.stringify(entry)} is a network; only hosts and URLs are taken`];
    return entry === '' || /\s/.test(entry) ? [`--insecure-registry ${JSON.stringify(entry)} is no host[:port] or URL`] : [];
  });
}

function syslogProblems(options: VicOptions): readonly string[] {
  const value = valueOf(options, '--syslog-address');
  if (value === undefined || value === '' || /^(?:udp|tcp):\/\/(?:\[[\da-f:.]+\]|[^/:\s]+)(?::\d+)?\/?$/i.test(value)) return [];
  return [`--syslog-address ${JSON.stringify(value)} is not of the form udp://host[:port] or tcp://host[:port]`];
}

function nameProblems(options: VicOptions): readonly string[] {
  const convention = valueOf(options, '--container-name-convention');
  if (convention === undefined || convention === '' || /\{(?:name|id)\}/.test(convention)) return [];
  return [`--container-name-convention ${JSON.stringify(convention)} holds neither {name} nor {id}`];
}
