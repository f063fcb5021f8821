import { delimiter, resolve } from 'node:path';
import { startKubelet } from '../../operations/local-kubelet/start.ts';
import { formatPlace } from '../../operations/status/services.ts';
import type { CommandHandler } from '../spec.ts';
import { kubeletRunSpec } from '../specs/kubelet-run.ts';
import { certificateFolder, kubeletChoice } from './kubelet-flags.ts';
import { clusterChoice, isOn, numberFlag, textFlag } from './vch-input.ts';

export const runKubeletStart: CommandHandler = async (input, deps, signal) => {
  const { nodeName, flags, services } = await kubeletChoice(
    input,
    kubeletRunSpec.flags.filter(({ name }) => name !== 'log-file'),
    false,
    deps,
  );
  const [file = '', ...prefix] = deps.self.argv('vick');
  const logFile = textFlag(input, 'log-file');
  const portLayer = textFlag(input, 'portlayer-addr') ?? (services?.portLayer === undefined ? undefined : formatPlace(services.portLayer));
  const personality = textFlag(input, 'persona-addr') ?? (services?.personality === undefined ? undefined : formatPlace(services.personality));
  const folder = await certificateFolder(services, deps);
  // A kubeconfig that is not there is told at once; what the environment chooses now is noted for later looks.
  const { path, contextName } = await deps.kubernetes.readKubeconfig(clusterChoice(input));
  const { notes, facts } = await startKubelet(
    {
      nodeName,
      program: [file, ...prefix, 'kubelet', 'run'],
      flags,
      logFile: logFile === undefined ? undefined : resolve(deps.cwd, logFile),
      cwd: deps.cwd,
      env: { ...deps.env, DOCKER_CERT_PATH: folder },
      // Of several files none alone is what was read.
      cluster: { path: path.includes(delimiter) ? undefined : resolve(deps.cwd, path), context: contextName },
      services: {
        ...(portLayer === undefined ? {} : { portLayer }),
        ...(personality === undefined ? {} : { personality }),
        ...(folder === undefined ? {} : { certificateFolder: folder }),
      },
      timeoutMs: isOn(input, 'no-wait') ? 0 : (numberFlag(input, 'timeout') ?? 0),
    },
    deps,
    signal,
  );
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'KubeletStart',
      node: nodeName,
      pid: notes.process.pid,
      port: facts.port ?? null,
      registered: facts.registered,
      logFile: notes.logFile,
    },
    text: `kubelet of ${nodeName} started (pid ${notes.process.pid}${facts.port === undefined ? '' : `, port ${facts.port}`}); log: ${notes.logFile}`,
    names: [`node/${nodeName}`],
  };
};
