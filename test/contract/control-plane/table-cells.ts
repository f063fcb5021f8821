/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return -- recorded JSON of every kind has no type */
/** Rebuilds what a recording shows only as the cells of a Table, far enough that the same cells come out again. */

/** `object` changed so that it prints as `cells` (by column name). Kinds other than Node and Pod stay as they are. */
export function withCells(object: any, cells: Readonly<Record<string, any>>): any {
  if (object.kind === 'Node') return nodeOf(object, cells);
  return object.kind === 'Pod' ? podOf(object, cells) : object;
}

function nodeOf(object: any, cells: Readonly<Record<string, any>>): any {
  const [state = '', scheduling] = String(cells['Status']).split(',');
  const [, kernelVersion = '', architecture = ''] = /^(.*) \((.*)\)$/.exec(String(cells['Kernel-Version'])) ?? [];
  const ready = { type: 'Ready', status: state === 'Ready' ? 'True' : 'False' };
  const addresses = [
    { type: 'InternalIP', address: cells['Internal-IP'] },
    { type: 'ExternalIP', address: cells['External-IP'] },
  ].filter(({ address }) => address !== '<none>');
  const spec = { ...object.spec };
  if (scheduling === undefined) delete spec.unschedulable;
  else spec.unschedulable = true;
  return {
    ...object,
    spec,
    status: {
      ...object.status,
      conditions: state === 'Unknown' ? [] : [ready],
      addresses,
      nodeInfo: {
        ...object.status?.nodeInfo,
        kubeletVersion: cells['Version'],
        osImage: cells['OS-Image'],
        kernelVersion,
        architecture,
        containerRuntimeVersion: cells['Container-Runtime'],
      },
    },
  };
}

function podOf(object: any, cells: Readonly<Record<string, any>>): any {
  const [ready = 0, total = 1] = String(cells['Ready']).split('/').map(Number);
  const state = String(cells['Status']);
  const isRunning = state === 'Running' || (state === 'Terminating' && cells['IP'] !== '<none>');
  const names = Array.from({ length: total }, (_, index) => object.spec?.containers?.[index]?.name ?? (index === 0 ? 'main' : `c${index}`));
  const containers = names.map((name, index) => object.spec?.containers?.[index] ?? { name, image: 'busybox' });
  const statuses = names.map((name, index) => ({
    name,
    image: 'busybox',
    imageID: '',
    ready: index < ready,
    restartCount: index === 0 ? Number.parseInt(String(cells['Restarts']), 10) : 0,
    state: { running: { startedAt: object.metadata.creationTimestamp } },
  }));
  const { IP: ip, Node: node } = cells;
  return {
    ...object,
    spec: { ...object.spec, containers, ...(node === '<none>' ? {} : { nodeName: node }) },
    status: {
      ...object.status,
      phase: isRunning ? 'Running' : 'Pending',
      ...(ip === '<none>' ? {} : { podIP: ip, podIPs: [{ ip }] }),
      ...(isRunning ? { containerStatuses: statuses, conditions: [{ type: 'Ready', status: 'True' }] } : {}),
    },
  };
}
