import { VickError } from '../../errors/vick-error.ts';
import { chooseKubelet, everyNotes } from '../../operations/local-kubelet/notes.ts';
import { stopKubelet, type Stopped } from '../../operations/local-kubelet/stop.ts';
import type { CommandHandler } from '../spec.ts';
import { isOn, numberFlag } from './vch-input.ts';

const SAID: Readonly<Record<Stopped, string>> = { stopped: 'stopped', killed: 'did not end and was killed', 'was dead': 'had died already' };

export const runKubeletStop: CommandHandler = async (input, deps, signal) => {
  const name = input.args['NAME'] as string | undefined;
  const all = isOn(input, 'all');
  if (all && name !== undefined) throw new VickError('USAGE', '--all and a name exclude each other', { hint: 'Give one of them.' });
  const chosen = all ? await everyNotes(deps) : [await chooseKubelet(name, deps)];
  const ended: { readonly node: string; readonly how: Stopped }[] = [];
  for (const notes of chosen) ended.push({ node: notes.nodeName, how: await stopKubelet(notes, numberFlag(input, 'timeout') ?? 30_000, deps, signal) });
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'KubeletStop',
      items: ended.map(({ node, how }) => ({ node, result: how === 'was dead' ? 'wasDead' : how })),
    },
    text: ended.length === 0 ? 'No kubelets were started here.' : ended.map(({ node, how }) => `kubelet of ${node} ${SAID[how]}`).join('\n'),
    names: ended.map(({ node }) => `node/${node}`),
    ...(ended.some(({ how }) => how === 'killed') ? { exit: 'partial' as const } : {}),
  };
};
