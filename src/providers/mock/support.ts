import type { SupportTable } from '../../kubelet/provider.ts';

const honoured = (...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'honoured' }));
const pretended = (note: string, ...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'degraded', quiet: true, note }));

const everyContainer = (...fields: readonly string[]): readonly string[] =>
  ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => fields.map((field) => `${list}[].${field}`));

/**
 * Nothing runs, so nothing can go against what a pod asks for: every field is taken. What would have an effect only on a
 * process is degraded, without an event at each pod.
 */
export const MOCK_SUPPORT: SupportTable = [
  ...honoured('containers', 'initContainers', 'ephemeralContainers', 'volumes', 'restartPolicy', 'terminationGracePeriodSeconds', 'activeDeadlineSeconds'),
  ...honoured('hostname', 'subdomain', 'enableServiceLinks', 'resources'),
  ...pretended('Nobody reads it: nothing runs.', 'automountServiceAccountToken'),
  ...pretended('There is nothing that it could concern: no process runs and no image is pulled.', 'imagePullSecrets', 'securityContext', 'runtimeClassName'),
  ...pretended('There is nothing that it could concern: no process runs.', ...everyContainer('securityContext', 'resizePolicy')),
  ...pretended('Pods have an address of their own and no network behind it.', 'hostNetwork', 'dnsPolicy', 'dnsConfig', 'hostAliases', 'setHostnameAsFQDN'),
  ...pretended('Pods have an address of their own and no network behind it.', ...everyContainer('ports[].hostPort', 'ports[].hostIP')),
  ...pretended('No process runs that could share it.', 'hostPID', 'hostIPC', 'hostUsers', 'shareProcessNamespace'),
  ...pretended('Nothing is mounted.', 'volumes[].hostPath', 'volumes[].emptyDir.sizeLimit', 'volumes[].emptyDir.medium'),
];
