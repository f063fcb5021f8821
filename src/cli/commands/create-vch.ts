import { VickError } from '../../errors/vick-error.ts';
import { cleanUp } from '../../operations/vch/clean-up.ts';
import { checkCreate, createVch, planVch, type CreateVchRequest } from '../../operations/vch/create.ts';
import type { CreatedVch } from '../../operations/vch/created-vch.ts';
import type { CreateVchInput } from '../../operations/vch/create-input.ts';
import { checkVchName } from '../../operations/vch/name.ts';
import { checkOptions } from '../../operations/vch/rules/check-options.ts';
import { readPassThrough, type PassThrough } from '../../operations/vch/pass-through.ts';
import { describePlan, renderPlan, type CreatePlan } from '../../operations/vch/plan-create.ts';
import { readServerAddress } from '../../operations/vch/server-address.ts';
import { parseLabelChange } from '../../operations/node/label-spec.ts';
import { parseTaintChange } from '../../operations/node/taint-spec.ts';
import type { Deps } from '../deps.ts';
import { vchFields } from '../schema-parts.ts';
import type { CommandHandler, CommandInput, Outcome } from '../spec.ts';
import { CREATE_VIC_FLAGS } from '../specs/vic-flags.ts';
import { TABLE } from '../specs/index.ts';
import { checkSkips } from '../../operations/preflight/skips.ts';
import { declaredVch } from './declared-vch.ts';
import { offerCleanUp } from './offer-clean-up.ts';
import { operationsPassword, optionsOf, vicWords } from './vic-words.ts';
import { clusterChoice, isOn, listFlag, nameArg, numberFlag, targetInput, textFlag } from './vch-input.ts';

export const runCreateVch: CommandHandler = async (input, deps, signal) => {
  refuseMixture(input);
  if (isOn(input, 'cleanup')) return await runCleanUp(input, deps, signal);
  const dryRun = textFlag(input, 'dry-run') ?? 'none';
  const request = await createRequest(input, deps, dryRun !== 'client');
  if (dryRun === 'none') {
    const created = await createVch(request, deps, signal).catch((error: unknown) => {
      throw offerCleanUp(error, request, input, deps, signal);
    });
    return createdOutcome(created, deps);
  }
  return planOutcome(dryRun === 'client' ? await planVch(request, deps) : await checkCreate(request, deps, signal), request, input, deps);
};

/** Decoded and checked in itself. Without `password` none is asked for. */
export async function createRequest(input: CommandInput, deps: Deps, password: boolean): Promise<CreateVchRequest> {
  const decoded = await decode(input, deps, password);
  return {
    input: decoded,
    cluster: clusterChoice(input),
    vicMachine: textFlag(input, 'vic-machine'),
    declared: declaredVch(input, decoded),
    fields: vchFields(TABLE),
    retain: isOn(input, 'retain'),
    resume: isOn(input, 'resume'),
  };
}

function planOutcome(plan: CreatePlan | CreatedVch, request: CreateVchRequest, input: CommandInput, deps: Deps): Outcome {
  if ('change' in plan) return createdOutcome(plan, deps);
  if (input.output === 'yaml') return { data: request.declared };
  return { data: { ...describePlan(plan), declared: request.declared }, text: renderPlan(plan), names: [`vch/${plan.name}`] };
}

async function runCleanUp(input: CommandInput, deps: Deps, signal: AbortSignal): Promise<Outcome> {
  const name = nameArg(input);
  checkVchName(name);
  if (!isOn(input, 'yes') && !deps.prompter.interactive) {
    throw new VickError('USAGE', `cleaning up after ${name} needs a confirmation, and there is no terminal to ask on`, { hint: 'Add --yes.' });
  }
  const result = await cleanUp(
    {
      name,
      target: await targetInput(input, deps),
      computeResource: textFlag(input, 'compute-resource'),
      cluster: clusterChoice(input),
      vicMachine: textFlag(input, 'vic-machine'),
      timeoutMs: numberFlag(input, 'timeout') ?? 0,
      confirm: async (summary) => {
        if (isOn(input, 'yes')) return;
        const sure = await deps.prompter.confirm({ message: `Remove ${summary.join(', ')}?`, flag: '--yes', default: false });
        if (!sure) throw new VickError('CANCELLED', 'Nothing was removed.');
      },
    },
    deps,
    signal,
  );
  for (const problem of result.problems) deps.reporter.warn(problem);
  return {
    data: { apiVersion: 'vick.dev/v1alpha1', kind: 'VchCleanUp', name, removed: result.removed, problems: result.problems },
    text: result.removed.length === 0 ? `nothing on vSphere or in the cluster was left of ${name}` : result.removed.map((what) => `${what} removed`).join('\n'),
    names: result.removed,
    ...(result.problems.length === 0 ? {} : { exit: 'partial' as const }),
  };
}

function refuseMixture(input: CommandInput): void {
  const modes = ['resume', 'cleanup'].filter((mode) => isOn(input, mode)).map((mode) => `--${mode}`);
  if (textFlag(input, 'dry-run') !== undefined && textFlag(input, 'dry-run') !== 'none') modes.push('--dry-run');
  if (modes.length > 1) throw new VickError('USAGE', `${modes.join(' and ')} exclude each other`, { hint: 'Give one of them.' });
}

/** Everything that can be judged without asking anybody comes first; the password is asked for last. */
async function decode(input: CommandInput, deps: Deps, password: boolean): Promise<CreateVchInput> {
  const name = nameArg(input);
  checkVchName(name);
  const words = [...vicWords(input, CREATE_VIC_FLAGS), ...input.rest];
  const extra = readPassThrough(words, deps.cwd, { complete: false });
  checkOptions(optionsOf(input, OWN_OPTIONS, extra), `create vch ${name}`);
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
    volumeStores: listFlag(input, 'volume-store'),
    tls: tlsChoice(input, extra),
    memoryMiB: limit(input, 'memory'),
    cpuMHz: limit(input, 'cpu'),
    applianceIso: textFlag(input, 'appliance-iso'),
    bootstrapIso: textFlag(input, 'bootstrap-iso'),
    serverAddress: address === undefined ? undefined : readServerAddress(address),
    allowLoopback: isOn(input, 'allow-loopback'),
    kubeletIdentity: textFlag(input, 'kubelet-identity') === 'as-is' ? ('as-is' as const) : ('node' as const),
    skip: checkSkips(listFlag(input, 'skip')),
    labels: labels.length === 0 ? undefined : onlyAdditions(parseLabelChange(labels), '--label'),
    taints: taints.length === 0 ? undefined : onlyAdditions(parseTaintChange(taints), '--taint'),
    wait: input.flags['wait'] !== false,
    timeoutMs: numberFlag(input, 'timeout') ?? 0,
    vicTimeoutMs: numberFlag(input, 'vic-timeout') ?? 0,
    extra,
  };
  const target = await targetInput(input, deps, { password });
  const secret = await operationsPassword(input, deps, { ask: password });
  return { ...decoded, target, extra: readPassThrough([...secret, ...words], deps.cwd, { complete: password }) };
}

/** Options of vic-machine that have a place of their own in the input. */
const OWN_OPTIONS = [
  ...['image-store', 'volume-store', 'bridge-network', 'public-network', 'client-network', 'management-network', 'memory', 'cpu'],
  ...['tls-cname', 'no-tlsverify', 'no-tls'],
];

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
  // Choices in a file or in the environment are overruled by one that is nearer, not at odds with it.
  const rank = (flag: string): number => ['flag', 'env', 'file'].indexOf(input.sources[flag] ?? '');
  const cname = textFlag(input, 'tls-cname');
  const choices = [...(cname === undefined ? [] : ['tls-cname']), ...['no-tlsverify', 'no-tls'].filter((flag) => isOn(input, flag))];
  const nearest = Math.min(...choices.map(rank));
  const [choice, ...more] = choices.filter((flag) => rank(flag) === nearest);
  if (more.length > 0) throw new VickError('USAGE', '--tls-cname, --no-tlsverify and --no-tls exclude each other', { hint: 'Give one of them.' });
  if (choice === 'no-tls') return { mode: 'none' };
  if (choice === 'no-tlsverify') return { mode: 'no-verify' };
  if (choice === 'tls-cname') return { mode: 'verify', cname };
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

/** The result of a create for every format. */
export function createdOutcome(vch: CreatedVch, deps: Pick<Deps, 'reporter'>): Outcome {
  const { addresses } = vch;
  for (const problem of vch.problems) deps.reporter.warn(problem);
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'Vch',
      name: vch.name,
      change: vch.change,
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
    text: vch.change === 'unchanged' ? `vch/${vch.name} unchanged` : describe(vch),
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
