import type { SupportTable } from '../../../kubelet/provider.ts';
import { ISOLATION_SUPPORT, type Isolation } from './isolation.ts';
import { degraded, honoured, refused } from './support-entries.ts';

/** vmware/vic feature/wolfpack: the guest mounts volumes before it enters the images. */
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
  ...degraded(
    ['containers[].terminationMessagePath'],
    'The file is read from the disk of the pod VM when that is off, up to 1 MiB, without following links. It is lost where the VM has file systems of its own: below /dev, where it is by default, /proc and /sys. There is no message, rather than a wrong one, while other containers of the VM run, of a container that was restarted in the running VM, and where containers with one root file system that may run together have the same path.',
  ),
  ...refused(['ephemeralContainers'], 'Containers cannot be added to a running pod VM.'),
  ...honoured(['containers[].lifecycle.postStart', 'containers[].lifecycle.preStop'], 'Commands run as those of a probe do.'),

  ...refused(['volumes', 'containers[].volumeDevices'], NO_VOLUMES),
  ...degraded(
    ['volumes[].configMap', 'volumes[].secret', 'volumes[].downwardAPI', 'volumes[].projected'],
    'The files are written into the root file systems of the containers that mount them before the pod VM first starts, and follow their sources: on a VM that is off through the VCH, in one that runs by /bin/sh of the image, where each file is replaced at once and all of them one right after the other. An image without a shell has the new ones when its VM starts again, which an event says; mounts with a subPath keep those of the beginning. The files lie on the VM’s disk beside what the image has there, and belong to root; what their owner or fsGroup may read, every process of the pod may.',
  ),
  ...honoured(
    ['volumes[].emptyDir'],
    'A folder, owned by root, in a root file system, which survives restarts of the VM. Containers that have different root file systems cannot share one, nor can it be mounted at two paths or be written to by another user than root: such a pod fails when it is created.',
  ),
  ...degraded(['volumes[].emptyDir.medium'], 'The folder is on the disk of the pod VM, not in memory.'),
  ...degraded(['volumes[].emptyDir.sizeLimit'], 'The folder may grow as the root file system may.'),
  ...refused(['volumes[].hostPath'], 'A pod VM shares nothing with a host.'),
  ...honoured(['containers[].volumeMounts'], 'At any path but below /proc, /sys and /dev. A mount adds to what the image has at its path.'),
  ...degraded(
    ['containers[].volumeMounts[].readOnly', 'containers[].volumeMounts[].recursiveReadOnly'],
    'What a volume puts into a root file system can be written to.',
  ),
  ...honoured(
    ['automountServiceAccountToken'],
    'The token is written when the pod is made, and renewed as the files of other volumes are replaced; each time changes the VM. Where the image has no shell it stays as long as the VM runs, and is good for as long as the API server has issued it (a year by default). Where a VCH cannot write it, the pod runs without it, and an event says so.',
  ),

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
  ...degraded(['securityContext.fsGroup'], 'Processes are not put into the group; what it may read in volumes, every process of the pod may.'),
  ...degraded(
    ['securityContext.fsGroupChangePolicy', 'securityContext.supplementalGroups', 'securityContext.supplementalGroupsPolicy'],
    'The guest resolves groups by the image alone.',
  ),
  ...refused(['containers[].securityContext.privileged', 'containers[].securityContext.procMount'], 'A VCH cannot start privileged processes in a pod VM.'),
  ...refused(['securityContext.sysctls'], 'Kernel parameters of a pod VM cannot be set.'),
  ...refused(['securityContext.windowsOptions', 'containers[].securityContext.windowsOptions'], 'Pod VMs run Linux.'),
  ...refused(['runtimeClassName'], 'There is one runtime, the pod VM.'),
];
