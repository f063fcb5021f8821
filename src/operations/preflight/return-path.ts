import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import { failed, failedWith, passed, skipped, warned, type Check } from './check.ts';
import { CHECKS } from './names.ts';

const LIMIT_MS = 15_000;

/** Asks the kubelet for its health through the API server: the way that kubectl logs and exec take. */
export async function checkReturnPath(api: KubernetesApi, nodeName: string, signal: AbortSignal): Promise<Check> {
  const about = CHECKS.returnPath;
  try {
    const said = (await api.requestText({ method: 'GET', path: paths.nodeProxy(nodeName, '/healthz'), timeoutMs: LIMIT_MS }, signal)).trim();
    if (said === 'ok') return passed(about, `the kubelet of ${nodeName} answers`);
    return warned(about, `${nodeName} answers, but not as a kubelet does: ${said.slice(0, 80)}`);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    const status = error.details?.['httpStatus'];
    if (status === 501) return skipped(about, 'not checked: this control plane has no proxy to nodes');
    if (error.code === 'KUBE_NOT_FOUND') return failed(about, 'KUBE_NOT_FOUND', `there is no node ${nodeName}`, 'See what there is with: vick node list --all');
    if (error.code === 'KUBE_FORBIDDEN') return skipped(about, `not checked: you may not use nodes/proxy (${messageOf(error)})`);
    // kube-apiserver proxies to no loopback address, though logs and exec may go there.
    if (status === 400 && error.message.includes('not allowed')) {
      return skipped(about, `not checked: the API server proxies to no such address (${messageOf(error)})`);
    }
    if (typeof status !== 'number') return failedWith(about, error);
    const why = `the API server does not reach the kubelet of ${nodeName}: ${messageOf(error)}`;
    return warned(
      about,
      why,
      `kubectl logs and exec fail for its pods: check that port 10250 of the node is open to the API server (kubectl get node ${nodeName} -o wide).`,
    );
  }
}
