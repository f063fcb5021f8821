/** How a pod is found again in an engine: the labels that container runtimes use for it (pkg/kubelet/types/labels.go), and ours. */
import type { PodIdentity } from './pod-identity.ts';

export const LABEL = {
  uid: 'io.kubernetes.pod.uid',
  namespace: 'io.kubernetes.pod.namespace',
  name: 'io.kubernetes.pod.name',
  container: 'io.kubernetes.container.name',
  attempt: 'io.kubernetes.container.restartCount',
  /** Node whose pod it is: several kubelets may share an engine. */
  node: 'vick.dev/node',
  role: 'vick.dev/role',
  /** Of a sandbox: JSON of what its containers are made with, see kept-pod.ts. */
  pod: 'vick.dev/pod',
  /** Of a container: `file` or `logs`, what stands in for an empty termination message. */
  message: 'vick.dev/termination-message',
} as const;

export type Labels = Readonly<Record<string, string>>;

export function podLabels(node: string, { uid, namespace, name }: PodIdentity): Labels {
  return { [LABEL.node]: node, [LABEL.uid]: uid, [LABEL.namespace]: namespace, [LABEL.name]: name };
}

/** Undefined: not one of ours. */
export function readIdentity(labels: Labels | null | undefined): PodIdentity | undefined {
  const { [LABEL.uid]: uid, [LABEL.namespace]: namespace, [LABEL.name]: name } = labels ?? {};
  return uid === undefined || namespace === undefined || name === undefined ? undefined : { uid, namespace, name };
}
