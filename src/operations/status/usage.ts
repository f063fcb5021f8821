import type { Pod } from '../../platform/kubernetes-objects.ts';
import { plus, podRequests, type ResourceAmounts } from '../../platform/pod-requests.ts';

const NANO = 1_000_000_000n;
const MIB = 1024n * 1024n;

/** What pods that have not ended ask for together: `cpu` in cores or millicores, `memory` in MiB, `pods` as a number. */
export function requestedBy(pods: readonly Pod[]): Readonly<Record<string, string>> {
  const counted = pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  const sum = counted.map(podRequests).reduce<ResourceAmounts>(plus, {});
  const milli = ((sum['cpu'] ?? 0n) * 1000n) / NANO;
  const mebibytes = (sum['memory'] ?? 0n) / NANO / MIB;
  return {
    cpu: milli % 1000n === 0n ? String(milli / 1000n) : `${milli}m`,
    memory: mebibytes === 0n ? '0' : `${mebibytes}Mi`,
    pods: String(counted.length),
  };
}
