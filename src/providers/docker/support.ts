import type { SupportEntry, SupportTable } from '../../kubelet/provider.ts';
import type { EngineFacts } from './engine-kind.ts';

const honoured = (...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'honoured' }));
const degraded = (note: string, ...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'degraded', note }));
const refused = (note: string, ...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'refused', note }));

/** What pods on this engine may ask for. Until an engine has told what it is, the strictest answer holds for what they differ in. */
export function supportOf(facts: Pick<EngineFacts, 'kind' | 'rootless'>): SupportTable {
  return facts.kind === 'vch' ? VCH : [...ENGINE, ...(facts.kind === 'podman' ? PODMAN : DOCKER), ...(facts.rootless ? ROOTLESS : [])];
}

const everyContainer = (...fields: readonly string[]): readonly string[] =>
  ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => fields.map((field) => `${list}[].${field}`));

const COMMON: readonly SupportEntry[] = [
  ...honoured(...everyContainer('name', 'image', 'command', 'args', 'env', 'envFrom', 'workingDir', 'tty', 'stdin', 'stdinOnce', 'imagePullPolicy')),
  ...refused('There is one runtime, the engine.', 'runtimeClassName'),
  ...refused('An engine has no dynamic resources.', ...everyContainer('resources.claims'), 'resourceClaims'),
  ...refused('Pods run Linux.', 'securityContext.windowsOptions', ...everyContainer('securityContext.windowsOptions')),
  ...refused('Block devices are not given to containers.', ...everyContainer('volumeDevices')),
];

const ENGINE: SupportTable = [
  ...COMMON,
  ...honoured(
    'containers',
    'initContainers',
    'ephemeralContainers',
    'restartPolicy',
    'terminationGracePeriodSeconds',
    'imagePullSecrets',
    'enableServiceLinks',
    'automountServiceAccountToken',
  ),
  ...honoured(
    ...everyContainer('ports', 'resources.requests', 'resources.limits', 'volumeMounts', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'),
  ),
  ...honoured(...everyContainer('terminationMessagePath', 'terminationMessagePolicy')),
  ...degraded('A container is never resized in place.', ...everyContainer('resizePolicy')),
  ...degraded('Limits of the pod as a whole are not enforced; those of its containers are.', 'resources'),
  ...honoured(
    'hostname',
    'subdomain',
    'setHostnameAsFQDN',
    'hostAliases',
    'dnsPolicy',
    'dnsConfig',
    'hostNetwork',
    'hostPID',
    'hostIPC',
    'shareProcessNamespace',
  ),
  ...honoured('volumes[].emptyDir', 'volumes[].configMap', 'volumes[].secret', 'volumes[].downwardAPI', 'volumes[].projected'),
  ...honoured('volumes[].hostPath'),
  ...degraded('The size of a volume on disk is not limited.', 'volumes[].emptyDir.sizeLimit'),
  ...refused('Mounts made later on the host or in a container are not passed on.', ...everyContainer('volumeMounts[].mountPropagation')),
  ...honoured(...['runAsUser', 'runAsGroup', 'runAsNonRoot', 'supplementalGroups', 'fsGroup', 'fsGroupChangePolicy'].map((name) => `securityContext.${name}`)),
  ...degraded('Groups of the image are always added.', 'securityContext.supplementalGroupsPolicy'),
  ...honoured(
    ...everyContainer(
      ...['runAsUser', 'runAsGroup', 'runAsNonRoot', 'privileged', 'capabilities', 'readOnlyRootFilesystem', 'allowPrivilegeEscalation'].map(
        (name) => `securityContext.${name}`,
      ),
    ),
  ),
  ...honoured('securityContext.seccompProfile', ...everyContainer('securityContext.seccompProfile')),
  ...refused(
    'Profiles of the node cannot be chosen.',
    'securityContext.seccompProfile.localhostProfile',
    ...everyContainer('securityContext.seccompProfile.localhostProfile'),
  ),
  ...degraded(
    'The default profiles of the engine apply.',
    ...['appArmorProfile', 'seLinuxOptions', 'seLinuxChangePolicy'].map((name) => `securityContext.${name}`),
    ...everyContainer('securityContext.appArmorProfile', 'securityContext.seLinuxOptions'),
  ),
  ...refused('Parts of /proc cannot be unmasked.', ...everyContainer('securityContext.procMount')),
  ...refused('Kernel parameters of a pod cannot be set.', 'securityContext.sysctls'),
  ...refused('Pods share the user namespace of the engine.', 'hostUsers'),
];

const DOCKER: SupportTable = honoured('volumes[].emptyDir.medium');

const PODMAN: SupportTable = degraded('Podman limits no volume in memory; its size is that of the memory.', 'volumes[].emptyDir.medium');

const ROOTLESS: SupportTable = refused(
  'This engine runs without root and cannot give what it does not have.',
  'hostNetwork',
  'hostPID',
  ...everyContainer('securityContext.privileged'),
);

/** A VCH makes a VM of every container: nothing is shared between two, and nothing of a host can be mounted. */
const VCH: SupportTable = [
  ...COMMON,
  ...honoured('containers', 'restartPolicy', 'terminationGracePeriodSeconds', 'imagePullSecrets', 'enableServiceLinks', 'hostname', 'subdomain'),
  ...honoured('containers[].ports[].name', 'containers[].ports[].containerPort', 'containers[].ports[].protocol'),
  ...honoured('containers[].resources.requests', 'securityContext.runAsUser', 'securityContext.runAsGroup', 'securityContext.runAsNonRoot'),
  ...honoured(...['runAsUser', 'runAsGroup', 'runAsNonRoot'].map((name) => `containers[].securityContext.${name}`)),
  ...honoured('containers[].livenessProbe', 'containers[].readinessProbe', 'containers[].startupProbe', 'containers[].lifecycle'),
  ...degraded('A limit sizes the VM: whole processors, and memory in steps of 128 MiB.', 'containers[].resources.limits'),
  ...degraded('Termination messages cannot be read from a VM.', 'containers[].terminationMessagePath', 'containers[].terminationMessagePolicy'),
  ...degraded('A pod uses the DNS servers of its VCH network.', 'dnsPolicy'),
  ...degraded('The service account token is not mounted: a VM has no volumes that a pod could fill.', 'automountServiceAccountToken'),
  ...refused('A VCH makes a VM of every container, and two of them share nothing.', 'initContainers', 'ephemeralContainers', 'shareProcessNamespace'),
  ...refused('A VCH mounts no folders, and a volume of it cannot be filled.', 'volumes', 'containers[].volumeMounts'),
  ...refused('A VM shares nothing with a host.', 'hostNetwork', 'hostPID', 'hostIPC'),
  ...refused('The ports of a VCH belong to its public network.', 'containers[].ports[].hostPort', 'containers[].ports[].hostIP'),
  ...refused('The resolver and hosts file of a VM cannot be configured.', 'dnsConfig', 'hostAliases', 'setHostnameAsFQDN'),
  ...refused(
    'A VCH accepts this setting and ignores it.',
    ...['privileged', 'capabilities', 'readOnlyRootFilesystem', 'allowPrivilegeEscalation', 'seccompProfile', 'procMount'].map(
      (name) => `containers[].securityContext.${name}`,
    ),
    ...['fsGroup', 'supplementalGroups', 'seccompProfile', 'sysctls'].map((name) => `securityContext.${name}`),
  ),
];
