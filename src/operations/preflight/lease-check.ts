import { NODE_LEASE_NAMESPACE, paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import type { Lease } from '../../platform/kubernetes-objects.ts';
import { failed, passed, skipped, warned, type Check } from './check.ts';
import { CHECKS } from './names.ts';

/** A lease that is still renewed belongs to a kubelet that runs, whatever its node says. */
export async function checkLease(api: KubernetesApi, nodeName: string, now: number, signal: AbortSignal): Promise<Check> {
  const about = CHECKS.lease;
  try {
    const { spec } = await api.request<Lease>({ method: 'GET', path: paths.lease(NODE_LEASE_NAMESPACE, nodeName) }, signal);
    const renewed = Date.parse(spec?.renewTime ?? '');
    const holder = spec?.holderIdentity ?? 'somebody';
    const seconds = Math.max(0, Math.round((now - renewed) / 1000));
    if (Number.isNaN(renewed) || seconds > (spec?.leaseDurationSeconds ?? 40)) return passed(about, `an old one of ${holder} is left`);
    const why = `${holder} renewed the lease of ${nodeName} ${seconds} s ago: its kubelet runs`;
    if (holder !== nodeName) return failed(about, 'KUBE_CONFLICT', why, 'Choose another name, or end that kubelet first.');
    return warned(about, why, `If its VCH is gone, wait until the lease is old, or: kubectl delete lease -n ${NODE_LEASE_NAMESPACE} ${nodeName}`);
  } catch (error) {
    signal.throwIfAborted();
    if (isVickError(error) && error.code === 'KUBE_NOT_FOUND') return passed(about);
    if (isVickError(error) && error.code === 'KUBE_FORBIDDEN') return skipped(about, 'leases may not be read');
    throw error;
  }
}
