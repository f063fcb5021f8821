/** input → plan: pure. The plan says exactly what will be run and written; applying it decides nothing more. */
import { join } from 'node:path';
import { createArgv, targetEnvironment } from '../../clients/vic-machine/argv.ts';
import { redactArgs, renderCommand } from '../../clients/vic-machine/render-command.ts';
import { formatTaint } from '../node/taint-spec.ts';
import type { CreateVchInput } from './create-input.ts';
import { nodeNameOf } from './name.ts';
import { deriveServerAddress } from './server-address.ts';

/** What was found on this machine. */
export interface CreateFacts {
  /** Absolute path of vic-machine. */
  readonly binary: string;
  readonly stateDirectory: string;
  /** Where the files of the VCH are kept; default: a folder of its name in the state folder. */
  readonly workingDirectory?: string | undefined;
  /** Absolute paths; undefined where no image was named or found: vic-machine then looks beside itself. */
  readonly applianceIso: string | undefined;
  readonly bootstrapIso: string | undefined;
  readonly kubeconfig: { readonly path: string; readonly contextName: string; readonly userName: string; readonly server: string };
}

export interface CreatePlan {
  readonly name: string;
  readonly nodeName: string;
  readonly workingDirectory: string;
  /** Where the kubeconfig for the VCH stands while vic-machine runs; mode 0600, removed afterwards. */
  readonly kubeconfigFile: string;
  /** Where vic-machine keeps the certificates of the VCH. */
  readonly certificateFolder: string;
  readonly serverAddress: string;
  readonly binary: string;
  readonly argv: readonly string[];
  /** Outer limit of the run: validation and upload are not covered by vic-machine's own. */
  readonly limitMs: number;
  readonly notes: readonly string[];
  readonly input: CreateVchInput;
  readonly facts: CreateFacts;
}

/** vic-machine retries a failing upload for 30 minutes; validation and clean-up get the rest. */
const UPLOAD_ALLOWANCE_MS = 40 * 60_000;

export function planCreate(input: CreateVchInput, facts: CreateFacts): CreatePlan {
  const workingDirectory = facts.workingDirectory ?? join(facts.stateDirectory, 'vch', input.name);
  const kubeconfigFile = join(workingDirectory, 'kubeconfig');
  const serverAddress = input.serverAddress ?? deriveServerAddress(facts.kubeconfig.server);
  const certificates = input.extra.words[input.extra.words.indexOf('--tls-cert-path') + 1];
  return {
    name: input.name,
    nodeName: nodeNameOf(input.name),
    workingDirectory,
    kubeconfigFile,
    certificateFolder: input.extra.flags.has('--tls-cert-path') && certificates !== undefined ? certificates : join(workingDirectory, input.name),
    serverAddress,
    binary: facts.binary,
    argv: createArgv(input.target, {
      name: input.name,
      computeResource: input.computeResource,
      imageStore: input.imageStore,
      bridgeNetwork: input.bridgeNetwork,
      publicNetwork: input.publicNetwork,
      clientNetwork: input.clientNetwork,
      managementNetwork: input.managementNetwork,
      volumeStores: input.volumeStores,
      tls: input.tls,
      memoryMiB: input.memoryMiB,
      cpuMHz: input.cpuMHz,
      applianceIso: facts.applianceIso,
      bootstrapIso: facts.bootstrapIso,
      kubernetes: { serverAddress, configFile: kubeconfigFile },
      timeoutMs: input.vicTimeoutMs,
      extra: input.extra.words,
    }),
    limitMs: input.vicTimeoutMs + UPLOAD_ALLOWANCE_MS,
    notes: notesOf(input, facts),
    input,
    facts,
  };
}

/** The plan as data for `-o json|yaml`: no secrets. */
export function describePlan(plan: CreatePlan): Readonly<Record<string, unknown>> {
  const { input, facts } = plan;
  const environment = targetEnvironment(input.target);
  return {
    apiVersion: 'vick.dev/v1alpha1',
    kind: 'CreateVchPlan',
    name: plan.name,
    nodeName: plan.nodeName,
    workingDirectory: plan.workingDirectory,
    vicMachine: {
      file: plan.binary,
      args: redactArgs(plan.argv),
      environment: Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, name.includes('PASSWORD') ? '[redacted]' : value])),
      limitSeconds: plan.limitMs / 1000,
      command: renderCommand({ file: plan.binary, args: plan.argv, env: environment }),
    },
    kubeconfig: {
      file: plan.kubeconfigFile,
      mode: '0600',
      from: facts.kubeconfig.path,
      context: facts.kubeconfig.contextName,
      user: facts.kubeconfig.userName,
      server: facts.kubeconfig.server,
    },
    kubernetesServerAddress: plan.serverAddress,
    labels: input.labels?.set ?? {},
    taints: (input.taints?.add ?? []).map(formatTaint),
    wait: input.wait
      ? { for: 'Ready', timeoutSeconds: input.timeoutMs / 1000 }
      : { for: needsNode(input) ? 'Registered' : 'Nothing', timeoutSeconds: input.timeoutMs / 1000 },
    notes: plan.notes,
  };
}

/** The plan for a person. */
export function renderPlan(plan: CreatePlan): string {
  const { input, facts } = plan;
  const lines: (readonly [string, string])[] = [
    ['VCH', plan.name],
    ['Node', plan.nodeName],
    ['Target', input.target.target],
    ['Working folder', plan.workingDirectory],
    [
      'Kubeconfig',
      `context "${facts.kubeconfig.contextName}" of ${facts.kubeconfig.path}, self-contained, as ${plan.kubeconfigFile} (0600, removed after the run)`,
    ],
    ['API server', `${plan.serverAddress}${input.serverAddress === undefined ? ' (from the kubeconfig)' : ''}`],
    [
      'Labels',
      Object.entries(input.labels?.set ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || 'none',
    ],
    ['Taints', (input.taints?.add ?? []).map(formatTaint).join(', ') || 'none'],
    ['Wait', input.wait ? `until the node is Ready, at most ${input.timeoutMs / 1000} s` : needsNode(input) ? 'until the node has registered' : 'no'],
  ];
  const width = Math.max(...lines.map(([title]) => title.length)) + 2;
  const command = renderCommand({ file: plan.binary, args: plan.argv, env: targetEnvironment(input.target) });
  return [
    ...lines.map(([title, value]) => `${`${title}:`.padEnd(width)}${value}`),
    '',
    'Would run:',
    `  ${command}`,
    ...plan.notes.map((note) => `\nNote: ${note}`),
  ].join('\n');
}

/** Labels and taints can only be set on a node that exists. */
export function needsNode(input: Pick<CreateVchInput, 'labels' | 'taints'>): boolean {
  return input.labels !== undefined || input.taints !== undefined;
}

function notesOf(input: CreateVchInput, facts: CreateFacts): readonly string[] {
  const notes = [
    input.kubeletIdentity === 'node'
      ? `the node gets an identity of its own (system:node:${nodeNameOf(input.name)}), which vic-machine stores readable in the settings of the VM; your credentials stay here`
      : `user "${facts.kubeconfig.userName}" is what the node will be in the cluster: vic-machine stores its credentials readable in the settings of the VM`,
  ];
  if (facts.applianceIso === undefined) {
    notes.push('no appliance image with the kubelet was named or found; the VCH would not become a node (--appliance-iso FILE)');
  }
  if (input.extra.flags.has('--ops-password')) {
    notes.push('--ops-password can only be handed to vic-machine as an argument, which other users of this machine can see while it runs');
  }
  return notes;
}
