/** k8s.io/api/events/v1. The notation is described in ../notation.ts. */
export const eventsTypes = `
Event
  kind string
  apiVersion string
  metadata ObjectMeta always
  eventTime MicroTime required
  series *EventSeries
  reportingController string
  reportingInstance string
  action string
  reason string
  regarding ObjectReference
  related *ObjectReference
  note string
  type string
  deprecatedSource EventSource
  deprecatedFirstTimestamp Time
  deprecatedLastTimestamp Time
  deprecatedCount int32
EventSeries
  count int32 required
  lastObservedTime MicroTime required
`;
