import type { Node, NodeSystemInfo } from '../../platform/kubernetes-objects.ts';

/** Whether a node runs its pods as pod VMs of a VCH, by the runtime that its kubelet reports. */
export function isVchNode(node: Node): boolean {
  const reported: Partial<NodeSystemInfo> = node.status?.nodeInfo ?? {};
  return reported.containerRuntimeVersion?.startsWith('vic://') === true;
}
