import type { SupportEntry, SupportTable } from '../../kubelet/provider.ts';

const honoured = (fields: readonly string[], note?: string): readonly SupportEntry[] =>
  fields.map((field) => ({ field, support: 'honoured', ...(note === undefined ? {} : { note }) }));
const degraded = (fields: readonly string[], note: string): readonly SupportEntry[] => fields.map((field) => ({ field, support: 'degraded', note }));
const refused = (fields: readonly string[], note: string): readonly SupportEntry[] => fields.map((field) => ({ field, support: 'refused', note }));

/** vmware/vic feature/wolfpack: the guest mounts disks before it enters the images, and its archive calls know one file system per VM. */
const NO_VOLUMES = 'What a VCH mounts is mounted in the root of the pod’s VM, where no container sees it.';
const isolation = 'A pod is isolated by its own virtual machine; this setting is not applied to the process inside it.';

/** What a pod VM makes of each pod field. What the kubelet core does by itself is in the core's table. */
export const VIC_SUPPORT: SupportTable = [
  ...honoured(
    ['containers[].image'],
    'Containers of one pod whose images are the same share one root file system, because a pod VM can hold each image only once.',
  ),
  ...honoured(
    ['containers[].command', 'containers[].args', 'containers[].env'],
    'Words with the character "|", which a VCH cuts, are passed on by way of /bin/sh of the image; where a shell would lose an environment variable by its name, the container is refused.',
  ),
  ...honoured(['containers[].workingDir', 'containers[].tty', 'containers[].stdin', 'hostname', 'subdomain', 'enableServiceLinks']),
  ...honoured(
    ['containers[].resources.requests', 'resources.requests'],
    'The VM has the sum of the requests: whole CPUs, memory in steps of 128 MiB, 512 MiB at least.',
  ),
  ...degraded(
    ['containers[].resources.limits', 'resources.limits'],
    'Limits size the VM where there is no request, and are not enforced per container: the VM as a whole is the limit.',
  ),
  ...degraded(['containers[].resizePolicy'], 'A pod VM cannot be resized.'),
  ...refused(['containers[].resources.claims', 'resourceClaims'], 'A VCH has no dynamic resources.'),
  ...honoured(['containers[].stdinOnce'], 'The end of an attached session’s input is the end of the container’s.'),
  ...degraded(['containers[].terminationMessagePath'], 'Files cannot be read from a pod VM that has ended.'),
  ...degraded(
    ['containers[].terminationMessagePolicy'],
    'A message file cannot be read from a pod VM that has ended; with FallbackToLogsOnError the end of the log is the message of a container that failed, if it was alone in its VM.',
  ),
  ...honoured(
    ['restartPolicy'],
    'The containers of a pod start and stop with their VM: they are restarted together, once the first container has ended and the VM is off.',
  ),
  ...honoured(['terminationGracePeriodSeconds'], 'The stop signal reaches the first container; when it has ended, the VM is powered off.'),
  ...honoured(['containers[].lifecycle.stopSignal'], 'Of several containers of a pod, the first one’s counts.'),

  ...honoured(['initContainers'], 'Each init container is a start of the VM with nothing else in it, so it costs a boot of the VM.'),
  ...degraded(
    ['initContainers[].restartPolicy'],
    'A sidecar starts together with the main containers, after every init container, and ends with the VM: it is not restarted by itself.',
  ),
  ...refused(['ephemeralContainers'], 'Containers cannot be added to a running pod VM.'),
  ...honoured(
    ['containers[].livenessProbe', 'containers[].readinessProbe', 'containers[].startupProbe'],
    'A command costs a change of the VM each time; http, tcp and gRPC go to the address of the pod and cost nothing. A failed liveness probe restarts the whole pod VM.',
  ),
  ...honoured(['containers[].lifecycle.postStart', 'containers[].lifecycle.preStop'], 'Commands run as those of a probe do.'),

  ...refused(['volumes', 'containers[].volumeMounts', 'containers[].volumeDevices'], NO_VOLUMES),
  ...degraded(['automountServiceAccountToken'], `The service account token is not mounted. ${NO_VOLUMES}`),

  ...refused(['hostNetwork', 'hostPID', 'hostIPC'], 'A pod VM shares nothing with a host.'),
  ...refused(['containers[].ports[].hostPort', 'containers[].ports[].hostIP'], 'A VCH forwards no host ports to pod VMs.'),
  ...degraded(['dnsPolicy'], 'A pod VM uses the DNS servers of its VCH network.'),
  ...refused(['dnsConfig', 'hostAliases', 'setHostnameAsFQDN'], 'The resolver and hosts file of a pod VM cannot be configured.'),
  ...degraded(['shareProcessNamespace'], 'Containers of a pod VM always run in one process namespace.'),
  ...honoured(['imagePullSecrets'], 'User names and passwords; a VCH does not pass identity tokens on.'),

  ...honoured([
    'securityContext.runAsUser',
    'securityContext.runAsGroup',
    'securityContext.runAsNonRoot',
    'containers[].securityContext.runAsUser',
    'containers[].securityContext.runAsGroup',
    'containers[].securityContext.runAsNonRoot',
  ]),
  ...degraded(
    [
      'containers[].securityContext.capabilities',
      'containers[].securityContext.allowPrivilegeEscalation',
      'containers[].securityContext.readOnlyRootFilesystem',
      'containers[].securityContext.seccompProfile',
      'containers[].securityContext.appArmorProfile',
      'containers[].securityContext.seLinuxOptions',
      'securityContext.seccompProfile',
      'securityContext.appArmorProfile',
      'securityContext.seLinuxOptions',
      'securityContext.seLinuxChangePolicy',
    ],
    isolation,
  ),
  ...degraded(
    ['securityContext.fsGroup', 'securityContext.fsGroupChangePolicy', 'securityContext.supplementalGroups', 'securityContext.supplementalGroupsPolicy'],
    'The guest resolves groups by the image alone.',
  ),
  ...refused(['containers[].securityContext.privileged', 'containers[].securityContext.procMount'], 'A VCH cannot start privileged processes in a pod VM.'),
  ...refused(['securityContext.sysctls'], 'Kernel parameters of a pod VM cannot be set.'),
  ...refused(['securityContext.windowsOptions', 'containers[].securityContext.windowsOptions'], 'Pod VMs run Linux.'),
  ...refused(['runtimeClassName'], 'There is one runtime, the pod VM.'),
];
