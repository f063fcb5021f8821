/** What admission does to a new pod: ServiceAccount, Priority and DefaultTolerationSeconds (k8s.io/kubernetes/plugin/pkg/admission). */
import { randomSuffix } from '../../../../platform/random.ts';
import type { Draft, RequestContext } from '../../resource.ts';
import { forbiddenObject } from '../../status-errors.ts';
import type { JsonMap } from '../fields.ts';
import { ensureMap, mapsOf, setDefault, textOf } from '../fields.ts';
import { containersOf } from './defaults.ts';

const KEY = { group: '', resource: 'pods' };
const MIRROR = 'kubernetes.io/config.mirror';
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour, and the seconds by which tokens of this volume are recognised. */
const TOKEN_SECONDS = 3607;
const PRIORITIES: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };

export function admitPod(draft: Draft, context: RequestContext): void {
  giveServiceAccount(draft, context);
  givePriority(draft);
  giveTolerations(ensureMap(draft, 'spec'));
}

function isMirrorPod(draft: Draft): boolean {
  return draft.metadata.annotations?.[MIRROR] !== undefined;
}

function giveServiceAccount(draft: Draft, context: RequestContext): void {
  const spec = ensureMap(draft, 'spec');
  if (isMirrorPod(draft)) {
    if (textOf(spec['serviceAccountName']) !== '') throw refuse(draft, 'a mirror pod may not reference service accounts');
    return;
  }
  setDefault(spec, 'serviceAccountName', 'default');
  const name = textOf(spec['serviceAccountName']);
  spec['serviceAccount'] = name;
  const namespace = draft.metadata.namespace ?? '';
  const account = context.store.get({ group: '', resource: 'serviceaccounts', namespace, name });
  if (account === undefined) throw refuse(draft, `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);
  if ((spec['automountServiceAccountToken'] ?? account['automountServiceAccountToken'] ?? true) === true) mountToken(spec, context);
  if (mapsOf(spec['imagePullSecrets']).length === 0 && mapsOf(account['imagePullSecrets']).length > 0) {
    spec['imagePullSecrets'] = structuredClone(account['imagePullSecrets']);
  }
}

function mountToken(spec: JsonMap, context: RequestContext): void {
  const volume = `kube-api-access-${randomSuffix(context.random)}`;
  let mounted = false;
  for (const container of containersOf(spec)) {
    const mounts = mapsOf(container['volumeMounts']);
    if (mounts.some((mount) => mount['mountPath'] === TOKEN_PATH)) continue;
    container['volumeMounts'] = [...mounts, { name: volume, readOnly: true, mountPath: TOKEN_PATH }];
    mounted = true;
  }
  if (!mounted) return;
  const sources = [
    { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
  ];
  spec['volumes'] = [...mapsOf(spec['volumes']), { name: volume, projected: { sources, defaultMode: 0o644 } }];
}

function givePriority(draft: Draft): void {
  const spec = ensureMap(draft, 'spec');
  const name = textOf(spec['priorityClassName']);
  const value = name === '' ? 0 : PRIORITIES[name];
  if (value === undefined) throw refuse(draft, `no PriorityClass with name ${name} was found`);
  const given = spec['priority'];
  if (given !== undefined && given !== value) {
    throw refuse(
      draft,
      `the integer value of priority (${JSON.stringify(given)}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  spec['priority'] = value;
  const policy = textOf(spec['preemptionPolicy']);
  if (policy !== '' && policy !== 'PreemptLowerPriority') {
    throw refuse(
      draft,
      `the string value of PreemptionPolicy (${policy}) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name`,
    );
  }
  spec['preemptionPolicy'] = 'PreemptLowerPriority';
}

function giveTolerations(spec: JsonMap): void {
  const present = mapsOf(spec['tolerations']);
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) => !present.some((toleration) => ['', key].includes(textOf(toleration['key'])) && ['', 'NoExecute'].includes(textOf(toleration['effect']))),
  );
  if (missing.length === 0) return;
  spec['tolerations'] = [...present, ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }))];
}

function refuse(draft: Draft, cause: string): Error {
  return forbiddenObject(KEY, draft.metadata.name ?? '', cause);
}
