import type { Check } from '../../operations/preflight/check.ts';
import { CHECKS } from '../../operations/preflight/names.ts';
import { preflightCluster } from '../../operations/preflight/preflight.ts';
import { checkReturnPath } from '../../operations/preflight/return-path.ts';
import { CheckRunner } from '../../operations/preflight/runner.ts';
import { checkSkips } from '../../operations/preflight/skips.ts';
import { checkVchName, nodeNameOf } from '../../operations/vch/name.ts';
import { readServerAddress } from '../../operations/vch/server-address.ts';
import type { Deps } from '../deps.ts';
import type { CommandHandler, CommandInput, Outcome } from '../spec.ts';
import { clusterChoice, isOn, listFlag, textFlag } from './vch-input.ts';

export const runPreflight: CommandHandler = async (input, deps, signal) => {
  const name = input.args['VCH'] as string | undefined;
  if (name !== undefined) checkVchName(name);
  const skip = checkSkips(listFlag(input, 'skip'));
  const address = textFlag(input, 'k8s-server-address');
  const joined = textFlag(input, 'node');
  const { kubeconfig, checks } = await preflightCluster(
    {
      cluster: clusterChoice(input),
      nodeName: name === undefined ? undefined : nodeNameOf(name),
      patchesNode: isOn(input, 'labels-and-taints'),
      identity: textFlag(input, 'kubelet-identity') === 'as-is' ? 'as-is' : 'node',
      serverAddress: address === undefined ? undefined : readServerAddress(address),
      loopbackAllowed: isOn(input, 'allow-loopback'),
      skip,
    },
    deps,
    signal,
  );
  const reached = checks.some((check) => check.name === CHECKS.accepted.name && check.status === 'pass');
  if (joined === undefined || kubeconfig === undefined) return outcomeOf(checks, input);
  const runner = new CheckRunner(deps.reporter, skip, signal);
  if (!reached) runner.notRun([CHECKS.returnPath], 'the API server cannot be asked');
  else await asOperator(deps, kubeconfig, (api) => runner.run(CHECKS.returnPath, () => checkReturnPath(api, joined, signal)));
  return outcomeOf([...checks, ...runner.results], input);
};

async function asOperator<T>(
  deps: Deps,
  kubeconfig: Parameters<Deps['kubernetes']['connect']>[0],
  work: (api: Awaited<ReturnType<Deps['kubernetes']['connect']>>) => Promise<T>,
): Promise<T> {
  const api = await deps.kubernetes.connect(kubeconfig);
  try {
    return await work(api);
  } finally {
    await api.close();
  }
}

const RESULTS: Readonly<Record<Check['status'], string>> = { pass: 'ok', warn: 'warning', fail: 'FAILED', skip: 'not checked' };

function outcomeOf(checks: readonly Check[], input: CommandInput): Outcome {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  const failures = count('fail');
  // Permissions that are granted are many, and say nothing that their number does not.
  const shown = input.output === 'wide' ? checks : checks.filter((check) => !(check.status === 'pass' && check.name.startsWith('permission:')));
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'Preflight',
      passed: failures === 0,
      summary: { passed: count('pass'), warnings: count('warn'), failed: failures, notChecked: count('skip') },
      checks: checks.map(({ name, title, status, message, code, hint }) => ({
        name,
        title,
        result: status,
        message: message ?? null,
        code: code ?? null,
        fix: hint ?? null,
      })),
    },
    table: {
      columns: [{ title: 'CHECK' }, { title: 'RESULT' }, { title: 'FOUND' }, { title: 'FIX' }],
      rows: shown.map((check) => [check.name, RESULTS[check.status], check.message ?? check.title, check.hint ?? '']),
      empty: 'No checks.',
    },
    ...(failures === 0 ? {} : { exit: 'preflight' as const }),
  };
}
