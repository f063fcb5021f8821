/** A pod as its status in the API tells it, so that a kubelet that begins anew finds what it left. */
import type { ContainerStatus, Pod } from '../../platform/kubernetes-objects.ts';
import { portsOf, type MockContainer, type MockPod, type MockRun } from './pods.ts';
import { contextOf, definitionOf, outcomeOf } from './run-outcome.ts';
import type { PodSettings } from './settings.ts';

const ID = /^mock:\/\/(.+)$/;

/** Undefined for a pod that had no container yet: it is made as any new one. Times in milliseconds since the epoch. */
export function recalledPod(pod: Pod, settings: PodSettings, now: number, fraction: () => number): MockPod | undefined {
  const { uid = '', namespace = '', name = '' } = pod.metadata ?? {};
  const ip = pod.status?.podIP;
  const made: MockPod = {
    ...{ uid, namespace, name, settings, ip: ip ?? '', containers: new Map(), volumes: new Map(), lost: false },
    cancel: () => undefined,
  };
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  for (const status of [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]) {
    const container = recalledContainer(pod, made, status, now, fraction);
    if (container !== undefined) made.containers.set(status.name, container);
  }
  return ip === undefined || made.containers.size === 0 ? undefined : made;
}

function recalledContainer(pod: Pod, made: MockPod, status: ContainerStatus, now: number, fraction: () => number): MockContainer | undefined {
  const { running, terminated } = status.state ?? {};
  const last = terminated ?? status.lastState?.terminated;
  const [, id] = ID.exec((running === undefined ? last?.containerID : status.containerID) ?? '') ?? [];
  const spec = specOf(pod, status.name);
  if (id === undefined || spec === undefined) return undefined;
  const settings = made.settings.of(status.name);
  const exits = status.restartCount;
  const context = contextOf(made, { env: [], mounts: [] });
  const run: MockRun = {
    ...{ id, image: status.image, env: [], mounts: [], requests: spec.container.resources?.requests ?? {} },
    ports: portsOf(spec.container),
    startedAt: timeOf(running?.startedAt ?? last?.startedAt) ?? now,
    outcome: outcomeOf(definitionOf(spec.container, spec.role), settings, exits, context, fraction),
    exit: undefined,
    cancel: () => undefined,
    onEnd: new Set(),
  };
  if (running === undefined && last !== undefined) {
    const { exitCode, reason, message, finishedAt } = last;
    run.exit = { exitCode, finishedAt: timeOf(finishedAt) ?? now, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
  }
  return { name: status.name, settings, exits, run, previous: undefined };
}

function specOf(
  { spec }: Pod,
  name: string,
): { readonly container: NonNullable<Pod['spec']>['containers'][number]; readonly role: 'init' | 'main' } | undefined {
  const init = spec?.initContainers?.find((container) => container.name === name);
  if (init !== undefined) return { container: init, role: init.restartPolicy === 'Always' ? 'main' : 'init' };
  const found = spec?.containers.find((container) => container.name === name);
  return found === undefined ? undefined : { container: found, role: 'main' };
}

function timeOf(time: unknown): number | undefined {
  return typeof time === 'string' ? Date.parse(time) : undefined;
}
