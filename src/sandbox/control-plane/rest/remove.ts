import { rfc3339 } from '../../../platform/clock.ts';
import type { Engine } from '../engine.ts';
import { beginNamespaceDeletion } from '../lifecycle/namespace-rules.ts';
import { sameJson } from '../json.ts';
import { tidyObject } from '../metadata.ts';
import { apiVersionOf } from '../registry.ts';
import type { DeleteDecision, DeleteOptions, Draft, ObjectKey, RequestContext, ResourceDefinition } from '../resource.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** What became of a deleted object: `gone` with its last state, or still there, terminating. */
export interface Removal {
  readonly gone: boolean;
  readonly object: Draft;
}

/** Deletes a stored object by its definition's rules, its finalizers and the propagation policy. Undefined when it is absent. */
export function removeObject(
  engine: Engine,
  definition: ResourceDefinition,
  key: ObjectKey,
  context: RequestContext,
  options: DeleteOptions = {},
): Removal | undefined {
  const stored = engine.store.get(key);
  if (stored === undefined) return undefined;
  const decision = decide(definition, stored, options, context);
  const finalizers = withPolicy(stored.metadata.finalizers ?? [], options.propagationPolicy);
  if (decision.kind === 'unchanged') return { gone: false, object: stored };
  if (decision.kind === 'update') return { gone: false, object: save(engine, definition, key, decision.draft, stored, finalizers, context.dryRun) };
  if (finalizers.length > 0) {
    const draft = decision.draft ?? terminating(engine, definition, stored);
    return { gone: false, object: save(engine, definition, key, draft, stored, finalizers, context.dryRun) };
  }
  const last = decision.draft === undefined ? stored : save(engine, definition, key, decision.draft, stored, [], context.dryRun);
  if (context.dryRun) return { gone: true, object: last };
  const removed = engine.store.remove(key) ?? last;
  definition.afterDelete?.(removed, context);
  return { gone: true, object: removed };
}

function decide(definition: ResourceDefinition, stored: Draft, options: DeleteOptions, context: RequestContext): DeleteDecision {
  const own = definition.prepareDelete?.(structuredClone(stored), options, context);
  if (own !== undefined) return own;
  return beginNamespaceDeletion(definition, stored, context) ?? { kind: 'remove' };
}

function save(
  engine: Engine,
  definition: ResourceDefinition,
  key: ObjectKey,
  draft: Draft,
  stored: Draft,
  finalizers: readonly string[],
  dryRun: boolean,
): Draft {
  const metadata = { ...draft.metadata, finalizers: [...finalizers] };
  const next = tidyObject(definition, { ...draft, metadata }, apiVersionOf(definition));
  if (dryRun) return next;
  return sameJson(next, stored) ? stored : engine.store.put(key, next);
}

/** An object that only its finalizers keep. */
function terminating(engine: Engine, definition: ResourceDefinition, stored: Draft): Draft {
  const draft = structuredClone(stored);
  if (draft.metadata.deletionTimestamp !== undefined) return draft;
  draft.metadata.deletionTimestamp = rfc3339(engine.clock.now());
  draft.metadata.deletionGracePeriodSeconds = 0;
  if (definition.hasGeneration) draft.metadata.generation = (draft.metadata.generation ?? 0) + 1;
  return draft;
}

/** Foreground and Orphan deletion are finalizers that the garbage collector works off. */
function withPolicy(finalizers: readonly string[], policy: string | undefined): readonly string[] {
  const others = finalizers.filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
  if (policy === 'Foreground') return [...others, FOREGROUND];
  if (policy === 'Orphan') return [...others, ORPHAN];
  return policy === 'Background' ? others : finalizers;
}
