import { VickError } from '../../errors/vick-error.ts';
import { createVch, planVch, type CreatedVch } from '../../operations/vch/create.ts';
import type { CreateVchInput } from '../../operations/vch/create-input.ts';
import { checkVchName } from '../../operations/vch/name.ts';
import { readPassThrough, type PassThrough } from '../../operations/vch/pass-through.ts';
import { describePlan, renderPlan } from '../../operations/vch/plan-create.ts';
import { readServerAddress } from '../../operations/vch/server-address.ts';
import { parseLabelChange } from '../../operations/node/label-spec.ts';
import { parseTaintChange } from '../../operations/node/taint-spec.ts';
import type { Deps } from '../deps.ts';
import type { CommandHandler, CommandInput, Outcome } from '../spec.ts';
import { clusterChoice, isOn, listFlag, nameArg, numberFlag, targetInput, textFlag } from './vch-input.ts';

export const runCreateVch: CommandHandler = async (input, deps, signal) => {
  const dryRun = isOn(input, 'dry-run');
  const request = { input: await decode(input, deps, !dryRun), cluster: clusterChoice(input), vicMachine: textFlag(input, 'vic-machine') };
  if (dryRun) {
    const plan = await planVch(request, deps);
    return { data: describePlan(plan), text: renderPlan(plan), names: [`vch/${plan.name}`] };
  }
  return outcomeOf(await createVch(request, deps, signal), deps);
};

/** Everything that can be judged without asking anybody comes first; the password is asked for last. */
async function decode(input: CommandInput, deps: Deps, password: boolean): Promise<CreateVchInput> {
  const name = nameArg(input);
  checkVchName(name);
  const extra = readPassThrough(input.rest, deps.cwd);
  const address = textFlag(input, 'k8s-server-address');
  const labels = listFlag(input, 'label');
  const taints = listFlag(input, 'taint');
  const decoded = {
    name,
    computeResource: textFlag(input, 'compute-resource'),
    imageStore: textFlag(input, 'image-store'),
    bridgeNetwork: textFlag(input, 'bridge-network'),
    publicNetwork: textFlag(input, 'public-network'),
    clientNetwork: textFlag(input, 'client-network'),
    managementNetwork: textFlag(input, 'management-network'),
    volumeStores: listFlag(input, 'volume-store').map(checkVolumeStore),
    tls: tlsChoice(input, extra),
    memoryMiB: limit(input, 'memory'),
    cpuMHz: limit(input, 'cpu'),
    applianceIso: textFlag(input, 'appliance-iso'),
    bootstrapIso: textFlag(input, 'bootstrap-iso'),
    serverAddress: address === undefined ? undefined : readServerAddress(address),
    allowLoopback: isOn(input, 'allow-loopback'),
    labels: labels.length === 0 ? undefined : onlyAdditions(parseLabelChange(labels), '--label'),
    taints: taints.length === 0 ? undefined : onlyAdditions(parseTaintChange(taints), '--taint'),
    wait: input.flags['wait'] !== false,
    timeoutMs: numberFlag(input, 'timeout') ?? 0,
    vicTimeoutMs: numberFlag(input, 'vic-timeout') ?? 0,
    extra,
  };
  return { ...decoded, target: await targetInput(input, deps, { password }) };
}

/** Further flags that settle what the certificates are for (vmware/vic cmd/vic-machine/common/certificate.go). */
const TLS_EXTRAS = [
  '--tls-cname',
  '--tls-server-cert',
  '--tls-cert-path',
  '--no-tls',
  '-k',
  '--no-tlsverify',
  '--kv',
  '--public-network-ip',
  '--client-network-ip',
];

function tlsChoice(input: CommandInput, extra: PassThrough): CreateVchInput['tls'] {
  const cname = textFlag(input, 'tls-cname');
  const chosen = [cname !== undefined, isOn(input, 'no-tlsverify'), isOn(input, 'no-tls')].filter(Boolean).length;
  if (chosen > 1) throw new VickError('USAGE', '--tls-cname, --no-tlsverify and --no-tls exclude each other', { hint: 'Give one of them.' });
  if (isOn(input, 'no-tls')) return { mode: 'none' };
  if (isOn(input, 'no-tlsverify')) return { mode: 'no-verify' };
  if (cname !== undefined) return { mode: 'verify', cname };
  if (TLS_EXTRAS.some((flag) => extra.flags.has(flag))) return undefined;
  throw new VickError('USAGE', 'how the Docker API is protected is not said', {
    hint: 'Give --tls-cname NAME (clients need a certificate), --no-tlsverify (they need none) or --no-tls.',
  });
}

function onlyAdditions<T extends { readonly remove: readonly unknown[] }>(change: T, flag: string): T {
  if (change.remove.length > 0) {
    throw new VickError('USAGE', `${flag} cannot remove anything from a node that does not exist yet`, { hint: 'Leave the "-" at its end away.' });
  }
  return change;
}

function limit(input: CommandInput, name: string): number | undefined {
  const value = numberFlag(input, name);
  if (value !== undefined && value < 0) throw new VickError('USAGE', `--${name} is negative`, { hint: 'Use 0 for no limit.' });
  return value;
}

function checkVolumeStore(store: string): string {
  if (/^[^:]+(?::\/\/[^:]+(?::\d+)?[^:]*)?:[^:/]+$/.test(store)) return store;
  throw new VickError('USAGE', `--volume-store ${JSON.stringify(store)} has no label`, { hint: 'Write datastore[/path]:label or nfs://host/path:label.' });
}

function outcomeOf(vch: CreatedVch, deps: Pick<Deps, 'reporter'>): Outcome {
  const { addresses } = vch;
  for (const problem of vch.problems) deps.reporter.warn(problem);
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'Vch',
      name: vch.name,
      id: addresses.id ?? null,
      node: { name: vch.node.name, ready: vch.node.ready ?? null },
      endpoints: {
        adminPortal: addresses.adminPortal ?? null,
        published: addresses.publishedAddress ?? null,
        management: addresses.managementAddress ?? null,
        docker: vch.dockerEnv['DOCKER_HOST'] ?? null,
      },
      dockerEnv: vch.dockerEnv,
      workingDirectory: vch.workingDirectory,
      problems: vch.problems,
    },
    text: describe(vch),
    names: [`vch/${vch.name}`],
    ...(vch.problems.length === 0 ? {} : { exit: 'partial' as const }),
  };
}

function describe(vch: CreatedVch): string {
  const { addresses, node } = vch;
  const environment = Object.entries(vch.dockerEnv).map(([name, value]) => `${name}=${value}`);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['VCH', `${vch.name}${addresses.id === undefined ? '' : ` (${addresses.id})`}`],
    ['Node', `${node.name}${node.ready === undefined ? '' : node.ready ? ' (Ready)' : ' (registered, not Ready)'}`],
    ['Admin portal', addresses.adminPortal],
    ['Published ports', addresses.publishedAddress],
    ['Docker', environment.length === 0 ? undefined : environment.join(' ')],
    ['Files', vch.workingDirectory],
  ];
  return rows.flatMap(([title, value]) => (value === undefined ? [] : [`${`${title}:`.padEnd(17)}${value}`])).join('\n');
}
