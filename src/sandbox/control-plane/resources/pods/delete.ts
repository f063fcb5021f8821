import { rfc3339 } from '../../../../platform/clock.ts';
import type { DeleteDecision, DeleteOptions, Draft, RequestContext } from '../../resource.ts';
import { at, numberOf, textOf } from '../fields.ts';

/**
 * What DELETE does to a pod (k8s.io/apiserver/pkg/registry/rest/delete.go with the pod strategy's CheckGracefulDelete): a
 * bound, living pod gets a deletion timestamp and is removed by its kubelet; a later request can only shorten its grace.
 */
export function preparePodDelete(stored: Draft, options: DeleteOptions, context: RequestContext): DeleteDecision {
  const now = context.clock.now();
  const { deletionTimestamp, deletionGracePeriodSeconds: present } = stored.metadata;
  if (deletionTimestamp !== undefined) {
    const wanted = options.gracePeriodSeconds;
    if (present === undefined) return { kind: 'remove' };
    if (wanted === undefined || wanted >= present) return present === 0 && wanted === 0 ? { kind: 'remove' } : { kind: 'unchanged' };
    if (wanted === 0) return { kind: 'remove', draft: terminating(stored, now, 0) };
    return { kind: 'update', draft: terminating(stored, Date.parse(deletionTimestamp) - present * 1000, wanted) };
  }
  const grace = graceOf(stored, options);
  const draft = terminating(stored, now, grace);
  draft.metadata.generation = (stored.metadata.generation ?? 0) + 1;
  return grace === 0 ? { kind: 'remove', draft } : { kind: 'update', draft };
}

function graceOf(stored: Draft, options: DeleteOptions): number {
  if (textOf(at(stored, 'spec', 'nodeName')) === '' || ['Succeeded', 'Failed'].includes(textOf(at(stored, 'status', 'phase')))) return 0;
  const wanted = options.gracePeriodSeconds ?? numberOf(at(stored, 'spec', 'terminationGracePeriodSeconds')) ?? 0;
  return wanted < 0 ? 1 : wanted;
}

/** The pod as it is while it terminates: `grace` seconds from `start`. */
function terminating(stored: Draft, start: number, grace: number): Draft {
  const draft = structuredClone(stored);
  draft.metadata.deletionTimestamp = rfc3339(start + grace * 1000);
  draft.metadata.deletionGracePeriodSeconds = grace;
  return draft;
}
