import type { Node, NodeSystemInfo } from '../../platform/kubernetes-objects.ts';

/** Whether a node runs its pods as pod VMs of a VCH, by the runtime that its kubelet reports. */
export function isVchNode(node: Node): boolean {
  const reported: Partial<NodeSystemInfo> = node.status?.nodeInfo ?? {};
  return reported.containerRuntimeVersion?.startsWith('vic://') === true;
}

/** Whether its kubelet says that it runs pods on anything but a VCH; false where it has said nothing yet. */
export function runsSomethingElse(node: Node): boolean {
  const reported: Partial<NodeSystemInfo> = node.status?.nodeInfo ?? {};
  const runtime = reported.containerRuntimeVersion ?? '';
  return runtime !== '' && !runtime.startsWith('vic://');
}
