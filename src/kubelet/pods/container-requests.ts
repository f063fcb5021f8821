import { messageOf } from '../../errors/vick-error.ts';
import { defaultPullPolicy } from '../../platform/image-reference.ts';
import type { Container, Pod } from '../../platform/kubernetes-objects.ts';
import { isProviderFailure, ProviderFailure, type ContainerRequest } from '../provider.ts';
import { hostnameOf, resolveEnv, type EnvSources } from './env.ts';
import { expand } from './expand.ts';
import { podContainers } from './pod-containers.ts';
import { effectiveSecurity } from './security.ts';
import { mountRequests } from './volumes/mounts.ts';

export interface ContainerSources extends EnvSources {
  /** Volumes of the pod that are not mounted on this node. */
  readonly leftOutVolumes?: ReadonlySet<string>;
}

/**
 * Containers of a pod with everything resolved, in spec order, init containers first: those named, or all but the
 * ephemeral ones. Rejects with ProviderFailure for what the pod's user must see.
 */
export async function containerRequests(pod: Pod, sources: ContainerSources, names?: readonly string[]): Promise<readonly ContainerRequest[]> {
  const chosen = podContainers(pod).filter(({ name, role }) => (names === undefined ? role !== 'ephemeral' : names.includes(name)));
  const requests: ContainerRequest[] = [];
  for (const { spec, role } of chosen) requests.push(await containerRequest(pod, spec, role, sources));
  return requests;
}

async function containerRequest(pod: Pod, container: Container, role: ContainerRequest['role'], sources: ContainerSources): Promise<ContainerRequest> {
  const { name, image = '' } = container;
  if (image === '') throw new ProviderFailure('InvalidImageName', `container ${name} names no image`, { container: name });
  const own = await resolveEnv(pod, container, sources);
  const scope = new Map(own.map((variable) => [variable.name, variable.value]));
  const lookup = (variable: string): string | undefined => scope.get(variable);
  const expanded = (words: readonly string[] | undefined): readonly string[] | undefined =>
    words === undefined || words.length === 0 ? undefined : words.map((word) => expand(word, lookup));
  return {
    name,
    role,
    spec: container,
    image,
    imagePullPolicy: pullPolicy(container),
    command: expanded(container.command),
    args: expanded(container.args),
    env: scope.has('HOSTNAME') ? own : [{ name: 'HOSTNAME', value: hostnameOf(pod) }, ...own],
    workingDir: container.workingDir === '' ? undefined : container.workingDir,
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    mounts: visibly(name, () => mountRequests(pod, container, lookup, sources.leftOutVolumes ?? new Set())),
    security: effectiveSecurity(pod, container),
    terminationMessage: {
      path: container.terminationMessagePath ?? '/dev/termination-log',
      fallbackToLogsOnError: container.terminationMessagePolicy === 'FallbackToLogsOnError',
    },
  };
}

/** What `work` throws becomes a failure that the pod's user sees. */
function visibly<T>(container: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isProviderFailure(error)) throw error;
    throw new ProviderFailure('CreateContainerConfigError', messageOf(error), { container, cause: error });
  }
}

function pullPolicy({ image = '', imagePullPolicy: policy }: Container): ContainerRequest['imagePullPolicy'] {
  return policy === 'Always' || policy === 'Never' || policy === 'IfNotPresent' ? policy : defaultPullPolicy(image);
}
