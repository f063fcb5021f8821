/** pods/binding and pods/eviction (kubernetes pkg/registry/core/pod/storage). */
import { rfc3339 } from '../../../../platform/clock.ts';
import { ApiError } from '../../api-error.ts';
import type { Draft, ObjectKey, RequestContext } from '../../resource.ts';
import { badRequest, notFound } from '../../status-errors.ts';
import type { JsonMap } from '../fields.ts';
import { at, ensureMap, mapOf, mapsOf, numberOf, textOf, textsOf } from '../fields.ts';
import { notSupported, required, throwIfInvalid } from '../problems.ts';

const CREATED = { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } } as const;

/** Assigns the pod to a node. The generation does not move: the scheduler's decision is no change of the wish. */
export function bindPod(body: Draft, name: string, namespace: string, context: RequestContext): { code: number; body: object } {
  const named = textOf(at(body, 'metadata', 'name'));
  if (named !== '' && named !== name) throw badRequest('name in URL does not match name in Binding object');
  const target = mapOf(body['target']);
  const kind = textOf(target['kind']);
  const node = textOf(target['name']);
  throwIfInvalid({ kind: 'Binding', group: '' }, { metadata: { name } }, [
    ...(kind === '' || kind === 'Node' ? [] : [notSupported('target.kind', kind, ['Node', '<empty>'])]),
    ...(node === '' ? [required('target.name')] : []),
  ]);
  const key = podKey(namespace, name);
  const pod = context.store.get(key);
  if (pod === undefined) throw notFound(key, name);
  checkBindable(body, pod, name);
  context.store.update(
    key,
    (draft) => {
      ensureMap(draft, 'spec')['nodeName'] = node;
      draft.metadata.annotations = { ...draft.metadata.annotations, ...(mapOf(at(body, 'metadata', 'annotations')) as Record<string, string>) };
      const { generation } = draft.metadata;
      setCondition(draft, { type: 'PodScheduled', ...(generation === undefined ? {} : { observedGeneration: generation }), status: 'True' }, context);
    },
    { keepGeneration: true },
  );
  return CREATED;
}

/** Deletes the pod gracefully, marked as disrupted. There are no disruption budgets here, so nothing is refused. */
export function evictPod(body: Draft, name: string, namespace: string, context: RequestContext): { code: number; body: object } {
  const named = textOf(at(body, 'metadata', 'name'));
  if (named !== '' && named !== name) throw badRequest('name in URL does not match name in Eviction object');
  const key = podKey(namespace, name);
  const pod = context.store.get(key);
  if (pod === undefined) throw notFound(key, name);
  const options = mapOf(body['deleteOptions']);
  checkPreconditions(options, pod, name);
  if (context.dryRun || textsOf(options['dryRun']).includes('All')) return CREATED;
  const terminal = ['Succeeded', 'Failed'].includes(textOf(at(pod, 'status', 'phase')));
  if (!terminal && pod.metadata.deletionTimestamp === undefined && numberOf(options['gracePeriodSeconds']) !== 0) {
    const disrupted = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
    context.store.update(key, (draft) => setCondition(draft, disrupted, context));
  }
  const grace = numberOf(options['gracePeriodSeconds']);
  context.store.remove(key, grace === undefined ? {} : { gracePeriodSeconds: grace });
  return CREATED;
}

function checkBindable(body: Draft, pod: Draft, name: string): void {
  const conflict = (cause: string): ApiError =>
    new ApiError(409, 'Conflict', `Operation cannot be fulfilled on pods/binding "${name}": ${cause}`, { name, kind: 'pods/binding' });
  const uid = textOf(at(body, 'metadata', 'uid'));
  if (uid !== '' && uid !== pod.metadata.uid) throw conflict(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid ?? ''}`);
  if (pod.metadata.deletionTimestamp !== undefined) throw conflict(`pod ${name} is being deleted, cannot be assigned to a host`);
  const present = textOf(at(pod, 'spec', 'nodeName'));
  if (present !== '') throw conflict(`pod ${name} is already assigned to node "${present}"`);
  if (mapsOf(at(pod, 'spec', 'schedulingGates')).length > 0) throw conflict(`pod ${name} has non-empty .spec.schedulingGates`);
}

function checkPreconditions(options: JsonMap, pod: Draft, name: string): void {
  const uid = textOf(at(options, 'preconditions', 'uid'));
  if (uid === '' || uid === pod.metadata.uid) return;
  const cause = `the UID in the precondition (${uid}) does not match the UID in record (${pod.metadata.uid ?? ''}). The object might have been deleted and then recreated`;
  throw new ApiError(409, 'Conflict', `Operation cannot be fulfilled on Pod "${name}": ${cause}`, { name, kind: 'Pod' });
}

/** Sets a condition by its type; the transition time moves with the status only. */
function setCondition(draft: Draft, condition: JsonMap & { type: string }, context: RequestContext): void {
  const status = ensureMap(draft, 'status');
  const conditions = mapsOf(status['conditions']);
  const before = conditions.find((candidate) => candidate['type'] === condition.type);
  const lastTransitionTime = before?.['status'] === condition['status'] ? (before?.['lastTransitionTime'] ?? null) : rfc3339(context.clock.now());
  const { type, observedGeneration, status: value, ...rest } = condition;
  const next = { type, ...(observedGeneration === undefined ? {} : { observedGeneration }), status: value, lastProbeTime: null, lastTransitionTime, ...rest };
  status['conditions'] = before === undefined ? [...conditions, next] : conditions.map((candidate) => (candidate === before ? next : candidate));
}

function podKey(namespace: string, name: string): ObjectKey {
  return { group: '', resource: 'pods', namespace, name };
}
