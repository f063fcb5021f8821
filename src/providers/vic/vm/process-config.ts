import { ProviderFailure, type ContainerRequest } from '../../../kubelet/provider.ts';
import type { ImageConfig } from '../images/image-cache.ts';
import { pipeRefusal } from './pipe-words.ts';

/** What a container's process is started with. */
export interface ProcessConfig {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly stopSignal: string;
}

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The process of a container: what the pod says over what the image says. ProviderFailure when the two make no process. */
export function processConfig(request: ContainerRequest, image: ImageConfig, hostname: string): ProcessConfig {
  const [path, ...args] = commandLine(request, image);
  if (path === undefined || path === '') {
    throw new ProviderFailure('CreateContainerError', 'no command specified: neither the container nor its image names one', { container: request.name });
  }
  const config: ProcessConfig = {
    path,
    args,
    env: environment(request, image, hostname),
    workingDir: request.workingDir ?? image.workingDir,
    user: user(request, image.user),
    stopSignal: request.spec.lifecycle?.stopSignal ?? image.stopSignal,
  };
  const refusal = pipeRefusal(config);
  if (refusal !== undefined) throw new ProviderFailure('CreateContainerConfigError', refusal, { container: request.name });
  return config;
}

/** `command` replaces entrypoint and cmd, `args` alone replaces cmd (Kubernetes: Define a Command and Arguments for a Container). */
function commandLine({ command = [], args = [] }: ContainerRequest, image: ImageConfig): readonly string[] {
  if (command.length > 0) return [...command, ...args];
  return [...image.entrypoint, ...(args.length > 0 ? args : image.command)];
}

/** The image's variables in their order, then the pod's; a name keeps its first place and its last value. */
function environment(request: ContainerRequest, image: ImageConfig, hostname: string): readonly string[] {
  const values = new Map<string, string>();
  for (const entry of image.env) {
    const split = entry.indexOf('=');
    if (split > 0) values.set(entry.slice(0, split), entry);
  }
  if (!values.has('PATH')) values.set('PATH', DEFAULT_PATH);
  if (request.tty && !values.has('TERM')) values.set('TERM', 'TERM=xterm');
  values.set('HOSTNAME', `HOSTNAME=${hostname}`);
  for (const { name, value } of request.env) values.set(name, `${name}=${value}`);
  return [...values.values()];
}

/** `user[:group]` for the guest, which resolves names itself. */
function user({ name, security }: ContainerRequest, imageUser: string): string {
  const [imageName = '', imageGroup = ''] = imageUser.split(':');
  const chosen = security.runAsUser === undefined ? imageName : String(security.runAsUser);
  const group = security.runAsGroup === undefined ? (security.runAsUser === undefined ? imageGroup : '') : String(security.runAsGroup);
  if (security.runAsNonRoot) refuseRoot(name, chosen);
  if (group === '') return chosen;
  return `${chosen === '' ? '0' : chosen}:${group}`;
}

function refuseRoot(container: string, chosen: string): void {
  if (chosen === '' || chosen === '0' || chosen === 'root') {
    throw new ProviderFailure('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root', { container });
  }
  if (!/^\d+$/.test(chosen)) {
    const message = `container has runAsNonRoot and image has non-numeric user (${chosen}), cannot verify user is non-root`;
    throw new ProviderFailure('CreateContainerConfigError', message, { container });
  }
}
