/** Why an answer may differ from the recorded one. */
const WHY = {
  docs: 'discovery and OpenAPI documents (and so their hashes and 304 answers) list what is served here, not all of Kubernetes',
  diff: 'the unified diff of the API server\'s internal Go structs, which follows "Forbidden: …", is not reproduced; code, reason, fields and the text before it are',
  proto: 'answers are JSON, also where the client prefers protobuf and takes JSON as well',
  apply: 'server-side apply is not implemented: fields are not tracked by manager, so conflicts could not be told',
  managed: 'only managedFields change, which are not kept here, so nothing is written and the resourceVersion stays',
  budget: 'poddisruptionbudgets are not served (501), so none can refuse the eviction',
  evicted: 'the eviction that a poddisruptionbudget refused in the recording went through here, so the pod is already terminating',
  scheduler: 'the recording does not show what the scheduler wrote between the creation and this answer',
  unseen: 'something beside the recorded requests wrote the object in between and left no trace in it but the resourceVersion',
  blank: 'the recording leaves the name of the event out, so it cannot be made',
} as const;

/** Exchanges (`<step>.<exchange>`) that are knowingly not answered as recorded. Anything else that differs fails the test. */
export const knownDifferences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'api/ephemeral-and-resize': {
    '2.0': WHY.diff,
    '3.0': WHY.diff,
    '11.0': WHY.diff,
    '12.0': WHY.managed,
  },
  'api/selectors': {
    '24.0': WHY.blank,
  },
  'auth/can-i': {
    '6.0': WHY.docs,
    '6.1': WHY.docs,
  },
  'discovery/aggregated': {
    '0.0': WHY.docs,
    '2.0': WHY.docs,
  },
  'discovery/api-resources-cold': {
    '0.0': WHY.docs,
    '0.1': WHY.docs,
    '1.0': WHY.docs,
    '1.1': WHY.docs,
    '2.0': WHY.docs,
    '2.1': WHY.docs,
  },
  'discovery/core-v1-resources': {
    '0.0': WHY.docs,
  },
  'discovery/get-nodes-cold': {
    '0.0': WHY.docs,
    '0.1': WHY.docs,
    '1.0': WHY.docs,
    '1.1': WHY.docs,
  },
  'discovery/unaggregated': {
    '0.0': WHY.docs,
    '1.0': WHY.docs,
    '8.0': WHY.docs,
    '11.0': WHY.docs,
  },
  'nodes/drain': {
    '7.4': WHY.budget,
    '7.5': WHY.budget,
    '7.6': WHY.evicted,
    '8.1': WHY.evicted,
    '8.5': WHY.evicted,
  },
  'pods/apply-server-side': {
    '0.0': WHY.docs,
    '1.0': WHY.docs,
    '2.0': WHY.docs,
    '3.0': WHY.docs,
    '0.1': WHY.apply,
    '1.1': WHY.apply,
    '2.1': WHY.apply,
    '3.1': WHY.apply,
  },
  'pods/apply-twice': {
    '0.0': WHY.docs,
    '1.0': WHY.docs,
    '2.1': WHY.docs,
    '3.0': WHY.docs,
    '4.0': WHY.docs,
    '4.2': WHY.diff,
  },
  'pods/create-cold-openapi': {
    '0.0': WHY.docs,
    '1.0': WHY.docs,
    '2.0': WHY.docs,
    '2.5': WHY.diff,
  },
  'pods/create-dry-run': {
    '0.0': WHY.docs,
    '1.0': WHY.docs,
    '2.0': WHY.docs,
    '3.0': WHY.docs,
    '4.0': WHY.docs,
    '5.0': WHY.docs,
    '6.0': WHY.docs,
  },
  'pods/create-get-delete': {
    '0.0': WHY.docs,
    '1.0': WHY.docs,
    '2.0': WHY.scheduler,
  },
  'pods/describe-pod-protobuf': {
    '0.1': WHY.proto,
    '0.2': WHY.proto,
  },
  'pods/patch-types': {
    '7.1': WHY.diff,
  },
  'pods/delete-forms': {
    '6.0': WHY.unseen,
  },
};
