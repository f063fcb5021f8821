import type { SupportTable } from '../../../kubelet/provider.ts';
import { degraded, honoured, quietly, refused } from './support-entries.ts';

/** What shares a VM: all containers of a pod, or none. */
export type Isolation = 'pod' | 'container';

export const ISOLATIONS: readonly Isolation[] = ['pod', 'container'];

const PROBES = ['containers[].livenessProbe', 'containers[].readinessProbe', 'containers[].startupProbe'] as const;
const STEPS = 'whole CPUs, memory in steps of 128 MiB, 512 MiB at least';

/** Pod fields for which it matters what shares a VM. */
export const ISOLATION_SUPPORT: Readonly<Record<Isolation, SupportTable>> = {
  pod: [
    ...honoured(
      ['containers[].image'],
      'Containers of one pod whose images are the same share one root file system, because a pod VM can hold each image only once.',
    ),
    ...honoured(['containers[].resources.requests', 'resources.requests'], `The VM has the sum of the requests: ${STEPS}.`),
    ...degraded(
      ['containers[].resources.limits', 'resources.limits'],
      'Limits size the VM where there is no request, and are not enforced per container: the VM as a whole is the limit.',
    ),
    ...degraded(
      ['containers[].terminationMessagePolicy'],
      'Where no message file can be read, FallbackToLogsOnError takes the end of the log of a container that failed: of one that joined the running VM, only if the kubelet has run since.',
    ),
    ...honoured(
      ['restartPolicy'],
      'Each container is restarted by itself: with its VM where that is off, else as a task in the running VM. How the last container of a VM ended is not known when the VM goes off before the kubelet has seen it.',
    ),
    ...quietly(
      ['terminationGracePeriodSeconds', 'containers[].lifecycle.stopSignal'],
      'A VCH has signals for the container that its VM started with, the first one; to the others /bin/sh of their own image sends them in the VM. Without a shell there they are killed when they are to stop.',
    ),
    ...honoured(
      ['initContainers'],
      'Each init container is a start of the VM with nothing else in it, so it costs a boot of the VM; after a sidecar it runs beside it.',
    ),
    ...degraded(
      ['initContainers[].restartPolicy'],
      'A sidecar is what its VM starts with, so the log that the VCH keeps is the sidecar’s; those of the containers which start after it are kept by the kubelet.',
    ),
    ...honoured(PROBES, 'A command costs a change of the VM each time; http, tcp and gRPC go to the address of the pod and cost nothing.'),
    ...degraded(['shareProcessNamespace'], 'Containers of a pod VM always run in one process namespace.'),
  ],
  container: [
    ...honoured(
      ['containers[].image'],
      'Each container is alone in a VM with an address of its own: it does not reach the others at localhost. The pod’s address is that of its first main container.',
    ),
    ...honoured(['containers[].resources.requests'], `The VM of the container has what it requests: ${STEPS}.`),
    ...degraded(['containers[].resources.limits'], 'Limits size the VM where there is no request, and are not enforced beside one.'),
    ...degraded(['resources.requests', 'resources.limits'], 'Each VM is sized by its own container; what is said for the whole pod sizes none.'),
    ...honoured(
      ['containers[].terminationMessagePolicy'],
      'Where no message file can be read, FallbackToLogsOnError takes the end of the log of a container that failed.',
    ),
    ...honoured(['restartPolicy'], 'A container is restarted by starting its VM again, without a change to the others; what it wrote to its disk stays.'),
    ...honoured(['terminationGracePeriodSeconds', 'containers[].lifecycle.stopSignal'], 'Of every container by itself.'),
    ...honoured(['initContainers'], 'Each has a VM of its own, which stays, powered off, until the pod is removed.'),
    ...honoured(['initContainers[].restartPolicy']),
    ...honoured(PROBES, 'A command costs a change of the VM each time; http, tcp and gRPC go to the address of the container’s own VM and cost nothing.'),
    ...refused(['shareProcessNamespace'], 'Each container is in a VM of its own: they share no processes.'),
  ],
};
