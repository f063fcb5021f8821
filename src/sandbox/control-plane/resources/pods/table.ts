import type { Draft, TableDefinition } from '../../resource.ts';
import { at, mapsOf, textOf } from '../fields.ts';
import { since } from '../tables/age.ts';
import { ageColumn, column, nameColumn } from '../tables/columns.ts';
import { summarizePod } from './printer.ts';

/** `kubectl get pods`. */
export const podTable: TableDefinition = {
  columns: [
    nameColumn(),
    column('Ready', 'The aggregate readiness state of this pod for accepting traffic.'),
    column('Status', 'The aggregate status of the containers in this pod.'),
    column('Restarts', 'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.'),
    ageColumn(),
    column('IP', 'podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.', true),
    column(
      'Node',
      'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename',
      true,
    ),
    column(
      'Nominated Node',
      'nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.',
      true,
    ),
    column(
      'Readiness Gates',
      'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
      true,
    ),
  ],
  row(object, now) {
    const { ready, total, status, restarts, lastRestart } = summarizePod(object);
    return [
      object.metadata.name,
      `${ready}/${total}`,
      status,
      restarts > 0 && lastRestart !== '' ? `${restarts} (${since(lastRestart, now)} ago)` : String(restarts),
      since(object.metadata.creationTimestamp, now),
      orNone(mapsOf(at(object, 'status', 'podIPs'))[0]?.['ip'] ?? at(object, 'status', 'podIP')),
      orNone(at(object, 'spec', 'nodeName')),
      orNone(at(object, 'status', 'nominatedNodeName')),
      readinessGates(object),
    ];
  },
};

function readinessGates(pod: Draft): string {
  const gates = mapsOf(at(pod, 'spec', 'readinessGates'));
  if (gates.length === 0) return '<none>';
  const passed = new Set(mapsOf(at(pod, 'status', 'conditions')).flatMap((condition) => (condition['status'] === 'True' ? [condition['type']] : [])));
  return `${gates.filter((gate) => passed.has(gate['conditionType'])).length}/${gates.length}`;
}

function orNone(value: unknown): string {
  return textOf(value) === '' ? '<none>' : textOf(value);
}
