/**
 * Which fields of a pod are honoured, degraded or refused. Every field that is set needs an entry, in the table of the
 * core below or in the provider's; the entry with the longest path that leads to the field decides. The core's refusals
 * stand whatever a provider says, because the core itself would have to do the work.
 */
import type { Container, Pod } from '../../platform/kubernetes-objects.ts';
import { omit } from '../omit.ts';
import type { SupportEntry, SupportTable } from '../provider.ts';
import { neededCapabilities } from './probes/needed-capabilities.ts';

export interface SupportVerdict {
  readonly refused: readonly SupportEntry[];
  readonly degraded: readonly SupportEntry[];
}

const honoured = (...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'honoured' }));
const refused = (note: string, ...fields: readonly string[]): SupportTable => fields.map((field) => ({ field, support: 'refused', note }));

const projections = (...kinds: readonly string[]): readonly string[] => kinds.map((kind) => `volumes[].projected.sources[].${kind}`);
/** The kinds of volumes that need nobody else to provide or attach them, and the name of a volume. */
const OWN_VOLUMES: ReadonlySet<string> = new Set(['name', 'emptyDir', 'configMap', 'secret', 'downwardAPI', 'projected', 'hostPath']);
const MOUNTERS: readonly string[] = ['containers[]', 'initContainers[]'];
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
  ...honoured('initContainers', 'initContainers[].restartPolicy', 'containers[].restartPolicy', 'containers[].restartPolicyRules'),
  ...honoured('containers[].livenessProbe', 'containers[].readinessProbe', 'containers[].startupProbe'),
  ...honoured('containers[].lifecycle.postStart', 'containers[].lifecycle.preStop'),
  { field: 'automountServiceAccountToken', support: 'degraded', note: 'Service account tokens are not mounted into containers on this node.' },
  ...refused('Variables cannot be read from files on this node.', 'containers[].env[].valueFrom.fileKeyRef', 'initContainers[].env[].valueFrom.fileKeyRef'),
  ...refused('Trust bundles and pod certificates are not available on this node.', ...projections('clusterTrustBundle', 'podCertificate')),
  ...refused('Block devices are not available on this node.', 'containers[].volumeDevices', 'initContainers[].volumeDevices'),
  ...refused('This node runs Linux containers.', ...WINDOWS),
  ...refused('Mounts are not passed on between this node and its containers.', ...MOUNTERS.map((path) => `${path}.volumeMounts[].mountPropagation`)),
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
  'securityContext.supplementalGroupsPolicy': 'Merge',
  'containers[].securityContext.procMount': 'Default',
  'initContainers[].securityContext.procMount': 'Default',
  'containers[].volumeMounts[].mountPropagation': 'None',
  'initContainers[].volumeMounts[].mountPropagation': 'None',
  'containers[].volumeMounts[].recursiveReadOnly': 'Disabled',
  'initContainers[].volumeMounts[].recursiveReadOnly': 'Disabled',
};

/** Fields that ask for something by being false. */
const ASKS_BY_FALSE: ReadonlySet<string> = new Set(['hostUsers']);

/** The volume that admission adds to every pod for its service account token, since 1.21 and (as a plain secret) before. */
const TOKEN_VOLUME = /^kube-api-access-[a-z0-9]{5}$/;
const OLD_TOKEN_VOLUME = /-token-[a-z0-9]{5}$/;
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What a provider says and is able to do, as far as fields of pods depend on it. */
export interface SupportFacts {
  readonly support: SupportTable;
  readonly exec?: unknown;
  readonly network?: unknown;
}

const CAPABILITIES = {
  exec: 'This node cannot run commands in containers.',
  network: 'This node cannot reach the network of its pods.',
} as const;

/** Judges every field that is set in the pod's spec. */
export function judgeSupport(pod: Pod, provider: SupportFacts): SupportVerdict {
  const found = new Map<string, SupportEntry>();
  const tokens = tokenVolumes(pod);
  const add = (entry: SupportEntry): void => {
    if (entry.support !== 'honoured') found.set(entry.field, entry);
  };
  for (const field of setFields(withoutToken(pod, tokens))) add(verdictOf(field, provider.support));
  if (tokens.size > 0) add(verdictOf('automountServiceAccountToken', provider.support));
  for (const { capability, field } of neededCapabilities(pod)) {
    if (provider[capability] === undefined) add({ field, support: 'refused', note: CAPABILITIES[capability] });
  }
  for (const field of restartingAll(pod)) {
    add({ field, support: 'refused', note: 'The action RestartAllContainers is not available on this node.' });
  }
  const entries = [...found.values()];
  return { refused: entries.filter(({ support }) => support === 'refused'), degraded: entries.filter(({ support }) => support === 'degraded') };
}

/** Whether containers can be added to pods that run. */
export function takesEphemeralContainers(provider: Pick<SupportFacts, 'support'>): boolean {
  return verdictOf('ephemeralContainers', provider.support).support !== 'refused';
}

function restartingAll(pod: Pod): readonly string[] {
  const asks = (containers: readonly Container[] | undefined): boolean =>
    containers?.some(({ restartPolicyRules }) => restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers') === true) === true;
  return [
    ...(asks(pod.spec?.initContainers) ? ['initContainers[].restartPolicyRules[].action'] : []),
    ...(asks(pod.spec?.containers) ? ['containers[].restartPolicyRules[].action'] : []),
  ];
}

/** Volumes with the injected token that a provider does not mount: neither they nor their mounts are handed to it. */
export function unmountedTokenVolumes(pod: Pod, provider: SupportTable): ReadonlySet<string> {
  return verdictOf('automountServiceAccountToken', provider).support === 'honoured' ? new Set() : tokenVolumes(pod);
}

/** Pods are much alike: what was found out of a field holds for the next pod. Fields are those of the API, so they are not many. */
const verdicts = new WeakMap<SupportTable, Map<string, SupportEntry>>();

const LISTS = /^(initContainers|ephemeralContainers)\[\]\.(.*)$/;

/**
 * Fields of init and ephemeral containers are judged by the entries for `containers[]` unless a table names them
 * themselves, and by that of their list.
 */
function verdictOf(field: string, provider: SupportTable): SupportEntry {
  const known = verdicts.get(provider) ?? new Map<string, SupportEntry>();
  verdicts.set(provider, known);
  const verdict = known.get(field) ?? judge(field, provider);
  known.set(field, verdict);
  return verdict;
}

function judge(field: string, provider: SupportTable): SupportEntry {
  const [, list, rest] = LISTS.exec(field) ?? [];
  if (list === undefined || rest === undefined) return plainVerdict(field, provider);
  const whole = plainVerdict(list, provider);
  if (whole.support === 'refused') return whole;
  const named = [...provider, ...CORE_SUPPORT].some((entry) => entry.field.startsWith(`${list}[].`) && covers(entry.field, field));
  if (named) return plainVerdict(field, provider);
  const { field: judged, ...verdict } = plainVerdict(`containers[].${rest}`, provider);
  return { ...verdict, field: judged.replace(/^containers\[\]/, `${list}[]`) };
}

function plainVerdict(field: string, provider: SupportTable): SupportEntry {
  const core = foreignVolume(field) ?? closest(field, CORE_SUPPORT);
  if (core?.support === 'refused') return core;
  const own = closest(field, provider);
  const entry = own !== undefined && own.field.length >= (core?.field.length ?? 0) ? own : core;
  return entry ?? { field, support: 'refused', note: 'This field is not supported on this node.' };
}

function covers(entry: string, field: string): boolean {
  return field === entry || field.startsWith(`${entry}.`) || field.startsWith(`${entry}[]`);
}

/** The refusal of a volume that a driver would have to provide. */
function foreignVolume(field: string): SupportEntry | undefined {
  const kind = /^volumes\[\]\.(\w+)/.exec(field)?.[1];
  if (kind === undefined || OWN_VOLUMES.has(kind)) return undefined;
  return { field: `volumes[].${kind}`, support: 'refused', note: 'Persistent volumes and volume drivers are not available on this node.' };
}

/** The entry with the longest path that is the field or contains it. */
function closest(field: string, table: SupportTable): SupportEntry | undefined {
  const matches = table.filter((entry) => covers(entry.field, field));
  return matches.sort((a, b) => b.field.length - a.field.length)[0];
}

/** Paths of all leaves that ask for something: not null, false, empty, or the API server's default. */
function setFields(value: unknown, path = ''): readonly string[] {
  if (value === null || value === undefined || value === '' || isDefault(path, value)) return [];
  if (Array.isArray(value)) return [...new Set(value.flatMap((item: unknown) => (item === null ? [] : setFields(item, `${path}[]`))))];
  if (typeof value !== 'object') return [path];
  const prefix = path === '' ? '' : `${path}.`;
  const entries = Object.entries(value);
  // `emptyDir: {}` asks for something by being there; `securityContext: {}` asks for nothing.
  if (entries.length === 0) return path.startsWith('volumes[].') ? [path] : [];
  return [...new Set(entries.flatMap(([key, item]) => setFields(item, `${prefix}${key}`)))];
}

function isDefault(path: string, value: unknown): boolean {
  if (value === false) return !ASKS_BY_FALSE.has(path);
  return DEFAULTS[path.replace(/^(initC|ephemeralC)ontainers\[\]/, 'containers[]')] === value;
}

/** Names of the volumes that nobody but admission (plugin/pkg/admission/serviceaccount) has asked for. */
export function tokenVolumes(pod: Pod): ReadonlySet<string> {
  const injected = (pod.spec?.volumes ?? []).filter(({ name, projected, secret }) => {
    if (projected !== undefined) return TOKEN_VOLUME.test(name);
    return secret?.secretName === name && OLD_TOKEN_VOLUME.test(name);
  });
  const mounts = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].flatMap((container) => container.volumeMounts ?? []);
  const elsewhere = new Set(mounts.filter(({ mountPath }) => mountPath !== TOKEN_PATH).map(({ name }) => name));
  return new Set(injected.map(({ name }) => name).filter((name) => !elsewhere.has(name)));
}

/** The spec without the injected token volume and its mounts, which are judged by one entry of their own. */
function withoutToken(pod: Pod, tokens: ReadonlySet<string>): unknown {
  const { spec } = pod;
  if (spec === undefined) return {};
  const rest = omit(spec, 'automountServiceAccountToken');
  if (tokens.size === 0) return rest;
  const unmounted = (container: Container): unknown => ({ ...container, volumeMounts: (container.volumeMounts ?? []).filter(({ name }) => !tokens.has(name)) });
  return {
    ...rest,
    volumes: (spec.volumes ?? []).filter(({ name }) => !tokens.has(name)),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(unmounted) }),
    containers: spec.containers.map(unmounted),
  };
}
