import { resolve } from 'node:path';
import { sandboxDown } from '../../operations/sandbox/down.ts';
import { sandboxEngine } from '../../operations/sandbox/engine.ts';
import { renderVariables, sandboxVariables, type Shell } from '../../operations/sandbox/env.ts';
import { requireSandbox } from '../../operations/sandbox/facts.ts';
import type { SandboxFacts } from '../../operations/sandbox/port.ts';
import { serveSandbox } from '../../operations/sandbox/serve.ts';
import { sandboxUp } from '../../operations/sandbox/up.ts';
import { stateOf } from './sandbox-state.ts';
import type { CommandHandler, CommandInput, Outcome } from '../spec.ts';

export const runSandboxUp: CommandHandler = async (input, deps, signal) => {
  const [file = '', ...args] = deps.self.argv('vick');
  const facts = await sandboxUp(
    {
      stateDirectory: stateOf(input, deps),
      serve: [file, ...args, 'sandbox', 'serve'],
      assets: path(input, 'assets', deps),
      virtualKubelet: path(input, 'virtual-kubelet', deps),
      engine: sandboxEngine(text(input, 'engine'), deps.env, deps.homeDirectory),
      timeoutMs: Number(input.flags['timeout']),
      env: deps.env,
    },
    deps,
    signal,
  );
  deps.reporter.info('Point this shell at it with: eval "$(vick sandbox env)"');
  return outcome(facts);
};

export const runSandboxDown: CommandHandler = async (input, deps, signal) => {
  await sandboxDown({ stateDirectory: stateOf(input, deps) }, deps, signal);
  return { data: { apiVersion: 'vick.dev/v1alpha1', kind: 'SandboxDown' }, text: 'sandbox stopped', names: ['sandbox/default'] };
};

export const runSandboxStatus: CommandHandler = async (input, deps) => outcome(await requireSandbox(stateOf(input, deps), deps));

export const runSandboxEnv: CommandHandler = async (input, deps) => {
  const variables = sandboxVariables(await requireSandbox(stateOf(input, deps), deps));
  return { data: variables, text: renderVariables(variables, input.flags['shell'] as Shell) };
};

export const runSandboxServe: CommandHandler = async (input, deps, signal) => {
  await serveSandbox({ stateDirectory: stateOf(input, deps), assets: text(input, 'assets'), virtualKubelet: text(input, 'virtual-kubelet') }, deps, signal);
  return undefined;
};

/** The password stays in `sandbox env`: a status is pasted into tickets. */
function outcome(facts: SandboxFacts): Outcome {
  const { vsphere, ...rest } = facts;
  const shown = { ...rest, vsphere: { target: vsphere.target, user: vsphere.user, thumbprint: vsphere.thumbprint } };
  const lines = [
    ['sandbox', `running (pid ${facts.pid})`],
    ['control plane', `${facts.controlPlane.kind}, ${facts.controlPlane.version}, ${facts.controlPlane.server}`],
    ...(facts.engine === undefined ? [] : [['engine', engineLine(facts.engine)]]),
    ['kubeconfig', facts.kubeconfig],
    ['vSphere', `${vsphere.target} (user ${vsphere.user})`],
    ['vic-machine', facts.vicMachine],
  ];
  return { data: shown, text: lines.map(([label = '', value = '']) => `${`${label}:`.padEnd(15)}${value}`).join('\n'), names: ['sandbox/default'] };
}

function engineLine({ kind, address, version }: NonNullable<SandboxFacts['engine']>): string {
  if (kind === 'process') return 'processes of this machine';
  return `containers of ${address ?? kind}${version === undefined ? '' : ` (${version})`}`;
}

function path(input: CommandInput, flag: string, { cwd }: { readonly cwd: string }): string | undefined {
  const given = text(input, flag);
  return given === undefined ? undefined : resolve(cwd, given);
}

function text(input: CommandInput, flag: string): string | undefined {
  const value = input.flags[flag];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
