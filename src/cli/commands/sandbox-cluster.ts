import { resolve } from 'node:path';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { applyManifests } from '../../operations/sandbox/apply.ts';
import { requireSandbox } from '../../operations/sandbox/facts.ts';
import { sandboxLogs } from '../../operations/sandbox/logs.ts';
import type { Deps } from '../deps.ts';
import { stateOf } from './sandbox-state.ts';
import type { CommandHandler, CommandInput } from '../spec.ts';

export const runSandboxApply: CommandHandler = async (input, deps, signal) => {
  const file = String(input.flags['filename']);
  const text = file === '-' ? await deps.streams.stdin.readText() : await readFile(resolve(deps.cwd, file), deps);
  const applied = await withCluster(input, deps, (api) => applyManifests(text, file === '-' ? 'standard input' : file, api, signal));
  return {
    data: { apiVersion: 'vick.dev/v1alpha1', kind: 'Applied', items: applied },
    text: applied.map(({ name, result }) => `${name} ${result}`).join('\n'),
    names: applied.map(({ name }) => name),
  };
};

export const runSandboxLogs: CommandHandler = async (input, deps, signal) => {
  const { fs, clock } = deps;
  await withCluster(input, deps, (api) =>
    sandboxLogs(
      {
        stateDirectory: stateOf(input, deps),
        namespace: String(input.flags['namespace']),
        pod: String(input.args['POD']),
        follow: input.flags['follow'] === true,
      },
      { api, fs, clock, portLayer: (address) => deps.vch.portLayer(address), write: (chunk) => deps.streams.stdout.write(chunk) },
      signal,
    ),
  );
  return undefined;
};

async function withCluster<T>(input: CommandInput, deps: Deps, work: (api: KubernetesApi) => Promise<T>): Promise<T> {
  const facts = await requireSandbox(stateOf(input, deps), deps);
  const api = await deps.kubernetes.connect(
    await deps.kubernetes.readKubeconfig({ path: typeof input.flags['kubeconfig'] === 'string' ? input.flags['kubeconfig'] : facts.kubeconfig }),
  );
  try {
    return await work(api);
  } finally {
    await api.close();
  }
}

async function readFile(path: string, deps: Deps): Promise<string> {
  try {
    return await deps.fs.readText(path);
  } catch (error) {
    throw new VickError('IO', `${path} cannot be read: ${messageOf(error)}`, { cause: error, hint: 'Check the path given with --filename.' });
  }
}
