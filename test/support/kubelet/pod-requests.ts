/** What the core hands to a provider, for tests that speak to a provider directly. */
import { randomUUID } from 'node:crypto';
import type { ContainerRequest, CreatePodRequest, StartRequest } from '../../../src/kubelet/provider.ts';

export interface RequestedPod extends CreatePodRequest {
  readonly uid: string;
  readonly definitions: readonly ContainerRequest[];
}

export function containerRequest(more: Partial<ContainerRequest> = {}): ContainerRequest {
  const { name = 'c', image = 'busybox:latest' } = more;
  return {
    ...{ name, image, role: 'main', spec: { name, image }, imagePullPolicy: 'IfNotPresent', command: undefined, args: undefined, env: [] },
    ...{ workingDir: undefined, tty: false, stdin: false, mounts: [], terminationMessage: { path: '/dev/termination-log', fallbackToLogsOnError: false } },
    security: {
      ...{ runAsNonRoot: false, supplementalGroups: [], privileged: false, readOnlyRootFilesystem: false },
      ...{ allowPrivilegeEscalation: true, addCapabilities: [], dropCapabilities: [] },
    },
    ...more,
  };
}

export function podRequest(
  definitions: readonly ContainerRequest[],
  metadata: { readonly name?: string; readonly namespace?: string; readonly uid?: string; readonly annotations?: Readonly<Record<string, string>> } = {},
): RequestedPod {
  const { uid = randomUUID(), namespace = 'default', annotations } = metadata;
  const { name = `pod-${uid.slice(0, 8)}` } = metadata;
  const containers = definitions.map(({ spec }) => spec);
  return {
    uid,
    definitions,
    pod: { metadata: { namespace, name, uid, ...(annotations === undefined ? {} : { annotations }) }, spec: { containers } },
    volumes: [],
    define: () => Promise.resolve(definitions),
  };
}

/** Starts these containers of the pod; all of them when none is named. */
export function startRequest(pod: RequestedPod, ...names: readonly string[]): StartRequest {
  const chosen = pod.definitions.filter(({ name }) => names.length === 0 || names.includes(name));
  return { uid: pod.uid, containers: chosen.map(({ name }) => name), define: () => Promise.resolve(chosen) };
}
