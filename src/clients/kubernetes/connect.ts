import { VickError } from '../../errors/vick-error.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import type { KubernetesApi } from './port.ts';

/** A client for the server of `kubeconfig`, authenticated as its user. Opens no connection by itself. */
export function connect(kubeconfig: Kubeconfig): Promise<KubernetesApi> {
  return Promise.reject(new VickError('BUG', `not written yet: ${kubeconfig.path}`));
}
