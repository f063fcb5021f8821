/** The smaller kinds of k8s.io/api/core/v1. The notation is described in ../notation.ts. */
export const coreTypes = `
Namespace
  kind string
  apiVersion string
  metadata ObjectMeta
  spec NamespaceSpec
  status NamespaceStatus
ConfigMap
  kind string
  apiVersion string
  metadata ObjectMeta
  immutable *bool
  data {}string
  binaryData {}bytes
Secret
  kind string
  apiVersion string
  metadata ObjectMeta
  immutable *bool
  data {}bytes
  stringData {}string
  type string
ServiceAccount
  kind string
  apiVersion string
  metadata ObjectMeta
  secrets []ObjectReference merge:name
  imagePullSecrets []LocalObjectReference
  automountServiceAccountToken *bool
Service
  kind string
  apiVersion string
  metadata ObjectMeta
  spec ServiceSpec
  status ServiceStatus
Event
  kind string
  apiVersion string
  metadata ObjectMeta required
  involvedObject ObjectReference required
  reason string
  message string
  source EventSource
  firstTimestamp Time
  lastTimestamp Time
  count int32
  type string
  eventTime MicroTime
  series *EventSeries
  action string
  related *ObjectReference
  reportingComponent string always
  reportingInstance string always
Binding
  kind string
  apiVersion string
  metadata ObjectMeta
  target ObjectReference required
NamespaceSpec
  finalizers []string
NamespaceStatus
  phase string
  conditions []NamespaceCondition merge:type
ObjectReference
  kind string
  namespace string
  name string
  uid string
  apiVersion string
  resourceVersion string
  fieldPath string
LocalObjectReference
  name string
ServiceSpec
  ports []ServicePort merge:port keys:port,protocol
  selector {}string atomic
  clusterIP string
  clusterIPs []string
  type string
  externalIPs []string
  sessionAffinity string
  loadBalancerIP string
  loadBalancerSourceRanges []string
  externalName string
  externalTrafficPolicy string
  healthCheckNodePort int32
  publishNotReadyAddresses bool
  sessionAffinityConfig *SessionAffinityConfig
  ipFamilies []string
  ipFamilyPolicy *string
  allocateLoadBalancerNodePorts *bool
  loadBalancerClass *string
  internalTrafficPolicy *string
  trafficDistribution *string
ServiceStatus
  loadBalancer LoadBalancerStatus
  conditions []Condition merge:type
EventSource
  component string
  host string
EventSeries
  count int32
  lastObservedTime MicroTime
NamespaceCondition
  type string required
  status string required
  lastTransitionTime Time
  reason string
  message string
ServicePort
  name string
  protocol string
  appProtocol *string
  port int32 required
  targetPort IntOrString
  nodePort int32
SessionAffinityConfig
  clientIP *ClientIPConfig
LoadBalancerStatus
  ingress []LoadBalancerIngress
ClientIPConfig
  timeoutSeconds *int32
LoadBalancerIngress
  ip string
  hostname string
  ipMode *string
  ports []PortStatus
PortStatus
  port int32 required
  protocol string required
  error *string
`;
