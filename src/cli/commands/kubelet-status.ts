import { chooseKubelet, everyNotes } from '../../operations/local-kubelet/notes.ts';
import { localKubeletStatus, type LocalKubelet } from '../../operations/local-kubelet/status.ts';
import { age } from '../render/age.ts';
import type { CommandHandler } from '../spec.ts';

export const runKubeletStatus: CommandHandler = async (input, deps, signal) => {
  const name = input.args['NAME'] as string | undefined;
  const chosen = name === undefined ? await everyNotes(deps) : [await chooseKubelet(name, deps)];
  const kubelets = await Promise.all(chosen.map((notes) => localKubeletStatus(notes, deps, signal)));
  return {
    data: { apiVersion: 'vick.dev/v1alpha1', kind: 'KubeletList', items: kubelets.map(item) },
    table: {
      columns: [
        { title: 'NODE' },
        { title: 'STATE' },
        { title: 'PID' },
        { title: 'PORT' },
        { title: 'READY' },
        { title: 'AGE' },
        { title: 'LAST', wide: true },
        { title: 'LOG', wide: true },
      ],
      rows: kubelets.map((kubelet) => [
        kubelet.notes.nodeName,
        stateOf(kubelet),
        kubelet.running ? String(kubelet.notes.process.pid) : '-',
        portOf(kubelet)?.toString() ?? '-',
        nodeText(kubelet),
        age(Date.parse(kubelet.notes.startedAt), deps.clock.now()),
        kubelet.facts.last ?? '',
        kubelet.notes.logFile,
      ]),
      empty: 'No kubelets were started here.',
    },
    names: kubelets.map(({ notes }) => `node/${notes.nodeName}`),
    ...(kubelets.every(isWell) ? {} : { exit: 'failure' as const }),
  };
};

function isWell({ running, node }: LocalKubelet): boolean {
  return running && node.state === 'ok' && node.value !== 'absent' && node.value.ready;
}

function stateOf({ running }: LocalKubelet): string {
  return running ? 'Running' : 'Dead';
}

/** What is served now; a dead one serves nothing. */
function portOf({ running, facts, node }: LocalKubelet): number | undefined {
  if (!running) return undefined;
  return facts.port ?? (node.state === 'ok' && node.value !== 'absent' ? node.value.port : undefined);
}

function nodeText({ node }: LocalKubelet): string {
  if (node.state !== 'ok') return 'unknown';
  return node.value === 'absent' ? 'none' : node.value.status;
}

function item(kubelet: LocalKubelet): Readonly<Record<string, unknown>> {
  const { notes, running, facts, node } = kubelet;
  return {
    node: notes.nodeName,
    running,
    pid: running ? notes.process.pid : null,
    port: portOf(kubelet) ?? null,
    startedAt: notes.startedAt,
    version: notes.version,
    nodeStatus: node.state === 'ok' ? (node.value === 'absent' ? 'none' : node.value.status) : 'unknown',
    nodeReason: node.state === 'ok' ? null : node.why,
    lastMessage: facts.last ?? null,
    logFile: notes.logFile,
  };
}
