import type { Draft, TableDefinition } from '../../resource.ts';
import { at, mapOf, mapsOf, textOf } from '../fields.ts';
import { since } from '../tables/age.ts';
import { ageColumn, column, nameColumn } from '../tables/columns.ts';

const ADDRESSES =
  "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP).";

/** `kubectl get nodes` (k8s.io/kubernetes/pkg/printers/internalversion). */
export const nodeTable: TableDefinition = {
  columns: [
    nameColumn(),
    column('Status', 'The status of the node'),
    column('Roles', 'The roles of the node'),
    ageColumn(),
    column('Version', 'Kubelet Version reported by the node.'),
    column('Internal-IP', ADDRESSES, true),
    column('External-IP', ADDRESSES, true),
    column('OS-Image', 'OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).', true),
    column('Kernel-Version', "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).", true),
    column('Container-Runtime', 'ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).', true),
  ],
  row(object, now) {
    const info = mapOf(at(object, 'status', 'nodeInfo'));
    return [
      object.metadata.name,
      statusOf(object),
      rolesOf(object),
      since(object.metadata.creationTimestamp, now),
      textOf(info['kubeletVersion']),
      addressOf(object, 'InternalIP'),
      addressOf(object, 'ExternalIP'),
      known(info['osImage']),
      kernelOf(info),
      known(info['containerRuntimeVersion']),
    ];
  },
};

function statusOf(node: Draft): string {
  const ready = mapsOf(at(node, 'status', 'conditions')).find((condition) => condition['type'] === 'Ready');
  const status = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return at(node, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status;
}

function rolesOf(node: Draft): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    const role = key.startsWith('node-role.kubernetes.io/') ? key.slice('node-role.kubernetes.io/'.length) : key === 'kubernetes.io/role' ? value : '';
    if (role !== '') roles.add(role);
  }
  return roles.size === 0 ? '<none>' : [...roles].sort().join(',');
}

function addressOf(node: Draft, type: string): string {
  const address = mapsOf(at(node, 'status', 'addresses')).find((candidate) => candidate['type'] === type);
  return address === undefined ? '<none>' : textOf(address['address']);
}

function kernelOf(info: Readonly<Record<string, unknown>>): string {
  const kernel = known(info['kernelVersion']);
  const architecture = textOf(info['architecture']);
  return architecture === '' ? kernel : `${kernel} (${architecture})`;
}

function known(value: unknown): string {
  return textOf(value) === '' ? '<unknown>' : textOf(value);
}
