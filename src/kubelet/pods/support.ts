/**
 * Which fields of a pod are honoured, degraded or refused. Every field that is set needs an entry, in the table of the
 * core below or in the provider's; the entry with the longest path that leads to the field decides. The core's refusals
 * stand whatever a provider says, because the core itself would have to do the work.
 */
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { omit } from '../omit.ts';
import type { SupportEntry, SupportTable } from '../provider.ts';

export interface SupportVerdict {
  readonly refused: readonly SupportEntry[];
  readonly degraded: readonly SupportEntry[];
}

const honoured = (...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'honoured' }));
const refused = (note: string, ...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'refused', note }));

const projections = (...kinds: readonly string[]): readonly string[] => kinds.map((kind) => `volumes[].projected.sources[].${kind}`);
/** Kinds of volumes that somebody else provides and attaches. */
const DRIVER_VOLUMES: readonly string[] = [
  ...['persistentVolumeClaim', 'ephemeral', 'csi', 'flexVolume', 'image', 'nfs', 'iscsi', 'fc', 'rbd', 'cephfs', 'glusterfs', 'cinder', 'flocker'],
  ...['awsElasticBlockStore', 'azureDisk', 'azureFile', 'gcePersistentDisk', 'gitRepo', 'photonPersistentDisk', 'portworxVolume', 'quobyte'],
  ...['scaleIO', 'storageos', 'vsphereVolume'],
];
const WINDOWS: readonly string[] = ['', 'containers[].', 'initContainers[].', 'ephemeralContainers[].'].map(
  (prefix) => `${prefix}securityContext.windowsOptions`,
);

/** What the kubelet core does by itself, whatever runs the pods. */
const CORE_SUPPORT: SupportTable = [
  ...honoured('nodeName', 'nodeSelector', 'affinity', 'tolerations', 'topologySpreadConstraints', 'schedulerName', 'schedulingGates'),
  ...honoured('priority', 'priorityClassName', 'preemptionPolicy', 'restartPolicy', 'terminationGracePeriodSeconds', 'activeDeadlineSeconds'),
  ...honoured('readinessGates', 'hostname', 'serviceAccountName', 'serviceAccount', 'os', 'overhead', 'volumes[].name'),
  ...honoured('containers[].name', 'containers[].image', 'containers[].imagePullPolicy', 'containers[].command', 'containers[].args'),
  ...honoured('containers[].env', 'containers[].envFrom', 'containers[].workingDir', 'containers[].tty', 'containers[].stdin'),
  ...honoured('containers[].ports[].name', 'containers[].ports[].containerPort', 'containers[].ports[].protocol'),
  ...refused('Init containers and sidecars are not run yet.', 'initContainers'),
  ...refused('Probes are not run yet.', 'containers[].livenessProbe', 'containers[].readinessProbe', 'containers[].startupProbe'),
  ...refused('Lifecycle hooks are not run yet.', 'containers[].lifecycle'),
  ...refused('Restart rules of single containers are not followed yet.', 'containers[].restartPolicy', 'containers[].restartPolicyRules'),
  { field: 'automountServiceAccountToken', support: 'degraded', note: 'Service account tokens are not mounted into containers on this node.' },
  ...refused('Variables cannot be read from files on this node.', 'containers[].env[].valueFrom.fileKeyRef', 'initContainers[].env[].valueFrom.fileKeyRef'),
  ...refused('Trust bundles and pod certificates are not available on this node.', ...projections('clusterTrustBundle', 'podCertificate')),
  ...refused('Persistent volumes and volume drivers are not available on this node.', ...DRIVER_VOLUMES.map((kind) => `volumes[].${kind}`)),
  ...refused('Block devices are not available on this node.', 'containers[].volumeDevices', 'initContainers[].volumeDevices'),
  ...refused('This node runs Linux containers.', ...WINDOWS),
  // It concerns volumes that outlive pods, and there are none.
  ...honoured('securityContext.fsGroupChangePolicy'),
];

/** Values that the API server fills in, or that ask for nothing. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  dnsPolicy: 'ClusterFirst',
  enableServiceLinks: true,
  hostUsers: true,
  'containers[].terminationMessagePath': '/dev/termination-log',
  'containers[].terminationMessagePolicy': 'File',
};

/** Fields that ask for something by being false. */
const ASKS_BY_FALSE: ReadonlySet<string> = new Set(['hostUsers']);

/** The volume that admission adds to every pod for its service account token, since 1.21 and (as a plain secret) before. */
const TOKEN_VOLUME = /^kube-api-access-[a-z0-9]{5}$/;
const OLD_TOKEN_VOLUME = /-token-[a-z0-9]{5}$/;
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Judges every field that is set in the pod's spec. */
export function judgeSupport(pod: Pod, provider: SupportTable): SupportVerdict {
  const found = new Map<string, SupportEntry>();
  const tokens = tokenVolumes(pod);
  for (const field of setFields(withoutToken(pod, tokens))) {
    const entry = verdictOf(field, provider);
    if (entry.support !== 'honoured') found.set(entry.field, entry);
  }
  if (tokens.size > 0) {
    const entry = verdictOf('automountServiceAccountToken', provider);
    if (entry.support !== 'honoured') found.set(entry.field, entry);
  }
  const entries = [...found.values()];
  return { refused: entries.filter(({ support }) => support === 'refused'), degraded: entries.filter(({ support }) => support === 'degraded') };
}

/** Volumes with the injected token that a provider does not mount: neither they nor their mounts are handed to it. */
export function unmountedTokenVolumes(pod: Pod, provider: SupportTable): ReadonlySet<string> {
  return verdictOf('automountServiceAccountToken', provider).support === 'honoured' ? new Set() : tokenVolumes(pod);
}

function verdictOf(field: string, provider: SupportTable): SupportEntry {
  const core = closest(field, CORE_SUPPORT);
  if (core?.support === 'refused') return core;
  const own = closest(field, provider);
  const entry = own !== undefined && own.field.length >= (core?.field.length ?? 0) ? own : core;
  return entry ?? { field, support: 'refused', note: 'This field is not supported on this node.' };
}

/** The entry with the longest path that is the field or contains it. */
function closest(field: string, table: SupportTable): SupportEntry | undefined {
  const matches = table.filter((entry) => field === entry.field || field.startsWith(`${entry.field}.`) || field.startsWith(`${entry.field}[]`));
  return matches.sort((a, b) => b.field.length - a.field.length)[0];
}

/** Paths of all leaves that ask for something: not null, false, empty, or the API server's default. */
function setFields(value: unknown, path = ''): readonly string[] {
  if (value === null || value === undefined || (value === false && !ASKS_BY_FALSE.has(path)) || value === '' || DEFAULTS[path] === value) return [];
  if (Array.isArray(value)) return [...new Set(value.flatMap((item: unknown) => (item === null ? [] : setFields(item, `${path}[]`))))];
  if (typeof value !== 'object') return [path];
  const prefix = path === '' ? '' : `${path}.`;
  const entries = Object.entries(value);
  // `emptyDir: {}` asks for something by being there; `securityContext: {}` asks for nothing.
  if (entries.length === 0) return path.startsWith('volumes[].') ? [path] : [];
  return [...new Set(entries.flatMap(([key, item]) => setFields(item, `${prefix}${key}`)))];
}

/** Names of the volumes that nobody but admission (plugin/pkg/admission/serviceaccount) has asked for. */
function tokenVolumes(pod: Pod): ReadonlySet<string> {
  const injected = (pod.spec?.volumes ?? []).filter(({ name, projected, secret }) => {
    if (projected !== undefined) return TOKEN_VOLUME.test(name);
    return secret?.secretName === name && OLD_TOKEN_VOLUME.test(name);
  });
  const mounts = (pod.spec?.containers ?? []).flatMap((container) => container.volumeMounts ?? []);
  const elsewhere = new Set(mounts.filter(({ mountPath }) => mountPath !== TOKEN_PATH).map(({ name }) => name));
  return new Set(injected.map(({ name }) => name).filter((name) => !elsewhere.has(name)));
}

/** The spec without the injected token volume and its mounts, which are judged by one entry of their own. */
function withoutToken(pod: Pod, tokens: ReadonlySet<string>): unknown {
  const { spec } = pod;
  if (spec === undefined) return {};
  const rest = omit(spec, 'automountServiceAccountToken');
  if (tokens.size === 0) return rest;
  return {
    ...rest,
    volumes: (spec.volumes ?? []).filter(({ name }) => !tokens.has(name)),
    containers: spec.containers.map((container) => ({
      ...container,
      volumeMounts: (container.volumeMounts ?? []).filter(({ name }) => !tokens.has(name)),
    })),
  };
}
