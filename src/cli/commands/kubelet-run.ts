import { runKubeletInForeground } from '../../operations/kubelet/drop-in.ts';
import { KUBELET_FLAGS, type KubeletFlags } from '../../operations/kubelet/settings.ts';
import type { CommandHandler } from '../spec.ts';

/** Only what was typed is handed on: the operation reads the environment and the file itself, with its own precedence. */
export const runKubeletRun: CommandHandler = async (input, deps, signal) => {
  const typed = KUBELET_FLAGS.filter((flag) => input.sources[flag] === 'flag').map((flag) => [flag, input.flags[flag]]);
  await runKubeletInForeground(Object.fromEntries(typed) as KubeletFlags, deps, signal);
  return undefined;
};
