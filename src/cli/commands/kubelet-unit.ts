import { resolve } from 'node:path';
import { unitText } from '../../operations/local-kubelet/unit.ts';
import type { CommandHandler } from '../spec.ts';
import { kubeletRunSpec } from '../specs/kubelet-run.ts';
import { certificateFolder, kubeletChoice } from './kubelet-flags.ts';
import { textFlag } from './vch-input.ts';

export const runKubeletUnit: CommandHandler = async (input, deps) => {
  const { nodeName, flags, services } = await kubeletChoice(input, kubeletRunSpec.flags, true, deps);
  const certificates = await certificateFolder(services, deps);
  const kubeconfig = deps.env['KUBECONFIG'];
  // A kubeconfig that only the environment names would not be there for a service.
  const cluster =
    textFlag(input, 'kubeconfig') === undefined && kubeconfig !== undefined && kubeconfig !== '' && !kubeconfig.includes(':')
      ? [`--kubeconfig=${resolve(deps.cwd, kubeconfig)}`]
      : [];
  const text = unitText({
    nodeName,
    argv: [...deps.self.argv('vick'), 'kubelet', 'run', ...flags, ...cluster],
    user: textFlag(input, 'user'),
    environment: certificates === undefined ? {} : { DOCKER_CERT_PATH: resolve(deps.cwd, certificates) },
  });
  return { data: { unit: text }, text };
};
