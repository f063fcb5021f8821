import { listVchs, type ListedVch } from '../../operations/vch/list.ts';
import type { CommandHandler } from '../spec.ts';
import { listVchSpec } from '../specs/list-vch.ts';
import { handedOn } from './existing-vch.ts';
import { clusterChoice, numberFlag, targetInput, textFlag } from './vch-input.ts';

export const runListVch: CommandHandler = async (input, deps, signal) => {
  const extra = handedOn('ls', input, listVchSpec.flags, ['debug'], deps);
  const { vchs, clusterProblem } = await listVchs(
    {
      extra,
      timeoutMs: numberFlag(input, 'timeout') ?? 0,
      target: await targetInput(input, deps),
      computeResource: textFlag(input, 'compute-resource'),
      cluster: clusterChoice(input),
      vicMachine: textFlag(input, 'vic-machine'),
    },
    deps,
    signal,
  );
  if (clusterProblem !== undefined) deps.reporter.verbose(`No nodes are shown: ${clusterProblem}`);
  return {
    data: { apiVersion: 'vick.dev/v1alpha1', kind: 'VchList', items: vchs.map(item) },
    table: {
      columns: [
        { title: 'NAME' },
        { title: 'ID' },
        { title: 'NODE' },
        { title: 'READY' },
        { title: 'VERSION' },
        { title: 'UPGRADE' },
        { title: 'PATH', wide: true },
      ],
      rows: vchs.map((vch) => [vch.name, vch.id, vch.nodeName, ready(vch), vch.version.text, vch.upgradeStatus, vch.path]),
      empty: 'No VCHs found.',
    },
    names: vchs.map((vch) => `vch/${vch.name}`),
  };
};

function item(vch: ListedVch): Readonly<Record<string, unknown>> {
  return {
    name: vch.name,
    id: vch.id,
    path: vch.path,
    version: vch.version.text,
    upgradeStatus: vch.upgradeStatus,
    node: { name: vch.nodeName, status: vch.nodeStatus ?? null },
  };
}

/** `-`: no cluster was asked; `none`: it has no such node. */
function ready(vch: ListedVch): string {
  return vch.nodeStatus ?? '-';
}
