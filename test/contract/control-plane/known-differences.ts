/** Why an answer may differ from the recorded one. */
const WHY = {
  docs: 'discovery and OpenAPI list what is served here, not all of Kubernetes',
  state: 'the recording does not show the state it was made in (objects and controllers beside it), so the replay cannot rebuild it',
  diff: 'the dump of Go structs behind a refused pod update is not reproduced',
  proto: 'answers are JSON, also where protobuf is preferred',
  other: 'not answered as recorded yet',
} as const;

/** Exchanges (`<step>.<exchange>`) that are knowingly not answered as recorded. Anything else that differs fails the test. */
export const knownDifferences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'api/ephemeral-and-resize': {
    '2.0': WHY.diff,
    '3.0': WHY.diff,
    '11.0': WHY.diff,
  },
  'api/events': {
    '13.0': WHY.state,
  },
  'api/expired': {
    '4.0': WHY.state,
    '5.0': WHY.state,
    '6.0': WHY.state,
  },
  'api/selectors': {
    '9.0': WHY.state,
    '10.0': WHY.state,
    '11.0': WHY.state,
    '24.0': WHY.state,
    '25.0': WHY.state,
  },
  'api/tokens': {
    '12.0': WHY.state,
    '15.0': WHY.state,
  },
  'api/watch': {
    '0.0': WHY.state,
    '7.0': WHY.state,
    '12.0': WHY.state,
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
    '0.2': WHY.state,
    '1.0': WHY.docs,
    '1.1': WHY.docs,
  },
  'discovery/unaggregated': {
    '0.0': WHY.docs,
    '1.0': WHY.docs,
    '2.0': WHY.docs,
    '3.0': WHY.docs,
    '5.0': WHY.docs,
    '8.0': WHY.docs,
    '11.0': WHY.docs,
  },
  'errors/status-bodies': {
    '31.0': WHY.other,
  },
  'nodes/cordon': {
    '8.0': WHY.state,
    '9.0': WHY.state,
    '9.1': WHY.state,
  },
  'nodes/drain': {
    '3.0': WHY.state,
    '6.0': WHY.state,
    '7.0': WHY.state,
    '7.4': WHY.state,
    '7.5': WHY.state,
    '7.6': WHY.state,
    '8.0': WHY.state,
    '8.1': WHY.state,
    '9.0': WHY.state,
    '10.0': WHY.state,
  },
  'nodes/table-json': {
    '5.0': WHY.state,
    '7.0': WHY.state,
    '12.0': WHY.state,
  },
  'pods/apply-server-side': {
    '0.0': WHY.docs,
    '1.0': WHY.docs,
    '2.0': WHY.docs,
    '3.0': WHY.docs,
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
    '3.0': WHY.state,
  },
  'pods/describe-pod-protobuf': {
    '0.1': WHY.proto,
    '0.2': WHY.proto,
  },
  'pods/get-pods': {
    '0.0': WHY.state,
    '1.0': WHY.state,
    '2.0': WHY.state,
    '4.0': WHY.state,
    '7.0': WHY.state,
    '8.0': WHY.state,
    '18.0': WHY.state,
    '18.1': WHY.state,
    '19.0': WHY.state,
  },
  'pods/get-watch': {
    '0.0': WHY.state,
    '0.1': WHY.state,
    '1.0': WHY.state,
    '1.1': WHY.state,
    '2.0': WHY.state,
    '2.1': WHY.state,
    '3.0': WHY.state,
  },
  'pods/patch-types': {
    '7.1': WHY.diff,
  },
};
