import type { Container, Pod } from '../../platform/kubernetes-objects.ts';
import { ProviderFailure, type ContainerRequest } from '../provider.ts';
import { hostnameOf, resolveEnv, type EnvSources } from './env.ts';
import { expand } from './expand.ts';
import { effectiveSecurity } from './security.ts';

/** The containers of a pod with everything resolved. Throws ProviderFailure for what the pod's user must see. */
export function containerRequests(pod: Pod, sources: EnvSources): readonly ContainerRequest[] {
  return (pod.spec?.containers ?? []).map((container) => containerRequest(pod, container, sources));
}

function containerRequest(pod: Pod, container: Container, sources: EnvSources): ContainerRequest {
  const { name, image = '' } = container;
  if (image === '') throw new ProviderFailure('InvalidImageName', `container ${name} names no image`, { container: name });
  const own = resolveEnv(pod, container, sources);
  const scope = new Map(own.map((variable) => [variable.name, variable.value]));
  const expanded = (words: readonly string[] | undefined): readonly string[] | undefined =>
    words === undefined || words.length === 0 ? undefined : words.map((word) => expand(word, (variable) => scope.get(variable)));
  return {
    name,
    role: 'main',
    spec: container,
    image,
    imagePullPolicy: pullPolicy(container),
    command: expanded(container.command),
    args: expanded(container.args),
    env: scope.has('HOSTNAME') ? own : [{ name: 'HOSTNAME', value: hostnameOf(pod) }, ...own],
    workingDir: container.workingDir === '' ? undefined : container.workingDir,
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    mounts: [],
    security: effectiveSecurity(pod, container),
    terminationMessage: {
      path: container.terminationMessagePath ?? '/dev/termination-log',
      fallbackToLogsOnError: container.terminationMessagePolicy === 'FallbackToLogsOnError',
    },
  };
}

/** The API server's default: Always for `latest` or no tag, else IfNotPresent (pkg/apis/core/v1/defaults.go). */
function pullPolicy(container: Container): ContainerRequest['imagePullPolicy'] {
  const policy = container.imagePullPolicy;
  if (policy === 'Always' || policy === 'Never' || policy === 'IfNotPresent') return policy;
  const last = (container.image ?? '').split('/').at(-1) ?? '';
  const pinned = last.includes('@') || (last.includes(':') && !last.endsWith(':latest'));
  return pinned ? 'IfNotPresent' : 'Always';
}
