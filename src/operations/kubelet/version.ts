import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';

/** The newest Kubernetes whose kubelet contract is implemented here. */
const NEWEST_MINOR = 36;
const FIRST_PAUSE_MS = 500;
const CAP_MS = 7_000;

/**
 * The version that the node reports: a kubelet may be older than its API server, but never newer (Kubernetes version
 * skew policy), so it follows the server's. Waits for the server: without one nothing can be registered anyway.
 */
export async function kubeletVersionFor(
  api: KubernetesApi,
  own: string,
  tools: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<string> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, CAP_MS)) {
    try {
      const server = await api.request<{ readonly minor?: string; readonly gitVersion?: string }>({ method: 'GET', path: '/version' }, signal);
      // Some builds leave the numbers out and have the version's text only.
      return kubeletVersion(server.minor === undefined || server.minor === '' ? /^v1\.(\d+)\./.exec(server.gitVersion ?? '')?.[1] : server.minor, own);
    } catch (error) {
      signal.throwIfAborted();
      tools.log.warn('the Kubernetes API server does not tell its version yet', { server: api.server, error: messageOf(error) });
      await tools.clock.sleep(pause, signal);
    }
  }
}

/** `minor` as the server writes it, for example `32` or `27+`. */
export function kubeletVersion(minor: string | undefined, own: string): string {
  const served = Number(/^\d+/.exec(minor ?? '')?.[0] ?? NEWEST_MINOR);
  return `v1.${String(Math.min(served, NEWEST_MINOR))}.0-vick-${own}`;
}
