import type { SupportTable } from '../../kubelet/provider.ts';
import { ISOLATION_SUPPORT, type Isolation } from './isolation.ts';
import { degraded, honoured, refused } from './support-entries.ts';

/** vmware/vic feature/wolfpack: the guest mounts disks before it enters the images, and its archive calls know one file system per VM. */
const NO_VOLUMES = 'What a VCH mounts is mounted in the root of the pod’s VM, where no container sees it.';
const isolation = 'A pod is isolated by its own virtual machine; this setting is not applied to the process inside it.';

/** What pod VMs make of each pod field. What the kubelet core does by itself is in the core's table. */
export function vicSupport(isolation: Isolation): SupportTable {
  return [...ISOLATION_SUPPORT[isolation], ...COMMON];
}

/** Whatever shares a VM. */
const COMMON: SupportTable = [
  ...honoured(
    ['containers[].command', 'containers[].args', 'containers[].env'],
    'Words with the character "|", which a VCH cuts, are passed on by way of /bin/sh of the image; where a shell would lose an environment variable by its name, the container is refused.',
  ),
  ...honoured(['containers[].workingDir', 'containers[].tty', 'containers[].stdin', 'hostname', 'subdomain', 'enableServiceLinks']),
  ...degraded(['containers[].resizePolicy'], 'A pod VM cannot be resized.'),
  ...refused(['containers[].resources.claims', 'resourceClaims'], 'A VCH has no dynamic resources.'),
  ...honoured(['containers[].stdinOnce'], 'The end of an attached session’s input is the end of the container’s.'),
  ...degraded(['containers[].terminationMessagePath'], 'Files cannot be read from a pod VM that has ended.'),
  ...refused(['ephemeralContainers'], 'Containers cannot be added to a running pod VM.'),
  ...honoured(['containers[].lifecycle.postStart', 'containers[].lifecycle.preStop'], 'Commands run as those of a probe do.'),

  ...refused(['volumes', 'containers[].volumeMounts', 'containers[].volumeDevices'], NO_VOLUMES),
  ...degraded(['automountServiceAccountToken'], `The service account token is not mounted. ${NO_VOLUMES}`),

  ...refused(['hostNetwork', 'hostPID', 'hostIPC'], 'A pod VM shares nothing with a host.'),
  ...refused(['containers[].ports[].hostPort', 'containers[].ports[].hostIP'], 'A VCH forwards no host ports to pod VMs.'),
  ...degraded(['dnsPolicy'], 'A pod VM uses the DNS servers of its VCH network.'),
  ...refused(['dnsConfig', 'hostAliases', 'setHostnameAsFQDN'], 'The resolver and hosts file of a pod VM cannot be configured.'),
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
