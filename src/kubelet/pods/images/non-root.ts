import type { Pod } from '../../../platform/kubernetes-objects.ts';
import { ProviderFailure, type SecurityRequest } from '../../provider.ts';

/**
 * Refuses a container that must not run as root and would, or might (pkg/kubelet/kuberuntime/security_context.go).
 * `imageUser` as the image has it; empty means root. Throws ProviderFailure `CreateContainerConfigError`.
 */
export function verifyNonRoot(pod: Pod, container: string, security: SecurityRequest, imageUser: string | undefined): void {
  if (!security.runAsNonRoot) return;
  const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container})`;
  const refuse = (message: string): never => {
    throw new ProviderFailure('CreateContainerConfigError', `${message} ${where}`, { container });
  };
  if (security.runAsUser !== undefined) {
    if (security.runAsUser === 0) refuse("container's runAsUser breaks non-root policy");
    return;
  }
  if (imageUser === undefined) {
    refuse('container has runAsNonRoot and the user of its image is not known, cannot verify user is non-root');
    return;
  }
  const [user = ''] = imageUser.split(':');
  if (user === '' || /^0+$/.test(user)) refuse('container has runAsNonRoot and image will run as root');
  if (!/^\d+$/.test(user)) refuse(`container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root`);
}
